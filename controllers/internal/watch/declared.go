// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
)

// Declarers leads from an object to those that declare it. list makes an empty list of the declaring kind, index is
// one of package index, and of names what is declared.
func Declarers(reader client.Reader, list func() client.ObjectList, index string, of func(client.Object) (types.NamespacedName, bool)) handler.MapFunc {
	return func(ctx context.Context, o client.Object) []reconcile.Request {
		declared, ok := of(o)
		if !ok {
			return nil
		}
		declarers := list()
		err := reader.List(ctx, declarers, client.MatchingFields{index: declared.String()}, client.UnsafeDisableDeepCopy)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "cannot list what declares "+declared.String()+"; it follows at the next resync")
			return nil
		}
		out := make([]reconcile.Request, 0, meta.LenList(declarers))
		_ = meta.EachListItem(declarers, func(item runtime.Object) error {
			if declarer, ok := item.(client.Object); ok {
				out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(declarer)})
			}
			return nil
		})
		return out
	}
}

// Itself names the object.
func Itself(o client.Object) (types.NamespacedName, bool) {
	return client.ObjectKeyFromObject(o), true
}

// ItsFleet names the fleet of a PeerNode, false where it has none.
func ItsFleet(o client.Object) (types.NamespacedName, bool) {
	p, ok := o.(*v1alpha1.PeerNode)
	if !ok || p.Spec.Fleet == nil {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Spec.Fleet.Name}, true
}

// SeenByPeers lets through what other peers can see of one: that it is there, its spec and its identity.
func SeenByPeers() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, okBefore := e.ObjectOld.(*v1alpha1.PeerNode)
		after, okAfter := e.ObjectNew.(*v1alpha1.PeerNode)
		return !okBefore || !okAfter || before.Generation != after.Generation ||
			!equality.Semantic.DeepEqual(before.Status.Identity, after.Status.Identity)
	}}
}

// SeenByFleets lets through what others can see of a fleet: that it is there, how many peers it has, and its template.
func SeenByFleets() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration()
	}}
}
