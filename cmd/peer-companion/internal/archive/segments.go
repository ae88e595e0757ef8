// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"sync"

	"github.com/peernode/operator/pkg/backup"
)

// segments are those that a backup writes. While one is committed the next is filled.
type segments struct {
	ctx    context.Context //nolint:containedctx // it is that of the backup, whose part this is
	cancel context.CancelCauseFunc
	writer *writer
	open   *object

	committing sync.WaitGroup
	mu         sync.Mutex
	stored     map[int]backup.Object
}

// append adds a frame, and says where it lies.
func (s *segments) append(f backup.Frame) (segment, frame uint32, err error) {
	if s.open == nil {
		if err := s.begin(); err != nil {
			return 0, 0, err
		}
	}
	segment, frame = uint32(len(s.writer.record.Segments)-1), s.open.Frames //nolint:gosec // a record has room for fewer
	if err := s.open.Append(f); err != nil {
		return 0, 0, err
	}
	if s.open.Written < cmp.Or(s.writer.SegmentSize, backup.SegmentSize) {
		return segment, frame, nil
	}
	return segment, frame, s.end()
}

func (s *segments) begin() error {
	r := &s.writer.record
	next := backup.Segment{Sequence: r.Sequence, Number: uint32(len(r.Own()))} //nolint:gosec // as above
	o, err := s.writer.newObject(s.ctx, s.writer.to, r.Label(next))
	if err != nil {
		return err
	}
	s.open = o
	r.Segments = append(r.Segments, next)
	return nil
}

// end commits the open segment while work goes on.
func (s *segments) end() error {
	o, at := s.open, len(s.writer.record.Segments)-1
	if err := o.end(); err != nil {
		return err
	}
	s.open = nil
	s.committing.Go(func() {
		stored, err := o.commit()
		if err != nil {
			o.upload.Abort()
			s.cancel(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stored[at] = stored
	})
	return nil
}

// finish waits until all are in the bucket.
func (s *segments) finish() error {
	if s.open != nil {
		if err := s.end(); err != nil {
			return err
		}
	}
	s.committing.Wait()
	for at, stored := range s.stored {
		s.writer.record.Segments[at].Object = stored
	}
	return context.Cause(s.ctx)
}

// abort gives up what is not committed.
func (s *segments) abort() {
	s.committing.Wait()
	if s.open != nil {
		s.open.upload.Abort()
	}
}
