// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

const (
	// indexFleet finds the PeerNodes that carry the label of a fleet.
	indexFleet = "metadata.labels.fleet"

	// indexDeclared finds the fleets whose template declares a PeerNode.
	indexDeclared = "spec.template.spec.network.peers"

	// concurrency is how many fleets are worked on at a time.
	concurrency = 4

	// reconcileTimeout ends a reconcile that hangs in a request. The first one of a large fleet makes all its peers.
	reconcileTimeout = 5 * time.Minute

	// gather is how long a change of a peer waits for others: each look at a fleet is a look at all its peers.
	gather = 500 * time.Millisecond
)

// SetupWithManager registers the controller, its indexes and its watches.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	indexer := mgr.GetFieldIndexer()
	if err := indexer.IndexField(ctx, &v1alpha1.PeerNode{}, indexFleet, fleetOf); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &v1alpha1.PeerFleet{}, indexDeclared, declaredPeers); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("peerfleet").
		For(&v1alpha1.PeerFleet{}).
		Watches(&v1alpha1.PeerNode{}, gathered(r.fleetsOf)).
		Watches(&corev1.ConfigMap{}, gathered(byLabel)).
		Watches(&policyv1.PodDisruptionBudget{}, gathered(byLabel)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileTimeout}).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// gathered queues fleets a little later, so that the changes of many peers lead to one look.
func gathered(fleets handler.MapFunc) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(ctx context.Context, q queue, objects ...client.Object) {
		for _, o := range objects {
			for _, request := range fleets(ctx, o) {
				q.AddAfter(request, gather)
			}
		}
	}
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue) { add(ctx, q, e.Object) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue) { add(ctx, q, e.ObjectOld, e.ObjectNew) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { add(ctx, q, e.Object) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { add(ctx, q, e.Object) },
	}
}

func byLabel(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelFleet]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// fleetsOf are the fleet of a PeerNode, the one that wants its name, and those that declare it.
func (r *Reconciler) fleetsOf(ctx context.Context, o client.Object) []reconcile.Request {
	out := byLabel(ctx, o)
	if name, ok := names.FleetOf(o.GetName()); ok {
		out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}})
	}
	list := &v1alpha1.PeerFleetList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{indexDeclared: client.ObjectKeyFromObject(o).String()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "cannot list the PeerFleets that declare this PeerNode; they follow at the next resync")
		return out
	}
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return out
}

// fleetOf goes by the label, and by the owner for a peer that somebody took the label from.
func fleetOf(o client.Object) []string {
	if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == "PeerFleet" {
		return []string{owner.Name}
	}
	if name := o.GetLabels()[v1alpha1.LabelFleet]; name != "" {
		return []string{name}
	}
	return nil
}

func declaredPeers(o client.Object) []string {
	f, ok := o.(*v1alpha1.PeerFleet)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(f.Spec.Template.Spec.Network.Peers))
	for _, ref := range f.Spec.Template.Spec.Network.Peers {
		out = append(out, types.NamespacedName{Namespace: ref.In(f.Namespace), Name: ref.Name}.String())
	}
	return out
}
