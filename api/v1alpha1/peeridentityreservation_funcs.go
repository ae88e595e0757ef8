// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Names reports whether the reservation is for p, or for one of its name that was deleted.
func (r *PeerIdentityReservation) Names(p *PeerNode) bool {
	return r.Spec.Holder == ReservationHolder{Namespace: p.Namespace, Name: p.Name}
}

// HeldBy reports whether p may count on the reservation. One that was deleted stays while the PeerNode is there that
// held it then, and may go at any moment under one that was made afterwards. Timestamps have seconds: a PeerNode of the
// same second is taken for one that was made afterwards.
func (r *PeerIdentityReservation) HeldBy(p *PeerNode) bool {
	return r.Names(p) && (r.DeletionTimestamp == nil || p.CreationTimestamp.Before(r.DeletionTimestamp))
}
