// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Grace is how old, by the store, an object is at least before it is removed because no record names it: it may belong to
// a backup that is being made, and no deadline of one is longer than 168h.
const Grace = 8 * 24 * time.Hour

// Retention are the rules by which the backups of a peer are kept.
type Retention struct {
	// KeepFor is how long, by the store, each backup is kept, at least for Grace.
	KeepFor time.Duration
	// KeepLast is how many of the newest are kept, however old they are.
	KeepLast int
	// Keep are the sequences of others that are kept.
	Keep []int64
}

// Listed is what lies under the name of a record.
type Listed struct {
	Sequence int64
	// Good is whether a version of it is signed by a key that is trusted, and all is there that it names. Others are no backups,
	// as far as is known: forged, damaged, or signed by a key that somebody has left out.
	Good bool
	// Written is when the store took the version that is good, the first of them; the last of all, where none is.
	Written time.Time
	// Objects are the names of all objects that any version of it names.
	Objects []string
}

// Reason is why a record stays or goes.
type Reason string

// The reasons.
const (
	ReasonYoung     Reason = "not old enough"
	ReasonNewest    Reason = "among the newest"
	ReasonSettled   Reason = "among the newest of eight days ago"
	ReasonAsked     Reason = "asked for"
	ReasonStrange   Reason = "not good, and not older than what is kept"
	ReasonPostponed Reason = "old, and left to the next run, since half of them go in one"
	ReasonOld       Reason = "old"
	ReasonGarbage   Reason = "not good, and old"
)

// Verdict is what becomes of a record.
type Verdict struct {
	Listed

	Goes bool
	Why  Reason
}

// Judge says of each record whether it goes, in the order of their sequences. now is by the clock of the store.
//
// Who may write to the bucket can put anything there, at any time, under any name, and cannot sign. So what is not good
// counts for nothing, and goes at the same age as what is; but only where enough that is good is newer, since it may be good
// and its key forgotten. Who can have records signed as well could make newer ones by the hundred: nothing goes before its
// time for that, and nothing at all that was among the newest eight days ago, which is time to notice.
//
// At most half of the backups go at once, the oldest first, so that a wrong rule or clock takes days to do its harm.
func (r Retention) Judge(records []Listed, now time.Time) ([]Verdict, error) {
	if r.KeepLast < 1 || r.KeepFor < Grace {
		return nil, errors.New("at least the newest backup is kept, and each for eight days")
	}
	out := make([]Verdict, 0, len(records))
	for _, l := range records {
		out = append(out, Verdict{Listed: l})
	}
	slices.SortFunc(out, func(a, b Verdict) int { return cmp.Compare(a.Sequence, b.Sequence) })
	newest := r.newest(out, func(Verdict) bool { return true })
	if newest == nil {
		return nil, errors.New("no record there is signed by a key that is trusted and has all its objects, so nobody knows what is good; see whether a key is missing")
	}
	settled := r.newest(out, func(v Verdict) bool { return now.Sub(v.Written) > Grace })
	for i := range out {
		v := &out[i]
		v.Why = r.why(*v, newest, settled, now)
		v.Goes = v.Why == ReasonOld || v.Why == ReasonGarbage
	}
	for _, kind := range []Reason{ReasonOld, ReasonGarbage} {
		brake(out, kind)
	}
	return out, nil
}

// newest are the newest of some good records: from a sequence on, or from a time on. A sequence cannot be made up, and a time
// goes on when a key is replaced and sequences begin anew.
type newest struct{ bySequence, byTime Listed }

func (n *newest) has(v Verdict) bool {
	return n != nil && (v.Sequence >= n.bySequence.Sequence || older(n.byTime, v.Listed) <= 0)
}

// older compares by time, and by sequence those of one time.
func older(a, b Listed) int {
	return cmp.Or(a.Written.Compare(b.Written), cmp.Compare(a.Sequence, b.Sequence))
}

// newest are as many as are kept, all where there are not enough, nil where there are none.
func (r Retention) newest(all []Verdict, of func(Verdict) bool) *newest {
	some := slices.DeleteFunc(slices.Clone(all), func(v Verdict) bool { return !v.Good || !of(v) })
	switch {
	case len(some) == 0:
		return nil
	case len(some) < r.KeepLast:
		return &newest{}
	}
	out, last := &newest{}, len(some)-r.KeepLast
	slices.SortFunc(some, func(a, b Verdict) int { return cmp.Compare(a.Sequence, b.Sequence) })
	out.bySequence = some[last].Listed
	slices.SortFunc(some, func(a, b Verdict) int { return older(a.Listed, b.Listed) })
	out.byTime = some[last].Listed
	return out
}

// why is the first reason that holds. settled are those that were the newest eight days ago.
func (r Retention) why(v Verdict, newest, settled *newest, now time.Time) Reason {
	switch age := now.Sub(v.Written); {
	case slices.Contains(r.Keep, v.Sequence):
		return ReasonAsked
	case v.Good && newest.has(v):
		return ReasonNewest
	case age <= r.KeepFor:
		return ReasonYoung
	case v.Good && settled.has(v):
		return ReasonSettled
	case v.Good:
		return ReasonOld
	case newest.has(v):
		return ReasonStrange
	default:
		return ReasonGarbage
	}
}

// brake leaves what is more than half of those that are good, or of those that are not, to the next run.
func brake(sorted []Verdict, kind Reason) {
	all := 0
	for _, v := range sorted {
		if v.Good == (kind == ReasonOld) {
			all++
		}
	}
	left := (all + 1) / 2
	for i := range sorted {
		v := &sorted[i]
		if v.Why != kind {
			continue
		}
		if left--; left < 0 {
			v.Goes, v.Why = false, ReasonPostponed
		}
	}
}

// Stored is an object of a peer, with all its versions.
type Stored struct {
	// Name is the last part of its name in the bucket.
	Name string
	// Written is when the store took the last version.
	Written time.Time
}

// Unneeded are the objects that can go: no record that stays names them, and they are old enough to belong to no backup
// that is being made.
func Unneeded(staying []Listed, objects []Stored, now time.Time) []Stored {
	needed := map[string]bool{}
	for _, l := range staying {
		for _, name := range l.Objects {
			needed[name] = true
		}
	}
	var out []Stored
	for _, o := range objects {
		if !needed[o.Name] && now.Sub(o.Written) > Grace {
			out = append(out, o)
		}
	}
	return out
}
