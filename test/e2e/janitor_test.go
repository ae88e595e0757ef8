// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

// The janitor, which the chart brings if asked to, deletes the Secret of a former key once another one is kept in its place.
func TestFormerKeysGoAsFarAsTheirPeerSays(t *testing.T) {
	must(t, installByHelm("--set", "keyJanitor.enabled=true", "--set", "peers.keyPropagation=5s"))
	t.Cleanup(func() { must(t, installByHelm()) })
	p := agent(t, namespace(t), "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "5s", KeepPrevious: new(int32(1))}}
	})
	awaitReady(t, p)
	for _, stages := range [][]v1alpha1.KeyStage{
		{v1alpha1.KeyRevoked, v1alpha1.KeyActive},
		{v1alpha1.KeyRevoked, v1alpha1.KeyRevoked, v1alpha1.KeyActive},
	} {
		edit(t, p, func(p *v1alpha1.PeerNode) {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationRotateKey, strconv.Itoa(len(stages)))
		})
		awaitStages(t, p, stages...)
	}
	gone(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "alpha-identity-1"}})
	for _, kept := range []string{"alpha-identity-2", "alpha-identity-3"} {
		must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: kept}, &corev1.Secret{}))
	}
	awaitReady(t, p)
	if id := asked(t, p).PeerID; id != p.Status.Identity.PeerID {
		t.Errorf("the agent is %s, on record is %s", id, p.Status.Identity.PeerID)
	}
}
