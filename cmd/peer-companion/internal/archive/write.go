// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// Order is a backup that is wanted.
type Order struct {
	// Folder is what to copy, and Exclude what of it to leave out, as patterns of path.Match.
	Folder  string
	Exclude []string
	// State is the file with what the next backup needs to know; empty for full backups only.
	State string
	// Full asks for one that does not go on from another.
	Full bool
	// Name and Method are for the record.
	Name   string
	Method backup.Method
	// Recipients are of one family.
	Recipients []seal.Recipient
	// Notary signs the record, and StateKey is by which the state is known.
	Notary      Notary
	StateKey    backup.StateKey
	Compression backup.Compression
	// Workers is how many processors to use.
	Workers int
	// SegmentSize is how many bytes of frames a segment has before the next one is begun; 0 for the usual, which is
	// backup.SegmentSize.
	SegmentSize int64
	// Now is the clock by which the record says when the backup was made. Nothing else depends on it.
	Now func() time.Time
	// Tell hears of what a person should know, Progress of how far it is.
	Tell     func(string)
	Progress *Progress
}

// Notary signs the records of the peer.
type Notary interface {
	Sign(ctx context.Context, r backup.Record) ([]byte, error)
}

// Written is a backup whose record lies in the bucket.
type Written struct {
	backup.Trusted

	// Uploaded is how many bytes were written for it.
	Uploaded int64
	// opener opens what was written, as long as this program runs.
	opener seal.Opener
	state  *stateFile
	// last says that the next backup has to be a full one.
	last bool
}

// pieceLimit is how many pieces a backup may have before the next one is a full one, so that a restore does not have to
// hold more of them.
const pieceLimit = 1 << 20

// writer is a backup that is being written.
type writer struct {
	Archive
	Order

	record backup.Record
	opener seal.Opener
	to     []seal.Recipient
	salt   backup.Salt
	// known is nil for a full backup.
	known *backup.StateReader
	state *stateFile

	manifest *backup.ManifestWriter
	frames   *frames
	segments *segments
	pieces   int
}

// Write copies the data of the peer into the bucket. It has not been verified then.
func (a Archive) Write(ctx context.Context, o Order) (Written, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &writer{Archive: a, Order: o}
	if err := w.begin(ctx); err != nil {
		return Written{}, err
	}
	defer func() { w.state.discard() }()
	w.segments = &segments{ctx: ctx, cancel: cancel, writer: w, stored: map[int]backup.Object{}}
	err := w.copy(ctx)
	if err != nil {
		cancel(err)
		w.abort()
		return Written{}, err
	}
	return w.commit(ctx)
}

func (w *writer) begin(ctx context.Context) error {
	if err := seal.CheckOneFamily(w.Recipients); err != nil {
		return err
	}
	w.record = backup.Record{Namespace: w.Namespace, PeerNode: w.PeerNode, Name: w.Name, Method: w.Method, Started: w.Now().UTC()}
	for _, r := range w.Recipients {
		w.record.Recipients = append(w.record.Recipients, r.Info())
	}
	var err error
	if w.opener, err = seal.NewOpenerOf(w.Recipients[0].Family()); err != nil {
		return err
	}
	w.to = append(append(w.to, w.Recipients...), w.opener.Recipient())
	if err := w.tidy(ctx); err != nil {
		return err
	}
	if err := w.number(ctx); err != nil {
		return err
	}
	return w.goOn(ctx)
}

// tidy gives up what an earlier run began and did not end. There is one run at a time.
func (w *writer) tidy(ctx context.Context) error {
	left, err := w.Bucket.Uploads(ctx, w.data(""))
	if err != nil {
		return err
	}
	for _, u := range left {
		if err := w.Bucket.AbortUpload(ctx, u); err != nil {
			return err
		}
	}
	if len(left) > 0 {
		w.Tell(fmt.Sprintf("gave up %d uploads that an earlier run had left unfinished", len(left)))
	}
	return nil
}

// number takes the next sequence after the latest record that holds. Names that are taken by something else are passed
// over: whoever may write there could take them all.
func (w *writer) number(ctx context.Context) error {
	taken, err := w.Sequences(ctx)
	if err != nil {
		return err
	}
	latest, err := w.Find(ctx, Choice{}, w.Tell)
	if err != nil && !errors.Is(err, ErrNoBackup) {
		return err
	}
	w.record.Sequence = backup.NextSequence(latest.Sequence, taken)
	return nil
}

// goOn finds out from where an incremental backup can go on, and makes a full one otherwise.
func (w *writer) goOn(ctx context.Context) error {
	w.record.Base = w.record.Sequence
	salt, err := backup.NewSalt(rand.Reader)
	if err != nil {
		return err
	}
	w.salt = salt
	if w.State == "" {
		return nil
	}
	if !w.Full {
		if err := w.resume(ctx); err != nil {
			w.Tell(fmt.Sprintf("making a full backup: %v", err))
		}
	}
	w.state, err = newState(w.State, w.StateKey)
	return err
}

