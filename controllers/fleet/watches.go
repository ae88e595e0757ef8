// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/watch"
	"github.com/peernode/operator/pkg/names"
)

const (
	// concurrency is how many fleets are worked on at a time.
	concurrency = 4

	// reconcileTimeout ends a reconcile that hangs in a request. The first one of a large fleet makes all its peers.
	reconcileTimeout = 5 * time.Minute
)

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	declarers := func(index string, of func(client.Object) (types.NamespacedName, bool)) handler.MapFunc {
		return watch.Declarers(r.Client, func() client.ObjectList { return &v1alpha1.PeerFleetList{} }, index, of)
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("peerfleet").
		For(&v1alpha1.PeerFleet{}).
		Watches(&v1alpha1.PeerNode{}, watch.Gathered(fleetOf)).
		Watches(&v1alpha1.PeerNode{}, watch.Gathered(declarers(index.Peers, watch.Itself)), builder.WithPredicates(watch.SeenByPeers())).
		Watches(&v1alpha1.PeerNode{}, watch.Gathered(declarers(index.Fleets, watch.ItsFleet)), builder.WithPredicates(watch.SeenByPeers())).
		Watches(&v1alpha1.PeerBackup{}, watch.Gathered(onBackup)).
		Watches(&v1alpha1.PeerFleet{}, watch.Gathered(declarers(index.Fleets, watch.Itself)), builder.WithPredicates(watch.SeenByFleets())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileTimeout})
	for _, owned := range []client.Object{&corev1.ConfigMap{}, &policyv1.PodDisruptionBudget{}, &appsv1.ControllerRevision{}} {
		b = b.Watches(owned, watch.Gathered(byLabel))
	}
	return b.Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

func byLabel(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelFleet]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// onBackup leads from a backup to the fleet whose peer it holds, or lets go, by the name that peers of fleets have.
func onBackup(_ context.Context, o client.Object) []reconcile.Request {
	b, ok := o.(*v1alpha1.PeerBackup)
	if !ok {
		return nil
	}
	name, ok := names.FleetOf(b.Spec.PeerNodeRef.Name)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: b.Namespace, Name: name}}}
}

// fleetOf are the fleet of a PeerNode, and the one that wants its name.
func fleetOf(ctx context.Context, o client.Object) []reconcile.Request {
	out := byLabel(ctx, o)
	if name, ok := names.FleetOf(o.GetName()); ok {
		out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}})
	}
	return out
}
