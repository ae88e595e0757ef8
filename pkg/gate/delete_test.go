// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/names"
)

// leaving is a PeerNode on its way out whose author wants the data gone.
func leaving() *v1alpha1.PeerNode {
	return &v1alpha1.PeerNode{
		ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", UID: "uid-1", DeletionTimestamp: &metav1.Time{Time: time.Unix(1, 0)}},
		Spec:       v1alpha1.PeerNodeSpec{DeletionPolicy: v1alpha1.DeletionPolicy{Data: v1alpha1.RetentionDelete}},
	}
}

// its is the claim of leaving.
func its() *corev1.PersistentVolumeClaim {
	p := leaving()
	return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Name: names.Data(p), Namespace: p.Namespace, Labels: names.Labels(p, "data"),
		Annotations: map[string]string{v1alpha1.AnnotationOwnerUID: string(p.UID)},
	}}
}

func TestMayDeleteData(t *testing.T) {
	for name, c := range map[string]struct {
		peer   func(*v1alpha1.PeerNode)
		claim  func(*corev1.PersistentVolumeClaim)
		reason string
	}{
		"It may when everything speaks for it.": {},
		"It may not while the PeerNode stays.": {
			peer: func(p *v1alpha1.PeerNode) { p.DeletionTimestamp = nil }, reason: "is not being deleted",
		},
		"It may not when the spec has been set back to Retain.": {
			peer: func(p *v1alpha1.PeerNode) { p.Spec.DeletionPolicy.Data = v1alpha1.RetentionRetain }, reason: "is not Delete",
		},
		"It may not when the spec leaves it open.": {
			peer: func(p *v1alpha1.PeerNode) { p.Spec.DeletionPolicy.Data = "" }, reason: "is not Delete",
		},
		"It may not when only the keys are to go.": {
			peer: func(p *v1alpha1.PeerNode) {
				p.Spec.DeletionPolicy = v1alpha1.DeletionPolicy{Keys: v1alpha1.RetentionDelete}
			}, reason: "is not Delete",
		},
		"It may not when somebody else made the claim.": {
			claim: func(c *corev1.PersistentVolumeClaim) { c.Labels = nil }, reason: "does not carry the labels",
		},
		"It may not when the claim belongs to another peer.": {
			claim: func(c *corev1.PersistentVolumeClaim) { c.Labels[v1alpha1.LabelPeerNode] = "beta" }, reason: "does not carry the labels",
		},
		"It may not when an earlier PeerNode of this name left the claim behind.": {
			claim: func(c *corev1.PersistentVolumeClaim) { c.Annotations[v1alpha1.AnnotationOwnerUID] = "uid-0" }, reason: "last used by another PeerNode (UID uid-0)",
		},
		"It may not when nobody knows who used the claim last.": {
			claim: func(c *corev1.PersistentVolumeClaim) { c.Annotations = nil }, reason: "last used by another PeerNode",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, claim := leaving(), its()
			if c.peer != nil {
				c.peer(p)
			}
			if c.claim != nil {
				c.claim(claim)
			}
			err := gate.MayDeleteData(p, claim)
			if c.reason == "" && err != nil {
				t.Errorf("got %v, want no objection", err)
			}
			if c.reason != "" && (err == nil || !strings.Contains(err.Error(), c.reason)) {
				t.Errorf("got %v, want an objection that says %q", err, c.reason)
			}
		})
	}
}

func TestOursNeedsBothLabels(t *testing.T) {
	p := leaving()
	for name, c := range map[string]struct {
		labels map[string]string
		want   bool
	}{
		"Both labels.":                   {map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelPeerNode: "alpha"}, true},
		"No labels.":                     {nil, false},
		"Managed by somebody else.":      {map[string]string{v1alpha1.LabelManagedBy: "Helm", v1alpha1.LabelPeerNode: "alpha"}, false},
		"Ours, but of another PeerNode.": {map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy, v1alpha1.LabelPeerNode: "beta"}, false},
		"The name alone.":                {map[string]string{v1alpha1.LabelPeerNode: "alpha"}, false},
	} {
		if got := gate.Ours(p, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Labels: c.labels}}); got != c.want {
			t.Errorf("%s Ours = %v, want %v", name, got, c.want)
		}
	}
}
