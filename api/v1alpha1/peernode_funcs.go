// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"slices"
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
