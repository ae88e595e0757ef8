// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

// TestTrackingIsNotCopiedDown guards against a GitOps tool pruning volumes that it takes for its own
// (Altinity/clickhouse-operator#1272).
func TestTrackingIsNotCopiedDown(t *testing.T) {
	s := tell(t)
	labels := map[string]string{"argocd.argoproj.io/instance": "app", "kustomize.toolkit.fluxcd.io/name": "app", "team": "a"}
	annotations := map[string]string{"argocd.argoproj.io/tracking-id": "app:peernode.dev/PeerNode:x/alpha", "note": "b"}
	s.serving("alpha", func(p *v1alpha1.PeerNode) {
		p.Labels, p.Annotations = labels, annotations
		routed(p)
		scheduledInto("nowhere")(p)
	})
	objects := []client.Object{s.again("alpha-0", &corev1.Pod{}), s.again("alpha-identity-1", &corev1.Secret{})}
	for _, d := range ownedObjects() {
		objects = append(objects, s.again(d.name, d.object))
	}
	for _, o := range objects {
		for key := range labels {
			if _, copied := o.GetLabels()[key]; copied {
				t.Errorf("%T %s carries the label %s", o, o.GetName(), key)
			}
		}
		for key := range annotations {
			if _, copied := o.GetAnnotations()[key]; copied {
				t.Errorf("%T %s carries the annotation %s", o, o.GetName(), key)
			}
		}
	}
}

// TestTheSpecIsNeverWritten looks who owns fields of a PeerNode.
func TestTheSpecIsNeverWritten(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	if p.Generation != 1 {
		t.Errorf("the spec is at generation %d, want the 1 that its author made", p.Generation)
	}
	for _, entry := range p.ManagedFields {
		if entry.Manager == "peernode-operator" && entry.Subresource != "status" {
			t.Errorf("the operator owns fields beside the status: %s", entry.FieldsV1)
		}
	}
	if !slices.ContainsFunc(p.ManagedFields, func(e metav1.ManagedFieldsEntry) bool {
		return e.Manager == "peernode-operator" && e.Subresource == "status"
	}) {
		t.Error("nobody of the operator's name owns the status; this test looks for the wrong name")
	}
}
