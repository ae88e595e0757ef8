// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peerbackup"
)

// reconcileTimeout ends a reconcile that hangs in a request.
const reconcileTimeout = time.Minute

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("peerbackup").
		For(&v1alpha1.PeerBackup{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 1, ReconciliationTimeout: reconcileTimeout})
	for _, other := range []client.Object{&v1alpha1.PeerBackup{}, &v1alpha1.PeerNode{}, &v1alpha1.PeerBackupStore{}, &v1alpha1.PeerFleet{}} {
		b = b.Watches(other, handler.EnqueueRequestsFromMapFunc(r.waiting))
	}
	for _, owned := range []client.Object{&networkingv1.NetworkPolicy{}, &corev1.PersistentVolumeClaim{}, &batchv1.Job{}, &corev1.Pod{}, &appsv1.StatefulSet{}} {
		b = b.Watches(owned, handler.EnqueueRequestsFromMapFunc(r.byLabel))
	}
	return b.Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// byLabel leads from what makes a backup to the backup, and from what runs a peer to the backups that have not ended.
func (r *Reconciler) byLabel(ctx context.Context, o client.Object) []reconcile.Request {
	labels := o.GetLabels()
	if name := labels[v1alpha1.LabelBackup]; name != "" {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
	}
	if labels[v1alpha1.LabelPeerNode] == "" {
		return nil
	}
	return r.waiting(ctx, o)
}

// waiting leads from what a backup may wait for to those of its namespace that have not ended.
func (r *Reconciler) waiting(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.PeerBackupList{}
	// The cache answers, or the operator is on its way out.
	if err := r.Client.List(ctx, list, client.InNamespace(o.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if b := &list.Items[i]; !peerbackup.Ended(b) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(b)})
		}
	}
	return out
}
