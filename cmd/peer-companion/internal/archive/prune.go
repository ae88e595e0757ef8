// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// Limits of what is looked at of one peer. Backups each hour for a year are half of the records.
const (
	mostVersions = 300_000
	mostRecords  = 20_000
)

// Pruning is how old backups of a peer are removed.
type Pruning struct {
	backup.Retention

	// Now is the clock of this machine. Where that of the store is earlier, it counts.
	Now func() time.Time
	// Dry looks and decides, and removes nothing.
	Dry bool
	// Tell is told what becomes of each record, and of all objects.
	Tell func(Fate)
}

// Fate is what becomes of something in the bucket.
type Fate struct {
	// What it is, such as "backup 12", and when the store took it, which is the zero time of more than one thing.
	What    string
	Written time.Time
	// Becomes is "stays", "goes" or "locked".
	Becomes string
	Why     string
}

// What becomes of things.
const (
	stays  = "stays"
	goes   = "goes"
	locked = "locked"
)

// RefusedError is why nothing is removed of a peer. The store was well.
type RefusedError struct{ error }

// Unwrap is for errors.Is.
func (r RefusedError) Unwrap() error { return r.error }

// pruner removes old backups of a peer.
type pruner struct {
	Archive
	Pruning

	now     time.Time
	found   bucket.Everything
	records []backup.Listed
	objects []backup.Stored
	others  int
	// strange is what is wrong with records that are not good.
	strange map[int64]error
	// known are the names of objects, each of which is held once.
	known map[string]string
	done  backup.Pruned
}

// Prune removes old backups: their records first, then the objects that no record names any more. So whoever is killed leaves
// no record without its objects, and the next run goes on from there.
func (a Archive) Prune(ctx context.Context, p Pruning) (backup.Pruned, error) {
	r := &pruner{Archive: a, Pruning: p, strange: map[int64]error{}, known: map[string]string{}, done: backup.Pruned{Peers: 1}}
	if err := r.look(ctx); err != nil {
		return r.done, err
	}
	if len(r.records) == 0 && len(r.objects) == 0 {
		return r.done, nil
	}
	verdicts, err := p.Judge(r.records, r.now)
	if err != nil {
		return r.done, RefusedError{err}
	}
	staying, err := r.removeRecords(ctx, verdicts)
	if err != nil {
		return r.done, err
	}
	return r.done, r.removeObjects(ctx, backup.Unneeded(staying, r.objects, r.now))
}

// look lists what there is, and reads every record.
func (r *pruner) look(ctx context.Context) (err error) {
	r.found, err = r.Bucket.Everything(ctx, r.in(""), mostVersions)
	if tooMany, ok := errors.AsType[bucket.TooManyError](err); ok {
		return RefusedError{tooMany}
	}
	if err != nil {
		return err
	}
	r.now = r.found.Now
	if own := r.Now(); own.Before(r.now) {
		r.now = own
	}
	records := r.sort()
	if len(records) > mostRecords {
		return RefusedError{fmt.Errorf("there are more than %d records", mostRecords)}
	}
	for _, sequence := range records {
		if err := r.read(ctx, sequence); err != nil {
			return err
		}
	}
	return nil
}

// sort tells objects from records, whose sequences it returns, and passes over names that nobody here gives.
func (r *pruner) sort() (records []int64) {
	for _, name := range r.found.Names {
		last := strings.TrimPrefix(name, r.in(""))
		if sequence, ok := backup.ParseRecordName(last); ok {
			records = append(records, sequence)
		} else if object, ok := backup.ParseObjectName(last); ok {
			r.known[object] = object
			r.objects = append(r.objects, backup.Stored{Name: object, Written: newest(r.found.Versions[name])})
		} else {
			r.others++
		}
	}
	return records
}

func newest(versions []bucket.Version) (at time.Time) {
	for _, v := range versions {
		if v.Written.After(at) {
			at = v.Written
		}
	}
	return at
}

