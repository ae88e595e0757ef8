// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// Verified is what was seen of a backup.
type Verified struct {
	// Read is how many bytes were read back, opened and compared.
	Read int64
	// Asked is how many bytes of earlier backups the store says are there, as they were written.
	Asked int64
	// Unknown is how many of them it has no checksum of, so that their size alone was compared.
	Unknown int64
}

// Verify reads back what was written for a backup, with the key that was made for it and is forgotten when this program
// ends. Of what lies in earlier backups, which was read back when it was written, the store is asked for size and checksum.
func (w Written) Verify(ctx context.Context, a Archive, workers int, p *Progress) (Verified, error) {
	there, err := w.there(ctx, a)
	if err != nil {
		return Verified{}, err
	}
	return a.verify(ctx, there.Record, []seal.Opener{w.opener}, func(s backup.Segment) bool { return s.Sequence == w.Sequence }, workers, p)
}

// there reads the record that was written.
func (w Written) there(ctx context.Context, a Archive) (backup.Trusted, error) {
	there, err := a.Record(ctx, w.Sequence)
	if err == nil && there.SHA256 != w.SHA256 {
		err = fmt.Errorf("the record of backup %d is not the one that was written", w.Sequence)
	}
	return there, err
}

// Accept makes the next backup go on from this one. One that was not verified is none to go on from.
func (w Written) Accept() error {
	if w.last {
		w.state.discard()
		return w.state.forget()
	}
	return w.state.accept()
}

// Discard makes the next backup go on from the one before this one. Where what lies in the bucket was found wanting, it
// may be that one that is: then the next backup is a full one, or all others would be found wanting, too.
func (w Written) Discard(why error) error {
	w.state.discard()
	if _, unread := errors.AsType[bucket.UnreadError](why); unread || errors.Is(why, context.Canceled) {
		return nil
	}
	return w.state.forget()
}

// Verify reads all of a backup with a key of one of its recipients.
func (a Archive) Verify(ctx context.Context, t backup.Trusted, openers []seal.Opener, workers int, p *Progress) (Verified, error) {
	return a.verify(ctx, t.Record, openers, func(backup.Segment) bool { return true }, workers, p)
}

func (a Archive) verify(ctx context.Context, r backup.Record, openers []seal.Opener, mine func(backup.Segment) bool, workers int, p *Progress) (Verified, error) {
	l, err := a.readManifest(ctx, r, openers, func(backup.Entry) error { return nil })
	if err != nil {
		return Verified{}, err
	}
	out := Verified{Read: r.Manifest.Size}
	p.begin(PhaseVerifying, l.bytes(func(n uint32) bool { return mine(r.Segments[n]) }))
	f := &fetch{Archive: a, record: r, layout: l, openers: openers, workers: workers, progress: p, sink: func(piece, []byte) error { return nil }}
	pieces := l.bySegment(len(r.Segments))
	for i, s := range r.Segments {
		switch {
		case mine(s):
			err = f.segment(ctx, s, pieces[i])
			out.Read += s.Size
		case len(pieces[i]) > 0:
			err = out.ask(ctx, a, s)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// ask asks the store for a segment of an earlier backup.
func (v *Verified) ask(ctx context.Context, a Archive, s backup.Segment) error {
	found, err := a.Bucket.Stat(ctx, a.data(s.Name), s.Version)
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		return fmt.Errorf("segment %d of backup %d, object %s, is not there any more: %w", s.Number, s.Sequence, s.Name, err)
	case err != nil:
		return err
	case found.Size != s.Size || found.Digest != nil && *found.Digest != s.Digest:
		return fmt.Errorf("segment %d of backup %d, object %s, is not what was written", s.Number, s.Sequence, s.Name)
	case found.Digest == nil:
		v.Unknown += s.Size
	}
	v.Asked += s.Size
	return nil
}

// bytes is how many bytes lie in some of the segments.
func (l *layout) bytes(in func(segment uint32) bool) int64 {
	var sum int64
	for _, p := range l.pieces {
		if in(p.Segment) {
			from, to := p.Bytes(l.length(p))
			sum += int64(to - from)
		}
	}
	return sum
}
