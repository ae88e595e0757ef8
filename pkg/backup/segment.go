// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// SegmentSize is how many bytes of frames a segment has before the next one is begun.
const SegmentSize = 256 << 20

// Content is what an object holds.
type Content string

// The contents of objects.
const (
	ContentBlocks   Content = "blocks"
	ContentManifest Content = "manifest"
)

// Label says where a segment belongs. It is sealed with the segment.
type Label struct {
	_ struct{} `cbor:",toarray"`
	// Format is FormatSegment.
	Format string
	// Namespace and PeerNode are whose data it holds.
	Namespace, PeerNode string
	// Sequence is the number of the backup for which it was written.
	Sequence int64
	// Content is what is in it, and Number counts the segments of blocks.
	Content Content
	Number  uint32
}

// FormatSegment is the name of this form of segments.
const FormatSegment = "peernode.dev/backup-segment/v1"

// String is for people.
func (l Label) String() string {
	if l.Content == ContentManifest {
		return fmt.Sprintf("the manifest of backup %d of %s/%s", l.Sequence, l.Namespace, l.PeerNode)
	}
	return fmt.Sprintf("segment %d of backup %d of %s/%s", l.Number, l.Sequence, l.Namespace, l.PeerNode)
}

// maxLabel is more than a label has.
const maxLabel = 2 << 10

// SegmentWriter writes a segment.
type SegmentWriter struct {
	w io.Writer
	// Written is how many bytes of frames were written.
	Written int64
	// Frames is how many frames.
	Frames uint32
}

// NewSegmentWriter begins a segment.
func NewSegmentWriter(w io.Writer, l Label) (*SegmentWriter, error) {
	l.Format = FormatSegment
	label, err := cbor.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write the label of a segment: %w", err)
	}
	label = append(binary.BigEndian.AppendUint32(nil, uint32(len(label))), label...) //nolint:gosec // a label is short
	if _, err := w.Write(label); err != nil {
		return nil, err
	}
	return &SegmentWriter{w: w}, nil
}

// frameHeader is the encoding, the length of the data, and that of what they stand for.
const frameHeader = 9

// Append adds a frame.
func (w *SegmentWriter) Append(f Frame) error {
	if err := w.header(f.Encoding, uint32(len(f.Data)), uint32(f.Length)); err != nil { //nolint:gosec // a frame has ChunkSize at most
		return err
	}
	if _, err := w.w.Write(f.Data); err != nil {
		return err
	}
	w.Written += int64(frameHeader + len(f.Data))
	w.Frames++
	return nil
}

// Close ends the segment, and leaves the writer under it open.
func (w *SegmentWriter) Close() error { return w.header(last, w.Frames, 0) }

func (w *SegmentWriter) header(e Encoding, a, b uint32) error {
	header := append(make([]byte, 0, frameHeader), byte(e))
	header = binary.BigEndian.AppendUint32(header, a)
	header = binary.BigEndian.AppendUint32(header, b)
	_, err := w.w.Write(header)
	return err
}

// SegmentReader reads a segment.
type SegmentReader struct {
	r      io.Reader
	frames uint32
	data   []byte
}

// NewSegmentReader begins to read a segment that should have a label, and refuses any other.
func NewSegmentReader(r io.Reader, want Label) (*SegmentReader, error) {
	want.Format = FormatSegment
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, fmt.Errorf("read the label of %s: %w", want, unexpected(err))
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > maxLabel {
		return nil, fmt.Errorf("what should be %s has no label", want)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, fmt.Errorf("read the label of %s: %w", want, unexpected(err))
	}
	var is Label
	if err := strict.Unmarshal(text, &is); err != nil || is.Format != FormatSegment {
		return nil, fmt.Errorf("what should be %s has no label that this program knows", want)
	}
	if is != want {
		return nil, fmt.Errorf("what should be %s is %s: somebody has exchanged objects of the bucket", want, is)
	}
	return &SegmentReader{r: r}, nil
}

// Next returns the next frame, whose data are there until it is called again, and io.EOF after the last one of a
// segment that is whole.
func (r *SegmentReader) Next() (Frame, error) {
	var header [frameHeader]byte
	if _, err := io.ReadFull(r.r, header[:]); err != nil {
		return Frame{}, unexpected(err)
	}
	f := Frame{Encoding: Encoding(header[0]), Length: int(binary.BigEndian.Uint32(header[5:]))}
	a := binary.BigEndian.Uint32(header[1:])
	switch {
	case f.Encoding == last:
		return Frame{}, r.end(a)
	case f.Encoding != Raw && f.Encoding != Zstd:
		return Frame{}, fmt.Errorf("a frame has the encoding %d, which is not known", f.Encoding)
	case a > ChunkSize || f.Length > ChunkSize || f.Length == 0:
		return Frame{}, errors.New("a frame is larger than any is, or empty")
	}
	if cap(r.data) < int(a) {
		r.data = make([]byte, ChunkSize)
	}
	f.Data = r.data[:a]
	if _, err := io.ReadFull(r.r, f.Data); err != nil {
		return Frame{}, unexpected(err)
	}
	r.frames++
	return f, nil
}

// end asks whether all frames were seen, and that nothing follows.
func (r *SegmentReader) end(frames uint32) error {
	if frames != r.frames {
		return fmt.Errorf("a segment has %d frames and says %d", r.frames, frames)
	}
	var more [1]byte
	n, err := io.ReadFull(r.r, more[:])
	if n > 0 {
		return errors.New("something follows after the end of a segment")
	}
	return err // io.EOF if the end is what it should be
}

// unexpected makes an early end an error that no loop takes for the end.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
