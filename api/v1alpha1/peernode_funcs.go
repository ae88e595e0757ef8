// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"slices"
	"time"
)

// DeletesData reports whether the peer's volume is to go with it.
func (p *PeerNode) DeletesData() bool {
	return p.Spec.DeletionPolicy.Data == RetentionDelete
}

// DeletesKeys reports whether the peer's keys are to go with it.
func (p *PeerNode) DeletesKeys() bool {
	return p.Spec.DeletionPolicy.Keys == RetentionDelete
}

// Direct is how the peer's pod opens its key by itself, nil where the unsealer does.
func (p *PeerNode) Direct() *DirectOpening {
	if p.Spec.Identity == nil {
		return nil
	}
	return p.Spec.Identity.Direct
}

// KeyStores are the names of the PeerBackupStores that get copies of the peer's keys.
func (p *PeerNode) KeyStores() []string {
	if p.Spec.Identity == nil || p.Spec.Identity.Backup == nil {
		return nil
	}
	var out []string
	for _, ref := range p.Spec.Identity.Backup.Stores {
		out = append(out, ref.Name)
	}
	return out
}

// Names are the peer ID of the key in use, and those of the other keys under which the peer may come: the one to which it
// is about to change, and the one from which it has changed. One that is compromised is not among them, so peerID may be "".
func (s *PeerIdentityStatus) Names() (peerID string, also []string) {
	if s.Epoch >= s.MinimumEpoch {
		peerID = s.PeerID
	}
	for _, e := range s.Epochs {
		if (e.Stage == KeyPublished || e.Stage == KeyRetiring) && e.Epoch >= s.MinimumEpoch && e.PeerID != "" {
			also = append(also, e.PeerID)
		}
	}
	return peerID, also
}

// At is the key that is at a stage, nil where none is.
func (s *PeerIdentityStatus) At(stage KeyStage) *KeyEpoch {
	if s == nil {
		return nil
	}
	for i := range s.Epochs {
		if s.Epochs[i].Stage == stage {
			return &s.Epochs[i]
		}
	}
	return nil
}

// Switching reports whether the peer has changed its key, and the one of before is still let in.
func (s *PeerIdentityStatus) Switching() bool { return s.At(KeyRetiring) != nil }

// RotatesEvery is how long a key is used, 0 where keys are made on demand alone.
func (i *PeerIdentity) RotatesEvery() time.Duration {
	if i == nil || i.Rotation == nil {
		return 0
	}
	return i.Rotation.Every.Length()
}

// Overlap is how long the key of before is let in beside another.
func (i *PeerIdentity) Overlap() time.Duration {
	if i == nil || i.Rotation == nil || i.Rotation.Overlap == "" {
		return DefaultOverlap
	}
	return i.Rotation.Overlap.Length()
}

// KeepsPrevious is how many of the keys that the peer had before keep their Secret, false where all do.
func (i *PeerIdentity) KeepsPrevious() (int, bool) {
	if i == nil || i.Rotation == nil || i.Rotation.KeepPrevious == nil {
		return 0, false
	}
	return int(*i.Rotation.KeepPrevious), true
}

// DefaultOverlap is how long the key of before is let in where the spec does not say.
const DefaultOverlap = 168 * time.Hour

// Length reads what admission has checked, 0 where it is not set.
func (d Period) Length() time.Duration {
	out, err := time.ParseDuration(string(d))
	if err != nil {
		return 0
	}
	return out
}

// In returns the namespace of the reference, seen from a PeerNode in namespace own.
func (r PeerReference) In(own string) string {
	return cmp.Or(r.Namespace, own)
}

// In returns the namespace of the reference, seen from an object in namespace own.
func (r FleetReference) In(own string) string {
	return cmp.Or(r.Namespace, own)
}

// Declares reports whether a network in namespace own lets p in: by its name, or as one of its fleet.
func (n PeerNetwork) Declares(own string, p *PeerNode) bool {
	return slices.ContainsFunc(n.Peers, func(r PeerReference) bool { return r.Name == p.Name && r.In(own) == p.Namespace }) ||
		p.Spec.Fleet != nil && n.DeclaresFleet(own, p.Namespace, p.Spec.Fleet.Name)
}

// DeclaresFleet reports whether a network in namespace own lets in the peers of a fleet.
func (n PeerNetwork) DeclaresFleet(own, namespace, name string) bool {
	return slices.ContainsFunc(n.Fleets, func(r FleetReference) bool { return r.Name == name && r.In(own) == namespace })
}
