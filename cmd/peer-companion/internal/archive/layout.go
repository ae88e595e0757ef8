// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// layout is where the blocks of a backup lie, as its manifest says.
type layout struct {
	salt   backup.Salt
	totals backup.Totals
	// files are the paths to which pieces belong, and entries all of the tree where somebody wants them.
	files []string
	sizes []int64
	// pieces are in the order of the walk.
	pieces []piece
}

// piece is one of a file.
type piece struct {
	backup.Piece

	file  int
	chunk int64
}

// errTampered is what is wrong with a manifest that fits its record and its segments do not fit.
var errTampered = errors.New("the manifest does not fit the record")

// readManifest reads the manifest of a backup, and shows each entry.
func (a Archive) readManifest(ctx context.Context, r backup.Record, openers []seal.Opener, see func(backup.Entry) error) (*layout, error) {
	d := a.Bucket.Download(ctx, a.Lanes, a.data(r.Manifest.Name), r.Manifest)
	defer d.Close()
	l, err := layoutOf(d, r, openers, see)
	if err == nil {
		err = d.Rest()
	}
	if err == nil && l.totals.Info() != r.Tree {
		err = errTampered
	}
	if err != nil {
		return nil, fmt.Errorf("manifest of backup %d: %w", r.Sequence, err)
	}
	return l, nil
}

func layoutOf(sealed io.Reader, r backup.Record, openers []seal.Opener, see func(backup.Entry) error) (*layout, error) {
	plain, err := seal.OpenStream(sealed, openers...)
	if err != nil {
		return nil, err
	}
	stream, err := newFrameStream(plain, r.ManifestLabel())
	if err != nil {
		return nil, err
	}
	m, err := backup.NewManifestReader(stream)
	if err != nil {
		return nil, err
	}
	l := &layout{salt: m.Salt()}
	for {
		item, err := m.Next()
		switch {
		case errors.Is(err, io.EOF):
			l.totals = m.Totals()
			return l, nil
		case err != nil:
			return nil, err
		case item.Entry != nil:
			err = l.enter(*item.Entry, see)
		default:
			err = l.add(*item.Chunk, r)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (l *layout) enter(e backup.Entry, see func(backup.Entry) error) error {
	if e.Kind == backup.KindFile {
		l.files, l.sizes = append(l.files, string(e.Path)), append(l.sizes, e.Size)
	}
	return see(e)
}

func (l *layout) add(c backup.Chunk, r backup.Record) error {
	for _, p := range c.Pieces {
		if int(p.Segment) >= len(r.Segments) {
			return errTampered
		}
		l.pieces = append(l.pieces, piece{p, len(l.files) - 1, c.Index})
	}
	return nil
}

// length is how many bytes the chunk has in which a piece lies.
func (l *layout) length(p piece) int { return backup.ChunkLength(l.sizes[p.file], p.chunk) }

// bySegment are the pieces of each segment in the order in which they lie there.
func (l *layout) bySegment(segments int) [][]piece {
	out := make([][]piece, segments)
	for _, p := range l.pieces {
		out[p.Segment] = append(out[p.Segment], p)
	}
	for _, pieces := range out {
		slices.SortFunc(pieces, func(a, b piece) int {
			return cmp.Or(cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.Offset, b.Offset))
		})
	}
	return out
}

// frameStream is what the frames of a segment stand for, one after the other.
type frameStream struct {
	segment  *backup.SegmentReader
	unpacker *backup.Unpacker
	space    []byte
	left     []byte
}

func newFrameStream(r io.Reader, l backup.Label) (*frameStream, error) {
	unpacker, err := backup.NewUnpacker()
	if err != nil {
		return nil, err
	}
	segment, err := backup.NewSegmentReader(r, l)
	if err != nil {
		return nil, err
	}
	return &frameStream{segment: segment, unpacker: unpacker, space: make([]byte, 0, backup.ChunkSize)}, nil
}

// Read is that of io.Reader.
func (s *frameStream) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		f, err := s.segment.Next()
		if err != nil {
			return 0, err
		}
		if s.left, err = s.unpacker.Unpack(f, s.space); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}
