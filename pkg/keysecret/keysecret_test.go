// SPDX-License-Identifier: Apache-2.0

package keysecret_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
)

func secret(change ...func(*corev1.Secret)) *corev1.Secret {
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}}
	s := keysecret.New(p, 1, []byte("{}"))
	for _, c := range change {
		c(s)
	}
	return s
}

func TestTheSecretOfAKey(t *testing.T) {
	const want = `apiVersion: v1
data:
  envelope: e30=
immutable: true
kind: Secret
metadata:
  labels:
    app.kubernetes.io/component: identity
    app.kubernetes.io/instance: alpha
    app.kubernetes.io/managed-by: peernode-operator
    app.kubernetes.io/name: peernode
    peernode.dev/peernode: alpha
  name: alpha-identity-1
  namespace: peers
type: Opaque
`
	got, err := yaml.Marshal(secret())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("the Secret (-want +got):\n%s", diff)
	}
}

func TestASecretTellsWhoseKeyItHolds(t *testing.T) {
	got, err := keysecret.OwnerOf(secret())
	if diff := cmp.Diff(keysecret.Owner{Namespace: "peers", PeerNode: "alpha", Epoch: 1}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, c := range map[string]struct {
		change func(*corev1.Secret)
		says   string
	}{
		"A Secret of another purpose.":   {func(s *corev1.Secret) { s.Name = "tls" }, `named "tls"`},
		"A Secret without labels.":       {func(s *corev1.Secret) { s.Labels = nil }, `peernode.dev/peernode=""`},
		"A Secret of two peers at once.": {func(s *corev1.Secret) { s.Labels[v1alpha1.LabelPeerNode] = "beta" }, `peernode.dev/peernode="beta"`},
	} {
		if owner, err := keysecret.OwnerOf(secret(c.change)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, %v, want an error that says %q", name, owner, err, c.says)
		}
	}
}
