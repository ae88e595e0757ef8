// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/seal"
)

// sealedKey is an envelope with the key that Jobs of these tests make, for alpha and its unsealer unless changed.
func sealedKey(t *testing.T, change ...func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient)) string {
	t.Helper()
	binding := seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	keyType, to := v1alpha1.IdentityEd25519, []seal.Recipient{sealing().Recipient}
	for _, c := range change {
		c(&binding, &keyType, &to)
	}
	key, err := identity.New(keyType, strings.NewReader(strings.Repeat("entropy.", 8)))
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := seal.Seal(key, binding, to)
	if err != nil {
		t.Fatal(err)
	}
	return string(envelope.Text())
}

// bringing is a PeerNode that brings a key along, and has all that comes before it.
func bringing(t *testing.T, change ...func(*seal.Binding, *v1alpha1.IdentityType, *[]seal.Recipient)) *world {
	t.Helper()
	w := guarded(t, func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Import: &v1alpha1.KeyImport{Envelope: sealedKey(t, change...)}}
	})
	w.KeyFree = true
	return w
}

// ofMade is the reservation of the imported key under a number.
func ofMade(epoch int64) func(*v1alpha1.PeerIdentityReservation) {
	return func(r *v1alpha1.PeerIdentityReservation) { made(r); r.Spec.Epoch = epoch }
}

var importing = map[string]situation{
	"A PeerNode brings its key along.": {
		func(t *testing.T) *world { return bringing(t) }, waits("WaitingForVolume", "IdentityBound", "False KeyCreated"), "",
	},
	"The imported key is about to be stored.": {
		func(t *testing.T) *world { w := bringing(t); w.KeyFree = false; return w }, waits("WaitingForKey"), "about to be stored",
	},
	"What is imported is no envelope.": {
		func(t *testing.T) *world {
			w := bringing(t)
			w.PeerNode.Spec.Identity.Import.Envelope = "AGE-SECRET-KEY-1"
			return w
		},
		refused("ImportRefused", "IdentityBound", ""), "spec.identity.import.envelope: ",
	},
	"The imported key is that of another peer.": {
		func(t *testing.T) *world { return bringing(t, boundTo("beta")) }, refused("ImportRefused"), "the envelope is bound to peers/beta",
	},
	"The imported key is of another type.": {
		func(t *testing.T) *world { return bringing(t, ofType(v1alpha1.IdentitySecp256k1)) }, refused("ImportRefused"), "of type Secp256k1, not Ed25519",
	},
	"The imported key is not the one that is expected.": {
		func(t *testing.T) *world {
			w := bringing(t, ofEpoch(2))
			w.PeerNode.Spec.Identity.ExpectedPublicKey = publicKey
			return w
		},
		refused("ImportRefused"), "the key is not that of spec.identity.expectedPublicKey",
	},
	"The imported key is sealed to others alone.": {
		func(t *testing.T) *world { return bringing(t, otherRecipients) }, refused("ImportRefused"), "not sealed to the sealing key that the unsealer of this cluster publishes",
	},
	"The imported key is that of another PeerNode.": {
		func(t *testing.T) *world { return bringing(t).with(reserved(made, forBeta)) }, refused("IdentityTaken"), "is that of PeerNode peers/beta",
	},
	"The peer that imports a key is known by another.": {
		func(t *testing.T) *world { return bringing(t).with(reserved()) }, refused("ImportRefused"), "says that this peer is " + peerID + ", epoch 1",
	},
	"The peer that imports a key has had a later one.": {
		func(t *testing.T) *world { return bringing(t).with(reserved(ofMade(2))) }, refused("ImportRefused"), "as epoch 1, but PeerIdentityReservation",
	},
}

