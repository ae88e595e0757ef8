// SPDX-License-Identifier: Apache-2.0

// Package retention decides which keys of a peer need not be kept any longer. It goes by the record of the PeerNode alone,
// and a key of which that does not say that it was the peer's, and is revoked, is kept.
package retention

import (
	"slices"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// Removal is what is to be removed of a peer.
type Removal struct {
	// Epochs are those of which the Secrets are to be deleted, the oldest first.
	Epochs []int64
	// Through is the epoch up to which nothing is left to be removed then.
	Through int64
}

// None reports whether nothing is to be removed.
func (r Removal) None() bool { return len(r.Epochs) == 0 }

// Decide finds the revoked keys of a peer that are older than those that its spec keeps. Only what lies below every key that
// may still be used goes: then the latest key that is reserved for the peer, which another PeerNode of its name would take up,
// never does, and neither does one that Through has passed over while it was in use.
func Decide(p *v1alpha1.PeerNode) Removal {
	id := p.Status.Identity
	keep, limited := p.Spec.Identity.KeepsPrevious()
	if p.DeletionTimestamp != nil || !limited || id.At(v1alpha1.KeyActive) == nil {
		return Removal{}
	}
	keys := previous(p, id)
	old := keys[:max(0, len(keys)-keep)]
	old = slices.DeleteFunc(old, func(epoch int64) bool { return epoch <= id.RemovedThrough })
	if len(old) == 0 {
		return Removal{}
	}
	return Removal{Epochs: old, Through: old[len(old)-1]}
}

// previous are the revoked epochs below every other one that have a Secret, in their order. One that never had a key has none
// on record: a Secret of that name is somebody else's.
func previous(p *v1alpha1.PeerNode, id *v1alpha1.PeerIdentityStatus) []int64 {
	inUse := id.Epoch
	for _, e := range id.Epochs {
		if e.Stage != v1alpha1.KeyRevoked {
			inUse = min(inUse, e.Epoch)
		}
	}
	var out []int64
	for _, e := range id.Epochs {
		if e.Stage == v1alpha1.KeyRevoked && e.Epoch < inUse && e.SecretName == names.Key(p, e.Epoch) {
			out = append(out, e.Epoch)
		}
	}
	slices.Sort(out)
	return out
}
