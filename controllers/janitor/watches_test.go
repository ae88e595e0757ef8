// SPDX-License-Identifier: Apache-2.0

package janitor

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/retention"
)

// What is kept in memory has to lead to the same decision.
func TestASlimPeerNodeLeadsToTheSameRemoval(t *testing.T) {
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "alpha", UID: "uid", Labels: map[string]string{"a": "b"}}}
	p.Spec.Image = "image"
	p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{KeepPrevious: new(int32(0))}}
	p.Status.Image = "image"
	p.Status.Identity = &v1alpha1.PeerIdentityStatus{Epoch: 2, Epochs: []v1alpha1.KeyEpoch{
		{Epoch: 1, Stage: v1alpha1.KeyRevoked, SecretName: names.Key(p, 1)}, {Epoch: 2, Stage: v1alpha1.KeyActive, SecretName: names.Key(p, 2)},
	}}
	want := retention.Decide(p)
	kept, err := slim(p.DeepCopy())
	if err != nil {
		t.Fatal(err)
	}
	slimmed := kept.(*v1alpha1.PeerNode)
	if diff := cmp.Diff(want, retention.Decide(slimmed)); diff != "" || want.None() {
		t.Errorf("removed is (-all +slim):\n%s", diff)
	}
	if slimmed.UID != p.UID || slimmed.Spec.Image != "" || slimmed.Status.Image != "" || slimmed.Labels != nil {
		t.Errorf("kept is %+v", slimmed)
	}
}

func TestTheCacheIsLimitedToItsNamespaces(t *testing.T) {
	if all := Cache(nil).DefaultNamespaces; all != nil {
		t.Errorf("without namespaces it is limited to %v", all)
	}
	var got []string
	for name := range Cache([]string{"a", "b"}).DefaultNamespaces {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("it is limited to %v", got)
	}
}
