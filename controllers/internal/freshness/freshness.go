// SPDX-License-Identifier: Apache-2.0

// Package freshness notices when a cache has not caught up with a write of our own. Nothing depends on it for
// being right, only for being silent: a reconcile that reads a past in which its last write has not happened
// would send that write once more.
package freshness

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/peernode/operator/pkg/intent"
)

// patience is how long a write of ours is waited for. After it the cache is believed again: the object may have
// been deleted before the cache ever saw it.
const patience = 10 * time.Second

// Ledger remembers the newest resourceVersion that we were told for each object. Its methods may be called
// concurrently. The zero value is ready for use.
type Ledger struct {
	mu          sync.Mutex
	writes      map[intent.Ref]write
	corrections map[intent.Ref]time.Time
}

type write struct {
	resourceVersion string
	at              time.Time
}

// Wrote records the answer to a write.
func (l *Ledger) Wrote(ref intent.Ref, resourceVersion string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writes == nil {
		l.writes = map[intent.Ref]write{}
	}
	l.writes[ref] = write{resourceVersion: resourceVersion, at: now}
}

// Behind reports whether a cache that shows the object at resourceVersion, or "" for absent, has yet to see our
// last write.
func (l *Ledger) Behind(ref intent.Ref, resourceVersion string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, ok := l.writes[ref]
	if !ok {
		return false
	}
	if now.Sub(last.at) > patience || caughtUp(resourceVersion, last.resourceVersion) {
		delete(l.writes, ref)
		if len(l.writes) == 0 {
			l.writes = nil // a map keeps the memory of its fullest hour
		}
		return false
	}
	return true
}

// MayCorrect reports whether a drifted object may be set right now, and records it. Whoever else writes to the
// object, a webhook perhaps, may do so at every write of ours; the two must not chase each other without pause.
func (l *Ledger) MayCorrect(ref intent.Ref, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, at := range l.corrections {
		if now.Sub(at) > patience {
			delete(l.corrections, other)
		}
	}
	if _, recent := l.corrections[ref]; recent {
		return false
	}
	if l.corrections == nil {
		l.corrections = map[intent.Ref]time.Time{}
	}
	l.corrections[ref] = now
	return true
}

// caughtUp treats versions that cannot be compared as equal, so that nobody waits for nothing.
func caughtUp(seen, wrote string) bool {
	if seen == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(seen, wrote)
	return err != nil || order >= 0
}
