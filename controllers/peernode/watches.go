// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"reflect"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
)

// indexPeers finds the PeerNodes that declare a given one.
const indexPeers = "spec.network.peers"

// concurrency is how many PeerNodes are worked on at a time. Almost all of that time is waiting for answers.
const concurrency = 8

// reconcileTimeout ends a reconcile that hangs in a request.
const reconcileTimeout = time.Minute

// SetupWithManager registers the controller, its index and its watches.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.PeerNode{}, indexPeers, declaredPeers); err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("peernode").
		For(&v1alpha1.PeerNode{}).
		Watches(&v1alpha1.PeerNode{}, handler.EnqueueRequestsFromMapFunc(r.declarers), builder.WithPredicates(seenByPeers())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileTimeout})
	for _, owned := range Owned() {
		b = b.Watches(owned, handler.EnqueueRequestsFromMapFunc(byLabel))
	}
	return b.Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// Owned lists the kinds of objects that the controller watches, for the cache to be limited to ours.
func Owned() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{},
		&corev1.ConfigMap{},
		&corev1.PersistentVolumeClaim{},
		&corev1.Service{},
		&networkingv1.NetworkPolicy{},
		&policyv1.PodDisruptionBudget{},
		&appsv1.StatefulSet{},
		&corev1.Pod{},
	}
}

// byLabel leads from an object to its PeerNode. Not every object has an owner reference: a volume has none, and
// a pod belongs to its StatefulSet.
func byLabel(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelPeerNode]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

func declaredPeers(o client.Object) []string {
	p, ok := o.(*v1alpha1.PeerNode)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(p.Spec.Network.Peers))
	for _, ref := range p.Spec.Network.Peers {
		out = append(out, types.NamespacedName{Namespace: ref.In(p.Namespace), Name: ref.Name}.String())
	}
	return out
}

// declarers are the PeerNodes that have to know when o changes.
func (r *Reconciler) declarers(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.PeerNodeList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{indexPeers: client.ObjectKeyFromObject(o).String()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "cannot list the PeerNodes that declare this one; they follow at the next resync")
		return nil
	}
	out := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return out
}

// seenByPeers lets through what other peers can see of one: that it is there, its spec and its identity.
func seenByPeers() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, okBefore := e.ObjectOld.(*v1alpha1.PeerNode)
		after, okAfter := e.ObjectNew.(*v1alpha1.PeerNode)
		return !okBefore || !okAfter || before.Generation != after.Generation ||
			!reflect.DeepEqual(before.Status.Identity, after.Status.Identity)
	}}
}