func TestAnImportedKeyIsStoredOnce(t *testing.T) {
	for name, c := range map[string]struct {
		observe        func(t *testing.T) *world
		reserves       bool
		stores, secret string
	}{
		"Its name is free.": {
			func(t *testing.T) *world { return bringing(t) }, true, "alpha-identity-1", "alpha-identity-1",
		},
		"Its identity is reserved, and the operator was killed.": {
			func(t *testing.T) *world { return bringing(t).with(reserved(made)) }, false, "alpha-identity-1", "alpha-identity-1",
		},
		"It is stored, and the operator was killed.": {
			func(t *testing.T) *world {
				w := bringing(t).with(reserved(made))
				w.KeyFree, w.KeyTaken = false, true
				return w
			}, false, "", "alpha-identity-1",
		},
		"It is stored, and nothing is reserved.": {
			func(t *testing.T) *world { w := bringing(t); w.KeyFree, w.KeyTaken = false, true; return w }, true, "", "alpha-identity-1",
		},
		"It is the third key of a peer that was lost.": {
			func(t *testing.T) *world { return bringing(t, ofEpoch(3)).with(reserved(ofMade(3))) }, false, "alpha-identity-3", "alpha-identity-3",
		},
		"It is the third key of a peer of another cluster.": {
			func(t *testing.T) *world { return bringing(t, ofEpoch(3)) }, true, "alpha-identity-3", "alpha-identity-3",
		},
		"It is stored and sealed to a sealing key of before.": {
			func(t *testing.T) *world {
				w := bringing(t, otherRecipients)
				w.KeyFree, w.KeyTaken = false, true
				return w
			}, true, "", "alpha-identity-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			p := w.decide()
			stores := ""
			if p.Store != nil {
				stores = p.Store.Name
				if string(p.Store.Data["envelope"]) != w.PeerNode.Spec.Identity.Import.Envelope {
					t.Error("another text than that of the spec is stored")
				}
			}
			if (p.Reserve != nil) != c.reserves || stores != c.stores {
				t.Errorf("reserves %v and stores %q, want %v and %q", p.Reserve != nil, stores, c.reserves, c.stores)
			}
			id := w.status().Identity
			if id == nil || id.SecretName != c.secret || id.PeerID != madePeerID {
				t.Errorf("on record is %+v, want %s in Secret %s", id, madePeerID, c.secret)
			}
			if got := orders(w); len(got) > 0 {
				t.Errorf("Jobs are ordered: %v", got)
			}
		})
	}
}

func TestAnImportedKeyIsNotOnRecordBecauseAnEarlierPeerNodeHadIt(t *testing.T) {
	w := bringing(t).with(reserved(made))
	w.carryOut()
	w.set().OwnerReferences[0].UID = "another"
	w.KeyFree = false
	if p := w.decide(); p.Acts() || w.status().Identity != nil {
		t.Errorf("it acts: %v, on record is %+v", p.Acts(), w.status().Identity)
	}
}

func TestTheNameOfAnImportedKeyIsAskedFor(t *testing.T) {
	w := bringing(t, ofEpoch(3)).with(reserved(ofMade(3)))
	if !plan.KeyUnknown(w.Observed) || plan.KeyEpoch(w.PeerNode) != 3 {
		t.Errorf("asked: %v, for epoch %d", plan.KeyUnknown(w.Observed), plan.KeyEpoch(w.PeerNode))
	}
	if diff := cmp.Diff([]string{madeReservation}, plan.Claims(w.Observed)); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

// recordedImport is a peer that runs with the key that it brought along.
func recordedImport(t *testing.T, change ...func(*v1alpha1.PeerIdentityStatus)) *world {
	w := bringing(t)
	w.PeerNode.Status.Identity = &v1alpha1.PeerIdentityStatus{Epoch: 1, SecretName: "alpha-identity-1", Protection: v1alpha1.ProtectionBrokered}
	key, err := identity.New(v1alpha1.IdentityEd25519, strings.NewReader(strings.Repeat("entropy.", 8)))
	if err != nil {
		t.Fatal(err)
	}
	id := w.decide().Kind.Key().Identity(key.Public())
	w.PeerNode.Status.Identity.PeerID, w.PeerNode.Status.Identity.PublicKey = id.PeerID, id.PublicKey
	for _, c := range change {
		c(w.PeerNode.Status.Identity)
	}
	w.with(reserved(made))
	w.KeyFree = false
	return w
}

func TestAnImportedKeyThatIsLostIsStoredOnceMore(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    bool
	}{
		"The Secret is there, as far as is known.": {func(t *testing.T) *world { return recordedImport(t) }, false},
		"The Secret is gone.":                      {func(t *testing.T) *world { w := recordedImport(t); w.KeyMissing = true; return w }, true},
		"The Secret is gone, and the unsealer too.": {
			func(t *testing.T) *world { w := recordedImport(t); w.KeyMissing, w.Sealing = true, nil; return w }, false,
		},
		"The Secret of a later key is gone.": {
			func(t *testing.T) *world {
				w := recordedImport(t, func(id *v1alpha1.PeerIdentityStatus) { id.Epoch, id.SecretName = 2, "alpha-identity-2" })
				w.KeyMissing = true
				return w
			}, false,
		},
		"The peer runs with another key.": {
			func(t *testing.T) *world {
				w := recordedImport(t, func(id *v1alpha1.PeerIdentityStatus) { id.PeerID, id.PublicKey = peerID, publicKey })
				w.KeyMissing = true
				return w
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if p := c.observe(t).decide(); (p.Store != nil) != c.want {
				t.Errorf("stored: %v, want %v (blocked: %v)", p.Store != nil, c.want, p.Blocked)
			}
		})
	}
}
