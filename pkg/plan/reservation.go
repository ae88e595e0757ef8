// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/resources"
)

// Claims are the names of the reservations of every key that the peer has, or is to have, as far as is known: the one on
// record, the one that its Job made, the one that it imports, and the one that its spec expects.
func Claims(o Observed) []string {
	form := kinds.Key(o.PeerNode.Spec.Software)
	if form == nil {
		return nil
	}
	var out []string
	add := func(key identity.Public, err error) {
		if err == nil {
			out = append(out, resources.ReservationName(form, key))
		}
	}
	if id := o.PeerNode.Status.Identity; id != nil && id.PublicKey != "" {
		add(form.Public(id.PublicKey))
	}
	if envelope, err := o.madeKey(); err == nil && envelope != nil {
		add(envelope.Header().Public())
	}
	if envelope, err := readImport(o.PeerNode); err == nil && !RecordedKey(o.PeerNode) {
		add(envelope.Header().Public())
	}
	if key := expectedKey(o.PeerNode); key != "" {
		add(form.Public(key))
	}
	return slices.Compact(out)
}

// expectedKey is the public key that the spec wants, "" where it wants none.
func expectedKey(p *v1alpha1.PeerNode) string {
	if p.Spec.Identity == nil {
		return ""
	}
	return p.Spec.Identity.ExpectedPublicKey
}

// claim makes sure that an identity is the peer's, before anything is done with its key.
func (s keyStep) claim(o Observed, b blueprint.Blueprint, key identity.Public, epoch int64) keyStep {
	p, form := o.PeerNode, b.Kind.Key()
	r := o.Reservations[resources.ReservationName(form, key)]
	switch {
	case r == nil:
		s.reserve = resources.Reservation(p, form, key, epoch)
	case !r.Names(p):
		return keyStep{blocked: taken(r)}
	case !r.HeldBy(p) && !RecordedKey(p) && o.statefulSet() == nil:
		return keyStep{blocked: conditions.Wait(v1alpha1.ReasonWaitingForReservation, fmt.Sprintf(
			"PeerIdentityReservation %s was deleted before this PeerNode was made. It goes once no pod can run with the identity", r.Name))}
	}
	return s
}

func taken(r *v1alpha1.PeerIdentityReservation) *conditions.Finding {
	return conditions.Refuse(v1alpha1.ReasonIdentityTaken, fmt.Sprintf(
		"the identity %s is that of PeerNode %s/%s, and never runs twice. Remove this PeerNode, or, to have the identity here, that one and then PeerIdentityReservation %s",
		r.Spec.PeerID, r.Spec.Holder.Namespace, r.Spec.Holder.Name, r.Name))
}

