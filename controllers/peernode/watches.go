// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/watch"
	"github.com/peernode/operator/pkg/sealingkey"
)

// concurrency is how many PeerNodes are worked on at a time. Almost all of that time is waiting for answers.
const concurrency = 8

// reconcileTimeout ends a reconcile that hangs in a request.
const reconcileTimeout = time.Minute

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	declarers := func(index string, of func(client.Object) (types.NamespacedName, bool)) handler.MapFunc {
		return watch.Declarers(r.Client, func() client.ObjectList { return &v1alpha1.PeerNodeList{} }, index, of)
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("peernode").
		For(&v1alpha1.PeerNode{}).
		Watches(&v1alpha1.PeerNode{}, handler.EnqueueRequestsFromMapFunc(declarers(index.Peers, watch.Itself)), builder.WithPredicates(watch.SeenByPeers())).
		Watches(&v1alpha1.PeerNode{}, watch.Gathered(declarers(index.ListedFleets, watch.ItsFleet)), builder.WithPredicates(watch.SeenByPeers())).
		Watches(&v1alpha1.PeerFleet{}, watch.Gathered(declarers(index.Fleets, watch.Itself)), builder.WithPredicates(watch.SeenByFleets())).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileTimeout})
	b = b.Watches(&v1alpha1.PeerBackupStore{}, handler.EnqueueRequestsFromMapFunc(declarers(index.Stores, watch.Itself)), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	b = b.Watches(&v1alpha1.PeerBackup{}, handler.EnqueueRequestsFromMapFunc(onBackup))
	b = b.Watches(&v1alpha1.PeerBackupStore{}, handler.EnqueueRequestsFromMapFunc(r.restoring), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	b = b.Watches(&v1alpha1.PeerBackup{}, handler.EnqueueRequestsFromMapFunc(r.restoring))
	b = b.Watches(&v1alpha1.PeerIdentityReservation{}, handler.EnqueueRequestsFromMapFunc(r.byHolder))
	b = b.Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.onPublished))
	b = b.WatchesRawSource(source.Channel(r.Enforced.Changes(), handler.EnqueueRequestsFromMapFunc(r.everyPeer)))
	for _, owned := range Owned() {
		b = b.Watches(owned, handler.EnqueueRequestsFromMapFunc(byLabel))
	}
	var err error
	if r.certificates, err = newOptionalKind(mgr, r.OptionalCache, &certmanagerv1.Certificate{}, certmanagerv1.SchemeGroupVersion, "certificates"); err != nil {
		return err
	}
	if r.routes, err = newOptionalKind(mgr, r.OptionalCache, &gatewayv1.TLSRoute{}, schema.GroupVersion(gatewayv1.GroupVersion), "tlsroutes"); err != nil {
		return err
	}
	optional := []*optionalKind{r.certificates, r.routes}
	for _, k := range optional {
		b = b.WatchesRawSource(source.Channel(k.changed, handler.EnqueueRequestsFromMapFunc(r.everyPeer)))
	}
	c, err := b.Build(reconcile.AsReconciler(mgr.GetClient(), r))
	if err != nil {
		return err
	}
	for _, k := range optional {
		k.controller = c
		if err := mgr.Add(k); err != nil {
			return err
		}
	}
	return nil
}

// onPublished leads from what the unsealer publishes to all PeerNodes: those without a key wait for it, and the others
// know the unsealer by it.
func (r *Reconciler) onPublished(ctx context.Context, o client.Object) []reconcile.Request {
	if o.GetName() != sealingkey.Name || o.GetNamespace() != r.Options.Resources.UnsealerNamespace {
		return nil
	}
	return r.everyPeer(ctx, o)
}

// everyPeer leads from what concerns all PeerNodes to each of them.
func (r *Reconciler) everyPeer(ctx context.Context, _ client.Object) []reconcile.Request {
	list := &v1alpha1.PeerNodeList{}
	// The cache answers, or the operator is on its way out.
	if err := r.Client.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return out
}

// Owned lists the kinds of objects that the controller watches, for the cache to be limited to ours.
func Owned() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{},
		&corev1.ConfigMap{},
		&corev1.PersistentVolumeClaim{},
		&corev1.Service{},
		&networkingv1.NetworkPolicy{},
		&networkingv1.Ingress{},
		&policyv1.PodDisruptionBudget{},
		&appsv1.StatefulSet{},
		&batchv1.Job{},
		&batchv1.CronJob{},
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
