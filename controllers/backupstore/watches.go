// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"context"
	"time"

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
	"github.com/peernode/operator/pkg/names"
)

const (
	// concurrency is how many stores are worked on at a time.
	concurrency = 2

	// reconcileTimeout ends a reconcile that hangs in a request.
	reconcileTimeout = time.Minute
)

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(mgr).
		Named("peerbackupstore").
		For(&v1alpha1.PeerBackupStore{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileTimeout})
	for _, owned := range []client.Object{&networkingv1.NetworkPolicy{}, &batchv1.Job{}, &corev1.Pod{}} {
		b = b.Watches(owned, handler.EnqueueRequestsFromMapFunc(byLabel))
	}
	b = b.Watches(&v1alpha1.PeerBackup{}, handler.EnqueueRequestsFromMapFunc(byRecord))
	return b.Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// byRecord leads from a backup that is in a store to the store, which may learn from it by which key records are known.
func byRecord(_ context.Context, o client.Object) []reconcile.Request {
	if b, ok := o.(*v1alpha1.PeerBackup); ok && b.Status.Record != nil {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: b.Namespace, Name: b.Spec.StoreRef.Name}}}
	}
	return nil
}

// byLabel leads from what checks a store, or removes old backups from it, to the store. Jobs that copy keys into it have its name on them as well.
func byLabel(_ context.Context, o client.Object) []reconcile.Request {
	labels := o.GetLabels()
	if component := labels[v1alpha1.LabelComponent]; component != names.ComponentStoreCheck && component != names.ComponentStorePrune {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: labels[v1alpha1.LabelBackupStore]}}}
}
