// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// fetch reads the blocks of a backup back from the bucket.
type fetch struct {
	Archive

	record   backup.Record
	layout   *layout
	openers  []seal.Opener
	workers  int
	progress *Progress
	// sink takes the bytes of each piece. Several call it at once. They have been compared with what was read from the disk once,
	// unless later says that they will be.
	sink  func(p piece, content []byte) error
	later bool
}

// segment reads one segment to its end and hands the pieces in it over, which are in their order.
func (f *fetch) segment(ctx context.Context, s backup.Segment, pieces []piece) error {
	d := f.Bucket.Download(ctx, f.Lanes, f.data(s.Name), s.Object)
	defer d.Close()
	err := f.read(ctx, d, f.record.Label(s), pieces)
	if err == nil {
		err = d.Rest()
	}
	if err != nil {
		return fmt.Errorf("segment %d of backup %d, object %s: %w", s.Number, s.Sequence, s.Name, err)
	}
	return nil
}

// read hands the frames of a segment to workers, with the pieces that lie in them.
func (f *fetch) read(ctx context.Context, sealed io.Reader, l backup.Label, pieces []piece) error {
	plain, err := seal.OpenStream(sealed, f.openers...)
	if err != nil {
		return err
	}
	segment, err := backup.NewSegmentReader(plain, l)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := newUnpacking(ctx, f, cancel)
	err = work.feed(segment, pieces)
	work.wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// unpacking are the workers who unpack frames and compare pieces with their digests.
type unpacking struct {
	ctx  context.Context //nolint:containedctx // it is that of the fetch, whose part this is
	free chan []byte
	work chan unpackTask
	all  sync.WaitGroup
}

type unpackTask struct {
	frame  backup.Frame
	pieces []piece
}

func newUnpacking(ctx context.Context, f *fetch, cancel context.CancelCauseFunc) *unpacking {
	depth := 2*f.workers + 1
	u := &unpacking{ctx: ctx, free: make(chan []byte, depth), work: make(chan unpackTask, depth)}
	for range depth {
		u.free <- nil
	}
	for range f.workers {
		u.all.Go(func() {
			if err := u.worker(f); err != nil {
				cancel(err)
			}
		})
	}
	return u
}

// feed reads the segment. Frames that no piece needs are read and not unpacked.
func (u *unpacking) feed(segment *backup.SegmentReader, pieces []piece) error {
	for number := uint32(0); ; number++ {
		frame, err := segment.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		n := 0
		for n < len(pieces) && pieces[n].Frame == number {
			n++
		}
		if n == 0 {
			continue
		}
		if err := u.give(frame, pieces[:n]); err != nil {
			return err
		}
		pieces = pieces[n:]
	}
	if len(pieces) > 0 {
		return errTampered
	}
	return nil
}

func (u *unpacking) give(frame backup.Frame, pieces []piece) error {
	select {
	case space := <-u.free:
		frame.Data = append(space[:0], frame.Data...)
		u.work <- unpackTask{frame, pieces}
		return nil
	case <-u.ctx.Done():
		return context.Cause(u.ctx)
	}
}

func (u *unpacking) wait() {
	close(u.work)
	u.all.Wait()
}

// worker goes on taking what it is given after it has failed, so that nobody waits for it.
func (u *unpacking) worker(f *fetch) error {
	unpacker, err := backup.NewUnpacker()
	printer := backup.NewPrinter(f.layout.salt)
	space := make([]byte, 0, backup.ChunkSize)
	for t := range u.work {
		if err == nil {
			err = f.frame(t, unpacker, printer, space)
		}
		u.free <- t.frame.Data
	}
	return err
}

func (f *fetch) frame(t unpackTask, unpacker *backup.Unpacker, printer *backup.Printer, space []byte) error {
	plain, err := unpacker.Unpack(t.frame, space)
	if err != nil {
		return err
	}
	for _, p := range t.pieces {
		from, to := p.Bytes(f.layout.length(p))
		at := int(p.Offset) * backup.BlockSize
		if at+to-from > len(plain) {
			return errTampered
		}
		content := plain[at : at+to-from]
		if !f.later && printer.Digest(printer.Blocks(content)) != p.Digest {
			return fmt.Errorf("blocks of %q are not those that were read from the disk", f.layout.files[p.file])
		}
		if err := f.sink(p, content); err != nil {
			return err
		}
		f.progress.copied(len(content))
	}
	return nil
}
