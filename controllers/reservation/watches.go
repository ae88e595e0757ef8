// SPDX-License-Identifier: Apache-2.0

package reservation

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/watch"
)

// SetupWithManager registers the controller and its watches.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	held := func(of func(client.Object) (types.NamespacedName, bool)) handler.EventHandler {
		list := func() client.ObjectList { return &v1alpha1.PeerIdentityReservationList{} }
		return handler.EnqueueRequestsFromMapFunc(watch.Declarers(r.Client, list, index.Holder, of))
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("peeridentityreservation").
		For(&v1alpha1.PeerIdentityReservation{}).
		Watches(&v1alpha1.PeerNode{}, held(watch.Itself), builder.WithPredicates(gone())).
		Watches(&corev1.Pod{}, held(itsPeerNode), builder.WithPredicates(gone())).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// gone lets through that something is not there any more.
func gone() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return true },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// itsPeerNode names the PeerNode of a pod.
func itsPeerNode(o client.Object) (types.NamespacedName, bool) {
	name, ok := o.GetLabels()[v1alpha1.LabelPeerNode]
	return types.NamespacedName{Namespace: o.GetNamespace(), Name: name}, ok
}