// read looks at all versions of a record, the oldest first: the first that the peer has signed is the one that counts.
func (r *pruner) read(ctx context.Context, sequence int64) error {
	versions := r.found.Versions[r.in(backup.RecordName(sequence))]
	l := backup.Listed{Sequence: sequence, Written: newest(versions)}
	named := map[string]bool{}
	for _, v := range slices.Backward(versions) {
		if v.Mark || v.Size > backup.MaxRecord {
			continue
		}
		text, err := r.Bucket.ReadVersion(ctx, v.Name, v.ID, backup.MaxRecord+1)
		if errors.Is(err, bucket.ErrNotFound) { // another run has removed it
			continue
		}
		if err != nil {
			return fmt.Errorf("record of backup %d: %w", sequence, err)
		}
		for _, object := range backup.Named(text) {
			if held, there := r.known[object]; there {
				named[held] = true
			}
		}
		if l.Good {
			continue
		}
		trusted, err := r.Trust.Open(text, sequence)
		if later, ok := errors.AsType[backup.SignedError](err); ok {
			return RefusedError{fmt.Errorf("backup %d: %w", sequence, later)}
		}
		if err == nil {
			err = r.whole(trusted.Record)
		}
		if err == nil {
			l.Good, l.Written = true, v.Written
		} else if r.strange[sequence] == nil {
			r.strange[sequence] = err
		}
	}
	for object := range named {
		l.Objects = append(l.Objects, object)
	}
	r.records = append(r.records, l)
	return nil
}

// whole asks, by the list alone, whether all is there that a record names.
func (r *pruner) whole(record backup.Record) error {
	objects := []backup.Object{record.Manifest}
	for _, s := range record.Segments {
		objects = append(objects, s.Object)
	}
	for _, o := range objects {
		if !slices.ContainsFunc(r.found.Versions[r.data(o.Name)], func(v bucket.Version) bool {
			return !v.Mark && v.Size == o.Size && (o.Version == "" || o.Version == v.ID)
		}) {
			return fmt.Errorf("object %s is not there, or not as it was written", o.Name)
		}
	}
	return nil
}

// removeRecords returns those that stay, also because the store does not let them go.
func (r *pruner) removeRecords(ctx context.Context, verdicts []backup.Verdict) ([]backup.Listed, error) {
	var staying []backup.Listed
	for _, v := range verdicts {
		gone := false
		if v.Goes {
			var err error
			if gone, err = r.remove(ctx, r.in(backup.RecordName(v.Sequence))); err != nil {
				return nil, err
			}
		}
		if !gone {
			staying = append(staying, v.Listed)
		}
		r.count(v, gone)
	}
	return staying, nil
}

func (r *pruner) count(v backup.Verdict, gone bool) {
	fate := Fate{What: fmt.Sprintf("backup %d", v.Sequence), Written: v.Written, Becomes: stays, Why: string(v.Why)}
	switch {
	case gone:
		fate.Becomes = goes
	case v.Goes:
		fate.Becomes = locked
		r.done.Locked++
	}
	if wrong := r.strange[v.Sequence]; wrong != nil && !v.Good {
		fate.What, fate.Why = fmt.Sprintf("record %d", v.Sequence), fate.Why+": "+wrong.Error()
	}
	switch {
	case gone && v.Good:
		r.done.Removed++
	case gone:
		r.done.Garbage++
	case v.Good:
		r.done.Kept++
	default:
		r.done.Strange++
	}
	if v.Good && v.Why == backup.ReasonPostponed {
		r.done.Postponed++
	}
	r.Tell(fate)
}

func (r *pruner) removeObjects(ctx context.Context, objects []backup.Stored) error {
	kept := 0
	for _, o := range objects {
		gone, err := r.remove(ctx, r.data(o.Name))
		if err != nil {
			return err
		}
		if gone {
			r.done.Objects++
		} else {
			kept++
			r.done.Locked++
		}
	}
	r.tellOfObjects(len(objects)-kept, goes, "no record that stays names them, and they are older than eight days")
	r.tellOfObjects(kept, locked, "the store does not let them go yet")
	r.tellOfObjects(len(r.objects)-len(objects), stays, "records that stay name them, or they are not older than eight days")
	r.tellOfObjects(r.others, stays, "nobody who backs up gives such names")
	return nil
}

func (r *pruner) tellOfObjects(n int, becomes, why string) {
	if n > 0 {
		r.Tell(Fate{What: fmt.Sprintf("%d objects", n), Becomes: becomes, Why: why})
	}
}

// remove deletes all versions of a name, the newest first, and says whether nothing is left of it. What is locked is met
// before what is older then: of a record, the version that counts is the last to go.
func (r *pruner) remove(ctx context.Context, name string) (gone bool, err error) {
	for _, v := range r.found.Versions[name] {
		if !r.Dry {
			if gone, err = r.Bucket.Remove(ctx, v, r.found.Now); err != nil || !gone {
				return false, err
			}
		}
		r.done.Freed += v.Size
	}
	return true, nil
}