// own are the reservations that name the peer.
func own(o Observed, form peer.Key) []*v1alpha1.PeerIdentityReservation {
	var out []*v1alpha1.PeerIdentityReservation
	for _, r := range o.Reservations {
		if r.Names(o.PeerNode) && r.Spec.Network == form.Network() {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *v1alpha1.PeerIdentityReservation) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// reservedFor are those of an epoch.
func reservedFor(o Observed, form peer.Key, epoch int64) []*v1alpha1.PeerIdentityReservation {
	return slices.DeleteFunc(own(o, form), func(r *v1alpha1.PeerIdentityReservation) bool { return r.Spec.Epoch != epoch })
}

// latest are those of the latest epoch, because a peer never goes back to a key; of the expected key alone where one is
// expected.
func latest(o Observed, form peer.Key) []*v1alpha1.PeerIdentityReservation {
	out := own(o, form)
	if expected := expectedKey(o.PeerNode); expected != "" {
		out = slices.DeleteFunc(out, func(r *v1alpha1.PeerIdentityReservation) bool {
			key, err := form.Public(expected)
			return err != nil || r.Name != resources.ReservationName(form, key)
		})
	}
	epoch := int64(0)
	for _, r := range out {
		epoch = max(epoch, r.Spec.Epoch)
	}
	return slices.DeleteFunc(out, func(r *v1alpha1.PeerIdentityReservation) bool { return r.Spec.Epoch != epoch })
}

// reservedKey is the key that the only one of some reservations names, and its epoch; false where there is none, or more
// than one.
func reservedKey(reservations []*v1alpha1.PeerIdentityReservation) (identity.Public, int64, bool) {
	if len(reservations) != 1 {
		return identity.Public{}, 0, false
	}
	key, err := identity.ParsePublic(reservations[0].Spec.KeyType, reservations[0].Spec.PublicKey)
	return key, reservations[0].Spec.Epoch, err == nil
}

// adopts reports whether a restored peer is to go on with the key that it had.
func adopts(p *v1alpha1.PeerNode) bool {
	return p.Spec.Bootstrap != nil && p.Spec.Bootstrap.Restore.Identity == v1alpha1.IdentityAdopt
}

// notNew refuses to go on with a key of before where a new one is asked for: what the peer said since its backup was made it would
// not know any more, and could say otherwise under the same name. A reservation is made before the Secret, so one that is older
// than the PeerNode, or a Secret without any, is that of an earlier one.
func notNew(o Observed, form peer.Key) *conditions.Finding {
	p := o.PeerNode
	if p.Spec.Bootstrap == nil || adopts(p) {
		return nil
	}
	was := fmt.Sprintf("Secret %s is there", names.Key(p, firstEpoch))
	known := latest(o, form)
	switch {
	case len(known) > 0 && known[0].CreationTimestamp.Before(&p.CreationTimestamp):
		was = fmt.Sprintf("PeerIdentityReservation %s says that this peer is %s", known[0].Name, known[0].Spec.PeerID)
	case !o.KeyTaken:
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonIdentityNotNew, fmt.Sprintf(
		"spec.bootstrap.restore.identity is New, and %s, of an earlier PeerNode of this name. Create the PeerNode with Adopt to go on as that peer, or under another name to be another one", was))
}

// adopt takes up a key that was there before this PeerNode. The operator cannot read it: that it is the peer's shows
// from its reservation, or from the spec.
func adopt(o Observed, b blueprint.Blueprint) keyStep {
	form, secret := b.Kind.Key(), names.Key(b.PeerNode, firstEpoch)
	if f := notNew(o, form); f != nil {
		return keyStep{finding: f}
	}
	if key, epoch, ok := reservedKey(latest(o, form)); ok {
		return keyStep{record: recordOf(b, key, epoch)}.claim(o, b, key, epoch)
	}
	if several := latest(o, form); len(several) > 1 {
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonIdentityUnknown, fmt.Sprintf(
			"PeerIdentityReservations %s and %s both name this PeerNode. Set spec.identity.expectedPublicKey to the key in Secret %s", several[0].Name, several[1].Name, several[0].Spec.SecretName))}
	}
	expected := expectedKey(o.PeerNode)
	key, err := form.Public(expected)
	switch {
	case o.KeyTaken && expected != "" && err == nil:
		return keyStep{record: recordOf(b, key, firstEpoch)}.claim(o, b, key, firstEpoch)
	case o.KeyTaken:
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonIdentityUnknown, fmt.Sprintf(
			"Secret %s is there, which the operator cannot read, and no PeerIdentityReservation says whose identity it holds. Set spec.identity.expectedPublicKey to what peer-companion inspect prints of it", secret))}
	case o.KeyFree && expected != "":
		return keyStep{finding: conditions.Refuse(v1alpha1.ReasonIdentityMissing, fmt.Sprintf(
			"Secret %s, which should hold the key of spec.identity.expectedPublicKey, is not there. Create it; no other key is made in its place", secret))}
	}
	if adopts(b.PeerNode) {
		return keyStep{finding: conditions.Wait(v1alpha1.ReasonWaitingForAdoptedKey, fmt.Sprintf(
			"spec.bootstrap.restore.identity is Adopt, so no key is made: create Secret %s from its copy, or the PeerNode anew with spec.identity.import", secret))}
	}
	return keyStep{order: o.KeyFree, finding: conditions.Wait(v1alpha1.ReasonWaitingForKey, "the peer's key is being made")}
}
