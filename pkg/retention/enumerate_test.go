// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"slices"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/retention"
)

var everyStage = []v1alpha1.KeyStage{pending, published, active, retiring, revoked}

// everyRecord visits all lists of up to five keys on whatever stages, also such as no operator writes, with and without their
// Secrets, for every number of keys to be kept and of keys that were removed before.
func everyRecord(visit func(*v1alpha1.PeerNode)) {
	for length := range 6 {
		lists := 1
		for range length {
			lists *= len(everyStage)
		}
		for list := range lists {
			stages := make([]v1alpha1.KeyStage, length)
			for i := range stages {
				stages[i], list = everyStage[list%len(everyStage)], list/len(everyStage)
			}
			for keep := range int32(4) {
				for removed := range int64(length + 2) {
					for without := range int64(length + 1) {
						p := peer(keep, 1, stages...)
						p.Status.Identity.RemovedThrough = removed
						if without > 0 {
							p.Status.Identity.Epochs[without-1].SecretName = ""
						}
						visit(p)
					}
				}
			}
		}
	}
}

// usable reports whether a key may still be used, or was never said to be the peer's.
func usable(p *v1alpha1.PeerNode, epoch int64) bool {
	for _, e := range p.Status.Identity.Epochs {
		if e.Epoch == epoch {
			return e.Stage != revoked || e.SecretName == "" || epoch == p.Status.Identity.Epoch
		}
	}
	return true
}

// keptOf is how many revoked keys with a Secret are left when others are removed.
func keptOf(p *v1alpha1.PeerNode, r retention.Removal) (n int) {
	for _, e := range p.Status.Identity.Epochs {
		if e.Stage == revoked && e.SecretName != "" && e.Epoch > p.Status.Identity.RemovedThrough && !slices.Contains(r.Epochs, e.Epoch) {
			n++
		}
	}
	return n
}

func lowestUsable(p *v1alpha1.PeerNode) int64 {
	lowest := int64(1 << 62)
	for _, e := range p.Status.Identity.Epochs {
		if e.Stage != revoked {
			lowest = min(lowest, e.Epoch)
		}
	}
	return lowest
}

func TestNoKeyThatMayBeUsedIsEverRemoved(t *testing.T) {
	visited, removals := 0, 0
	everyRecord(func(p *v1alpha1.PeerNode) {
		visited++
		r := retention.Decide(p)
		if r.None() {
			if r.Through != 0 {
				t.Fatalf("nothing is removed, through %d: %+v", r.Through, p.Status.Identity)
			}
			return
		}
		removals++
		after := p.DeepCopy()
		after.Status.Identity.RemovedThrough = r.Through
		for what, wrong := range map[string]bool{
			"a key that may be used":        slices.ContainsFunc(r.Epochs, func(epoch int64) bool { return usable(p, epoch) }),
			"a key that went before":        r.Epochs[0] <= p.Status.Identity.RemovedThrough,
			"keys in no order":              !slices.IsSorted(r.Epochs),
			"too many keys":                 keptOf(p, r) < int(*p.Spec.Identity.Rotation.KeepPrevious),
			"a key beside the record":       r.Epochs[len(r.Epochs)-1] != r.Through,
			"more than was said":            r.Through >= lowestUsable(p),
			"and then others, if told of":   !retention.Decide(after).None(),
			"while no key is known in use":  p.Status.Identity.At(active) == nil,
			"a key above the one on record": r.Through >= p.Status.Identity.Epoch,
		} {
			if wrong {
				t.Fatalf("removed is %s: %+v of %+v", what, r, p.Status.Identity)
			}
		}
	})
	if visited < 100_000 || removals < 2_000 {
		t.Errorf("of only %d records %d led to removals", visited, removals)
	}
}
