// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

func TestADeletedPeerIsTakenUpAgain(t *testing.T) {
	ns := namespace(t)
	p := agent(t, ns, "alpha")
	awaitReady(t, p)
	before := asked(t, p)
	must(t, admin.Delete(t.Context(), p))
	gone(t, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "alpha"}})
	gone(t, &corev1.Pod{ObjectMeta: podMeta(p)})
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "alpha-data"}, &corev1.PersistentVolumeClaim{}))
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "alpha-identity-1"}, &corev1.Secret{}))

	p = agent(t, ns, "alpha")
	awaitReady(t, p)
	if after := asked(t, p); after.PeerID != before.PeerID || after.Sequence < before.Sequence || after.Starts != before.Starts+1 {
		t.Errorf("taken up as somebody else: before %+v, after %+v", before, after)
	}
}

func TestAPeerThatIsToLeaveNothingLeavesNothing(t *testing.T) {
	ns := namespace(t)
	p := agent(t, ns, "alpha", builders.DeleteData, builders.DeleteKeys)
	awaitReady(t, p)
	claim := &corev1.PersistentVolumeClaim{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "alpha-data"}, claim))
	must(t, admin.Delete(t.Context(), p))
	gone(t, p)
	gone(t, &corev1.Pod{ObjectMeta: podMeta(p)})
	gone(t, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "alpha-data"}})
	gone(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "alpha-identity-1"}})
	gone(t, &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: claim.Spec.VolumeName}})
}

func podMeta(p *v1alpha1.PeerNode) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name + "-0"}
}

func errStill(what string) error { return errors.New(what + " is still there") }
