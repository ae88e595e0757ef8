// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/seal"
)

// madeReservation is that of the key that Jobs of these tests make.
const madeReservation = "libp2p-ed25519-96f70ab94fcdba4ec9b2b638a6c3f9ec56883b2bbedaad49e5345cd3d6d630e9"

// expecting is a spec that wants the key of peerID.
func expecting(p *v1alpha1.PeerNode) {
	p.Spec.Identity = &v1alpha1.PeerIdentity{ExpectedPublicKey: publicKey}
}

// reserved is the reservation of the key of peerID for alpha, unless changed.
func reserved(change ...func(*v1alpha1.PeerIdentityReservation)) *v1alpha1.PeerIdentityReservation {
	r := &v1alpha1.PeerIdentityReservation{
		ObjectMeta: metav1.ObjectMeta{Name: reservation},
		Spec: v1alpha1.PeerIdentityReservationSpec{
			Network: "libp2p", KeyType: v1alpha1.IdentityEd25519, PublicKey: strings.TrimPrefix(reservation, "libp2p-ed25519-"), PeerID: peerID,
			Holder: v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, Epoch: 1, SecretName: "alpha-identity-1",
		},
	}
	for _, c := range change {
		c(r)
	}
	return r
}

func forBeta(r *v1alpha1.PeerIdentityReservation) { r.Spec.Holder.Name = "beta" }

func forOthers(r *v1alpha1.PeerIdentityReservation) { r.Spec.Holder.Namespace = "others" }

// deletedBefore alpha was made, which is at now.
func deletedBefore(r *v1alpha1.PeerIdentityReservation) {
	r.DeletionTimestamp = new(metav1.NewTime(now.Add(-time.Second)))
}

func deletedSince(r *v1alpha1.PeerIdentityReservation) {
	r.DeletionTimestamp = new(metav1.NewTime(now.Add(time.Second)))
}

func made(r *v1alpha1.PeerIdentityReservation) {
	r.Name, r.Spec.PublicKey, r.Spec.PeerID = madeReservation, strings.TrimPrefix(madeReservation, "libp2p-ed25519-"), madePeerID
}

// with lets reservations exist. The PeerNode was made at now.
func (w *world) with(reservations ...*v1alpha1.PeerIdentityReservation) *world {
	w.PeerNode.CreationTimestamp = metav1.NewTime(now)
	for _, r := range reservations {
		w.reserve(r)
	}
	return w
}

// returning is a PeerNode that has all that comes before its key, and whose identity was reserved for an earlier one.
func returning(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	return guarded(t, spec...).with(reserved())
}

// restored is one for which a Secret is there.
func restored(t *testing.T, spec ...func(*v1alpha1.PeerNode)) *world {
	w := guarded(t, spec...)
	w.KeyTaken = true
	return w
}

func otherRecipients(_ *seal.Binding, _ *v1alpha1.IdentityType, to *[]seal.Recipient) {
	(*to)[0] = newSealing().Recipient
}

