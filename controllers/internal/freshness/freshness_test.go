// SPDX-License-Identifier: Apache-2.0

package freshness_test

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/pkg/intent"
)

// now is the only clock of these tests; patience is how long a write is waited for, and a correction not repeated.
var now = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

const patience = 10 * time.Second

func ref(kind, name string) intent.Ref {
	return intent.Ref{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: kind}, NamespacedName: types.NamespacedName{Namespace: "peers", Name: name}}
}

var alpha = ref("ConfigMap", "alpha")

func TestACacheIsBehindUntilItShowsTheLastWrite(t *testing.T) {
	for name, c := range map[string]struct {
		wrote []string
		of    intent.Ref
		shows string
		after time.Duration
		want  bool
	}{
		"Nothing was written.":                               {of: alpha, shows: "7"},
		"Nothing was written, and nothing is there.":         {of: alpha, shows: ""},
		"The cache shows the write.":                         {wrote: []string{"7"}, of: alpha, shows: "7"},
		"The cache shows a later write of somebody else's.":  {wrote: []string{"7"}, of: alpha, shows: "8"},
		"The cache shows what was before.":                   {wrote: []string{"7"}, of: alpha, shows: "6", want: true},
		"The cache shows nothing yet of what was made.":      {wrote: []string{"7"}, of: alpha, shows: "", want: true},
		"Versions are numbers: 10 is later than 9.":          {wrote: []string{"9"}, of: alpha, shows: "10"},
		"Versions are numbers: 9 is earlier than 10.":        {wrote: []string{"10"}, of: alpha, shows: "9", want: true},
		"Versions are longer than any number of ours.":       {wrote: []string{"99999999999999999999"}, of: alpha, shows: "99999999999999999998", want: true},
		"The last of several writes counts.":                 {wrote: []string{"7", "8"}, of: alpha, shows: "7", want: true},
		"A server that does not count gives no order.":       {wrote: []string{"b7"}, of: alpha, shows: "a6"},
		"A write that was not told of gives no order.":       {wrote: []string{""}, of: alpha, shows: "6"},
		"A write of another object does not count.":          {wrote: []string{"7"}, of: ref("ConfigMap", "beta"), shows: "6"},
		"A write of another kind does not count.":            {wrote: []string{"7"}, of: ref("Service", "alpha"), shows: "6"},
		"Patience lasts.":                                    {wrote: []string{"7"}, of: alpha, shows: "6", after: patience, want: true},
		"Patience ends, and the cache is believed again.":    {wrote: []string{"7"}, of: alpha, shows: "6", after: patience + 1},
		"It was deleted before the cache ever saw it, then.": {wrote: []string{"7"}, of: alpha, shows: "", after: patience + 1},
	} {
		var l freshness.Ledger
		for _, version := range c.wrote {
			l.Wrote(alpha, version, now)
		}
		if got := l.Behind(c.of, c.shows, now.Add(c.after)); got != c.want {
			t.Errorf("%s Behind = %v, want %v", name, got, c.want)
		}
	}
}

func TestALaterWriteIsWaitedForAnew(t *testing.T) {
	var l freshness.Ledger
	l.Wrote(alpha, "7", now)
	l.Wrote(alpha, "8", now.Add(patience))
	if !l.Behind(alpha, "7", now.Add(2*patience)) {
		t.Error("patience was counted from the first write")
	}
}

// Caches do not go back, so there is nothing to remember, and nothing that a controller's memory would fill up with.
func TestWhatWasSeenIsForgotten(t *testing.T) {
	for what, seen := range map[string]func(l *freshness.Ledger) bool{
		"once it was seen":            func(l *freshness.Ledger) bool { return l.Behind(alpha, "7", now) },
		"once it was waited for":      func(l *freshness.Ledger) bool { return l.Behind(alpha, "6", now.Add(patience+1)) },
		"once a later write was seen": func(l *freshness.Ledger) bool { return l.Behind(alpha, "9", now) },
	} {
		var l freshness.Ledger
		l.Wrote(alpha, "7", now)
		l.Wrote(ref("Service", "alpha"), "7", now)
		if seen(&l) {
			t.Errorf("the write is waited for %s", what)
		}
		if l.Behind(alpha, "6", now) {
			t.Errorf("the write is remembered %s", what)
		}
		if !l.Behind(ref("Service", "alpha"), "6", now) {
			t.Errorf("another write is forgotten %s", what)
		}
	}
}

// A webhook that changes an object at every write of ours would otherwise keep both sides busy for ever.
func TestAnObjectIsCorrectedAndThenLeftAloneForAWhile(t *testing.T) {
	var l freshness.Ledger
	for _, step := range []struct {
		after time.Duration
		of    intent.Ref
		want  bool
		why   string
	}{
		{0, alpha, true, "it has drifted"},
		{0, alpha, false, "it drifted right again"},
		{time.Second, ref("ConfigMap", "beta"), true, "another object has drifted"},
		{patience, alpha, false, "the pause is not over, and the refusals before do not make it longer"},
		{patience + 1, alpha, true, "the pause is over"},
		{patience + 2, alpha, false, "the pause has begun anew"},
		{patience + 2, ref("ConfigMap", "beta"), false, "the pause of another object is its own"},
		{patience + time.Second + 1, ref("ConfigMap", "beta"), true, "the pause of another object is over"},
	} {
		if got := l.MayCorrect(step.of, now.Add(step.after)); got != step.want {
			t.Errorf("after %s %s may be corrected: %v, want %v, because %s", step.after, step.of, got, step.want, step.why)
		}
	}
}

// Several fleets are worked on at a time, with one ledger. Run with -race, this finds a missing lock.
func TestALedgerIsSharedByManyWorkers(t *testing.T) {
	var l freshness.Ledger
	var corrected atomic.Int32
	var workers sync.WaitGroup
	for worker := range 16 {
		workers.Go(func() {
			own := ref("ConfigMap", fmt.Sprintf("alpha-%d", worker))
			for version := range 50 {
				l.Wrote(own, strconv.Itoa(version+1), now)
				if l.Behind(own, strconv.Itoa(version+1), now) {
					t.Errorf("%s is behind although it shows the write", own)
				}
			}
			if l.MayCorrect(alpha, now) {
				corrected.Add(1)
			}
		})
	}
	workers.Wait()
	if corrected.Load() != 1 {
		t.Errorf("%d workers may correct the same object at the same time", corrected.Load())
	}
}
