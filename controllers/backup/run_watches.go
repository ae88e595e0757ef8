// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peerbackup"
)

// runsAtATime is how many Jobs are worked on at a time: at midnight those of all peers may be due.
const runsAtATime = 4

// SetupWithManager registers the controller and its watches.
func (r *Runner) SetupWithManager(mgr ctrl.Manager) error {
	runs := predicate.NewPredicateFuncs(func(o client.Object) bool {
		job, ok := o.(*batchv1.Job)
		return ok && peerbackup.Runs(job)
	})
	return ctrl.NewControllerManagedBy(mgr).
		Named("backuprun").
		For(&batchv1.Job{}, builder.WithPredicates(runs)).
		Watches(&v1alpha1.PeerBackup{}, handler.EnqueueRequestsFromMapFunc(toRun)).
		WithOptions(controller.Options{MaxConcurrentReconciles: runsAtATime, ReconciliationTimeout: reconcileTimeout}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// toRun leads from a PeerBackup to the Job for which it was made.
func toRun(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelRun]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}