var identities = map[string]situation{
	"A PeerNode that comes back takes its identity up.": {
		func(t *testing.T) *world { return returning(t) }, waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"A key that was restored is nobody's as far as is known.": {
		func(t *testing.T) *world { return restored(t) }, refused("IdentityUnknown", "IdentityBound", ""), "Set spec.identity.expectedPublicKey to what peer-companion inspect prints",
	},
	"Two reservations name the PeerNode.": {
		func(t *testing.T) *world { return guarded(t).with(reserved(), reserved(made)) }, refused("IdentityUnknown"), "both name this PeerNode",
	},
	"A key that was restored is that of another PeerNode of the namespace.": {
		func(t *testing.T) *world { return restored(t, expecting).with(reserved(forBeta)) }, refused("IdentityTaken", "IdentityBound", ""), "is that of PeerNode peers/beta",
	},
	"A key that was restored is that of a PeerNode of another namespace.": {
		func(t *testing.T) *world { return restored(t, expecting).with(reserved(forOthers)) }, refused("IdentityTaken"), "and then PeerIdentityReservation " + reservation,
	},
	"The identity of a peer that runs was given to another.": {
		isServing(func(w *world) { w.with(reserved(forBeta)) }), told(serves, settled, "True IdentityTaken", "IdentityBound", "True KeyProven"), "",
	},
	"The key that is expected is not there.": {
		func(t *testing.T) *world { w := guarded(t, expecting); w.KeyFree = true; return w }, refused("IdentityMissing"), "Create it; no other key is made",
	},
	"The reservation was deleted before the PeerNode was made.": {
		func(t *testing.T) *world { return guarded(t).with(reserved(deletedBefore)) }, waits("WaitingForReservation"), "goes once no pod can run",
	},
	"The reservation was deleted, and the PeerNode is there.": {
		isServing(func(w *world) { w.with(reserved(deletedSince)) }), told(serves, settled, settled), "",
	},
	"A Job made a key, and another is reserved.": {
		func(t *testing.T) *world { return ordered(t).made().with(reserved()) }, refused("IdentityMissing"), "says that this peer is " + peerID,
	},
	"A Job made another key than the one that is expected.": {
		func(t *testing.T) *world { w := ordered(t).made(); expecting(w.PeerNode); return w }, refused("KeyJobFailed"), "not that of spec.identity.expectedPublicKey",
	},
}

// The steps come one after the other, so an operator may be killed after each of them.
func TestAnIdentityIsReservedBeforeItsKeyIsStored(t *testing.T) {
	for name, c := range map[string]struct {
		observe                func(t *testing.T) *world
		reserves               string
		stores, runs, discards bool
		peerID                 string
	}{
		"The Job is at work.": {observe: func(t *testing.T) *world { return ordered(t) }},
		"The Job has made the key.": {
			func(t *testing.T) *world { return ordered(t).made() }, madeReservation, true, true, false, madePeerID,
		},
		"Its identity is reserved, and the operator was killed.": {
			func(t *testing.T) *world { return ordered(t).made().with(reserved(made)) }, "", true, true, false, madePeerID,
		},
		"Its identity is reserved, and the recipients have changed since.": {
			func(t *testing.T) *world { return ordered(t).made(otherRecipients).with(reserved(made)) }, "", true, true, false, madePeerID,
		},
		"Nothing is reserved, and the recipients have changed.": {
			func(t *testing.T) *world { return ordered(t).made(otherRecipients) }, "", false, false, true, "",
		},
		"Its identity is reserved, and the Job is gone.": {
			func(t *testing.T) *world { return guarded(t).with(reserved(made)) }, "", false, true, false, madePeerID,
		},
		"The pod is made, and the record was lost.": {
			isServing(func(w *world) { w.PeerNode.Status = v1alpha1.PeerNodeStatus{} }), "", false, true, false, peerID,
		},
		"The pod was made by an operator from before, which left the Job.": {
			func(t *testing.T) *world {
				w := ordered(t).made()
				w.carryOut()
				w.Reservations = nil
				return w
			}, madeReservation, false, true, false, madePeerID,
		},
		"The pod was made by an operator from before, which told nobody of what.": {
			isServing(func(w *world) { w.PeerNode.Status = v1alpha1.PeerNodeStatus{}; w.Reservations, w.Pod = nil, nil }), "", false, true, false, "",
		},
		"The key is on record, and nothing is reserved.": {
			isServing(func(w *world) { w.Reservations = nil }), reservation, false, true, false, peerID,
		},
		"A Secret is on record, whose key is reserved.": {
			isServing(func(w *world) { w.PeerNode.Status.Identity.PeerID, w.PeerNode.Status.Identity.PublicKey = "", "" }), "", false, true, false, peerID,
		},
		"A Secret is on record, whose key nobody has told.": {
			isServing(func(w *world) {
				w.PeerNode.Status.Identity.PeerID, w.PeerNode.Status.Identity.PublicKey = "", ""
				w.Reservations, w.Pod = nil, nil
			}), "", false, true, false, "",
		},
		"A PeerNode comes back.":               {func(t *testing.T) *world { return returning(t) }, "", false, true, false, peerID},
		"Somebody restored the key.":           {func(t *testing.T) *world { return restored(t) }, "", false, false, false, ""},
		"Somebody restored the expected key.":  {func(t *testing.T) *world { return restored(t, expecting) }, reservation, false, true, false, peerID},
		"Another key was expected before.":     {func(t *testing.T) *world { return restored(t, expecting).with(reserved(made)) }, reservation, false, true, false, peerID},
		"The expected one of two is reserved.": {func(t *testing.T) *world { return guarded(t, expecting).with(reserved(), reserved(made)) }, "", false, true, false, peerID},
		"The identity is another's.":           {func(t *testing.T) *world { return restored(t, expecting).with(reserved(forBeta)) }, "", false, false, false, ""},
		"The Job made a key that is another's.": {
			func(t *testing.T) *world { return ordered(t).made().with(reserved(made, forBeta)) }, "", false, false, false, "",
		},
		"The reservation of an earlier PeerNode goes.": {
			func(t *testing.T) *world { return guarded(t).with(reserved(deletedBefore)) }, "", false, false, false, "",
		},
		"The reservation was deleted, and the PeerNode is there.": {
			isServing(func(w *world) { w.with(reserved(deletedSince)) }), "", false, true, false, peerID,
		},
		"Custom software has no identity of ours.": {isServing(func(*world) {}, custom), "", false, true, false, ""},
	} {
		w := c.observe(t)
		p := w.decide()
		got := ""
		if p.Reserve != nil {
			got = p.Reserve.Name
		}
		runs := slices.ContainsFunc(p.Apply, func(change intent.Change) bool { return change.Kind == "StatefulSet" }) || hasSet(w)
		if got != c.reserves || (p.Store != nil) != c.stores || runs != c.runs || (len(p.Delete) > 0) != c.discards {
			t.Errorf("%s It reserves %q, stores: %v, runs: %v, discards: %v; want %+v", name, got, p.Store != nil, runs, len(p.Delete) > 0, c)
		}
		id := ""
		if recorded := w.status().Identity; recorded != nil {
			id = recorded.PeerID
		}
		if id != c.peerID {
			t.Errorf("%s On record is %q, want %q", name, id, c.peerID)
		}
	}
}

func TestAReservationSaysWhoseKeyItIs(t *testing.T) {
	got := restored(t, expecting).decide().Reserve
	want := reserved(func(r *v1alpha1.PeerIdentityReservation) {
		r.APIVersion, r.Kind, r.Finalizers = "peernode.dev/v1alpha1", "PeerIdentityReservation", []string{"peernode.dev/identity"}
		r.Labels = map[string]string{
			"peernode.dev/peernode": "alpha", "app.kubernetes.io/managed-by": "peernode-operator", "app.kubernetes.io/component": "identity",
			"app.kubernetes.io/name": "peernode", "app.kubernetes.io/instance": "alpha",
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the reservation (-want +got):\n%s", diff)
	}
}

func TestTheKeysThatAPeerClaims(t *testing.T) {
	for name, c := range map[string]struct {
		world *world
		want  []string
	}{
		"A new PeerNode.":           {newborn(t), nil},
		"One that expects a key.":   {newborn(t, expecting), []string{reservation}},
		"The Job has made the key.": {ordered(t).made(), []string{madeReservation}},
		"The Job has failed.":       {ordered(t).handedOver("hello"), nil},
		"The key is on record.":     {serving(t), []string{reservation}},
		"And expected.":             {serving(t, expecting), []string{reservation}},
		"Custom software.":          {serving(t, custom), nil},
		"No software.":              {newborn(t, func(p *v1alpha1.PeerNode) { p.Spec.Software = v1alpha1.PeerSoftware{} }), nil},
	} {
		if diff := cmp.Diff(c.want, plan.Claims(c.world.Observed)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What could not be stored must not be on record: it would be missed for ever.
func TestAKeyThatWasNotStoredIsNotOnRecord(t *testing.T) {
	w := ordered(t).made()
	p := w.decide().WithoutKey()
	if id := plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), now).Identity; id != nil {
		t.Errorf("on record is %+v", id)
	}
	w = serving(t)
	p = w.decide().WithoutKey()
	if diff := cmp.Diff(recorded(), plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), now).Identity); diff != "" {
		t.Errorf("of a key that was there, on record is (-want +got):\n%s", diff)
	}
}

func hasSet(w *world) bool {
	for ref := range w.Objects {
		if ref.Kind == "StatefulSet" {
			return true
		}
	}
	return false
}