func (w *writer) resume(ctx context.Context) error {
	basis, known, err := readState(w.State, w.StateKey)
	if err != nil {
		return err
	}
	if basis.Namespace != w.Namespace || basis.PeerNode != w.PeerNode {
		return fmt.Errorf("the state is that of %s/%s", basis.Namespace, basis.PeerNode)
	}
	parent, err := w.Find(ctx, Choice{Sequence: basis.Sequence, SHA256: &basis.SHA256}, w.Tell)
	if err != nil {
		return err
	}
	if len(parent.Segments) >= backup.MaxSegments {
		return fmt.Errorf("the last full one is %d backups ago", parent.Sequence-parent.Base)
	}
	w.known, w.salt = known, basis.Salt
	w.record.Base, w.record.Segments = parent.Base, parent.Segments
	w.record.Parent = &backup.Parent{Sequence: parent.Sequence, SHA256: parent.SHA256}
	return nil
}

func (w *writer) copy(ctx context.Context) error {
	root, err := os.OpenRoot(w.Folder)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := w.beginManifest(ctx); err != nil {
		return err
	}
	t := &tree{root: root, exclude: w.Exclude, links: map[[2]uint64]string{}, tell: func(string) {}}
	var total int64
	err = t.walk(func(e backup.Entry, _ *stat) error {
		total += e.Size
		return nil
	})
	if err != nil {
		return err
	}
	w.Progress.begin(PhaseCopying, total)
	t.links, t.tell = map[[2]uint64]string{}, w.Tell
	return newPipeline(ctx, w, t).run()
}

func (w *writer) beginManifest(ctx context.Context) error {
	packer, err := backup.NewPacker(backup.CompressDefault)
	if err != nil {
		return err
	}
	o, err := w.newObject(ctx, w.to, w.record.ManifestLabel())
	if err != nil {
		return err
	}
	w.frames = &frames{to: o, packer: packer}
	w.manifest, err = backup.NewManifestWriter(w.frames, w.salt)
	return err
}

// take adds what was read to the backup, in the order of the walk.
func (w *writer) take(t *task) error {
	if t.entry != nil {
		w.state.begin(t.entry.Path)
		return w.manifest.Entry(*t.entry)
	}
	pieces := t.keep
	if len(t.store) > 0 {
		segment, frame, err := w.segments.append(t.frame)
		if err != nil {
			return err
		}
		for _, p := range t.store {
			p.Segment, p.Frame = segment, frame
			pieces = append(pieces, p)
		}
	}
	backup.SortPieces(pieces)
	w.pieces += len(pieces)
	w.Progress.copied(t.length)
	if err := w.state.chunk(t.index, backup.Known{Pieces: pieces, Blocks: t.prints}); err != nil || len(pieces) == 0 {
		return err
	}
	return w.manifest.Chunk(backup.Chunk{Index: t.index, Pieces: pieces})
}

// commit writes the record, after which there is a backup.
func (w *writer) commit(ctx context.Context) (Written, error) {
	if err := w.finish(); err != nil {
		w.abort()
		return Written{}, err
	}
	w.record.Finished = w.Now().UTC()
	text, err := w.Notary.Sign(ctx, w.record)
	if err != nil {
		return Written{}, err
	}
	out := Written{Trusted: backup.Trusted{Record: w.record, SHA256: sha256.Sum256(text)}, Uploaded: int64(len(text)) + w.record.Manifest.Size, opener: w.opener}
	for _, s := range w.record.Own() {
		out.Uploaded += s.Size
	}
	// The state comes first: a disk that is full for it should not leave a backup behind that is said to have failed.
	err = w.state.end(backup.Basis{
		Namespace: w.Namespace, PeerNode: w.PeerNode, Sequence: w.record.Sequence, SHA256: out.SHA256, Salt: w.salt,
	})
	if err != nil {
		return Written{}, err
	}
	if err := w.put(ctx, text, out.SHA256); err != nil {
		return Written{}, err
	}
	out.state, w.state = w.state, nil
	out.last = w.pieces > pieceLimit
	return out, nil
}

// finish commits all objects of the backup.
func (w *writer) finish() error {
	if err := w.segments.finish(); err != nil {
		return err
	}
	totals, err := w.manifest.Close()
	if err != nil {
		return err
	}
	w.record.Tree = totals.Info()
	if err := w.frames.flush(); err != nil {
		return err
	}
	if err := w.frames.to.end(); err != nil {
		return err
	}
	w.record.Manifest, err = w.frames.to.commit()
	return err
}

// put writes the record where nothing is. That it is there already, byte for byte, is the answer of a try before.
func (w *writer) put(ctx context.Context, text []byte, sum backup.Digest) error {
	found, err := w.Bucket.Create(ctx, w.in(backup.RecordName(w.record.Sequence)), text)
	if err != nil || !found {
		return err
	}
	there, err := w.Record(ctx, w.record.Sequence)
	if err == nil && there.SHA256 == sum {
		return nil
	}
	return fmt.Errorf("somebody else has written a record of backup %d meanwhile; nothing of this one counts, run it again", w.record.Sequence)
}

func (w *writer) abort() {
	w.segments.abort()
	if w.frames != nil {
		w.frames.to.upload.Abort()
	}
}

// stat is what the pipeline needs to know of a file.
type stat = syscall.Stat_t
