// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/peernode/operator/api/v1alpha1"
)

func TestDataAndKeysGoOnlyWhereTheSpecSaysDelete(t *testing.T) {
	for policy, want := range map[v1alpha1.RetentionPolicy]bool{"": false, v1alpha1.RetentionRetain: false, v1alpha1.RetentionDelete: true} {
		data, keys := &v1alpha1.PeerNode{}, &v1alpha1.PeerNode{}
		data.Spec.DeletionPolicy.Data = policy
		keys.Spec.DeletionPolicy.Keys = policy
		if got := data.DeletesData(); got != want {
			t.Errorf("with data: %q, DeletesData() = %v, want %v", policy, got, want)
		}
		if got := keys.DeletesKeys(); got != want {
			t.Errorf("with keys: %q, DeletesKeys() = %v, want %v", policy, got, want)
		}
		if data.DeletesKeys() || keys.DeletesData() {
			t.Errorf("with %q, the policy of one is taken for that of the other", policy)
		}
	}
}

func TestReferencesStayInTheirNamespaceUnlessTheyNameOne(t *testing.T) {
	for reference, want := range map[v1alpha1.PeerReference]string{
		{Name: "beta"}:                         "own",
		{Name: "beta", Namespace: "elsewhere"}: "elsewhere",
	} {
		if got := reference.In("own"); got != want {
			t.Errorf("%v.In(own) = %q, want %q", reference, got, want)
		}
	}
}

func TestAPeerOpensItsKeyDirectlyOnlyWhereItsIdentitySaysSo(t *testing.T) {
	direct := &v1alpha1.DirectOpening{Recipient: "age1qq"}
	for name, c := range map[string]struct {
		identity *v1alpha1.PeerIdentity
		want     *v1alpha1.DirectOpening
	}{
		"Nothing is said of the identity.": {nil, nil},
		"Something else is said of it.":    {&v1alpha1.PeerIdentity{Type: v1alpha1.IdentityEd25519}, nil},
		"It says how.":                     {&v1alpha1.PeerIdentity{Direct: direct}, direct},
	} {
		p := &v1alpha1.PeerNode{Spec: v1alpha1.PeerNodeSpec{Identity: c.identity}}
		if got := p.Direct(); got != c.want {
			t.Errorf("%s Direct() = %v, want %v", name, got, c.want)
		}
	}
}

func TestKindsAreRegistered(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]runtime.Object{"PeerNode": &v1alpha1.PeerNode{}, "PeerNodeList": &v1alpha1.PeerNodeList{}} {
		got, err := scheme.New(v1alpha1.SchemeGroupVersion.WithKind(kind))
		if err != nil {
			t.Fatal(err)
		}
		if reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("kind %s is %T, want %T", kind, got, want)
		}
	}
}

func TestUnderWhichNamesAPeerMayCome(t *testing.T) {
	id := &v1alpha1.PeerIdentityStatus{Epoch: 3, PeerID: "three", Epochs: []v1alpha1.KeyEpoch{
		{Epoch: 1, Stage: v1alpha1.KeyRevoked, PeerID: "one"},
		{Epoch: 2, Stage: v1alpha1.KeyRetiring, PeerID: "two"},
		{Epoch: 3, Stage: v1alpha1.KeyActive, PeerID: "three"},
		{Epoch: 4, Stage: v1alpha1.KeyPublished, PeerID: "four"},
		{Epoch: 5, Stage: v1alpha1.KeyPending},
	}}
	for minimum, want := range map[int64][]string{0: {"three", "two", "four"}, 3: {"three", "four"}, 4: {"", "four"}} {
		id.MinimumEpoch = minimum
		peerID, also := id.Names()
		if got := append([]string{peerID}, also...); !slices.Equal(got, want) {
			t.Errorf("when keys before %d are compromised it may come as %q, want %q", minimum, got, want)
		}
	}
	var none *v1alpha1.PeerIdentityStatus
	if !id.Switching() || none.Switching() || none.At(v1alpha1.KeyActive) != nil {
		t.Error("a peer with a retiring key switches, and one without a key does not")
	}
}

func TestHowOftenAKeyRotates(t *testing.T) {
	for name, c := range map[string]struct {
		identity       *v1alpha1.PeerIdentity
		every, overlap time.Duration
	}{
		"Nothing is said.":  {nil, 0, 168 * time.Hour},
		"On demand.":        {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "90s"}}, 0, 90 * time.Second},
		"Without overlap.":  {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Every: "1h30m", Overlap: "0s"}}, 90 * time.Minute, 0},
		"Once in a while.":  {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Every: "720h"}}, 720 * time.Hour, 168 * time.Hour},
		"Only of the type.": {&v1alpha1.PeerIdentity{Type: v1alpha1.IdentityEd25519}, 0, 168 * time.Hour},
	} {
		if every, overlap := c.identity.RotatesEvery(), c.identity.Overlap(); every != c.every || overlap != c.overlap {
			t.Errorf("%s every %s with an overlap of %s, want %s and %s", name, every, overlap, c.every, c.overlap)
		}
	}
}

func TestHowManyPreviousKeysAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		identity *v1alpha1.PeerIdentity
		keep     int
		limited  bool
	}{
		"Nothing is said.":       {nil, 0, false},
		"Nothing of a rotation.": {&v1alpha1.PeerIdentity{}, 0, false},
		"Nothing of a limit.":    {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{}}, 0, false},
		"None.":                  {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{KeepPrevious: new(int32(0))}}, 0, true},
		"Seven.":                 {&v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{KeepPrevious: new(int32(7))}}, 7, true},
	} {
		if keep, limited := c.identity.KeepsPrevious(); keep != c.keep || limited != c.limited {
			t.Errorf("%s kept are %d, %v; want %d, %v", name, keep, limited, c.keep, c.limited)
		}
	}
}
