// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/plan"
)

// takenPatience is how soon an identity that is another's is asked for again: nothing tells that it was let go.
const takenPatience = 30 * time.Second

// observeHeld reads the reservations that name the peer.
func (r *Reconciler) observeHeld(ctx context.Context, o *plan.Observed) error {
	list := &v1alpha1.PeerIdentityReservationList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{index.Holder: client.ObjectKeyFromObject(o.PeerNode).String()}); err != nil {
		return fmt.Errorf("list the reservations of %s: %w", o.PeerNode.Name, err)
	}
	o.Reservations = map[string]*v1alpha1.PeerIdentityReservation{}
	for i := range list.Items {
		o.Reservations[list.Items[i].Name] = &list.Items[i]
	}
	return nil
}

// observeClaimed reads the reservations of the keys that the peer claims, whomever they name.
func (r *Reconciler) observeClaimed(ctx context.Context, o *plan.Observed, eyes look.Eyes) error {
	for _, name := range plan.Claims(*o) {
		object, err := eyes.Object(ctx, reservationRef(name))
		if err != nil {
			return err
		}
		reservation, ok := object.(*v1alpha1.PeerIdentityReservation)
		if !ok {
			continue
		}
		o.Reservations[name] = reservation
		if !reservation.Names(o.PeerNode) {
			o.LookAgain = outcome.Soonest(o.LookAgain, takenPatience)
		}
	}
	return nil
}

// reserve creates the reservation of an identity. The fixed name is the lock. One that exists by now may be that of an
// earlier try whose answer was lost.
func (r *Reconciler) reserve(ctx context.Context, p *v1alpha1.PeerNode, reservation *v1alpha1.PeerIdentityReservation) error {
	ref := reservationRef(reservation.Name)
	err := r.Client.Create(ctx, reservation, client.FieldOwner(apply.FieldManager))
	if apierrors.IsAlreadyExists(err) {
		err = r.Live.Get(ctx, ref.NamespacedName, reservation)
		if apierrors.IsNotFound(err) || err == nil && !reservation.HeldBy(p) {
			return &outcome.Later{After: time.Second, Why: fmt.Sprintf("the cache has yet to see %s", ref)}
		}
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", ref, err)
	}
	r.ledger.Wrote(ref, reservation.ResourceVersion, r.Now())
	return nil
}

// unreserve deletes the reservations of a PeerNode whose keys go with it. They stay until no pod can run with them. Who
// they name is asked live: one that was missed would stay for ever.
func (r *Reconciler) unreserve(ctx context.Context, p *v1alpha1.PeerNode) error {
	list := &v1alpha1.PeerIdentityReservationList{}
	if err := r.Live.List(ctx, list, client.MatchingLabels{v1alpha1.LabelPeerNode: p.Name}); err != nil {
		return fmt.Errorf("list the reservations of %s: %w", p.Name, err)
	}
	for i := range list.Items {
		reservation := &list.Items[i]
		if !reservation.Names(p) {
			continue
		}
		if err := r.hands(p).Delete(ctx, reservationRef("").GroupVersionKind, reservation); err != nil {
			return err
		}
	}
	return nil
}

func reservationRef(name string) intent.Ref {
	return intent.Ref{
		GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("PeerIdentityReservation"),
		NamespacedName:   types.NamespacedName{Name: name},
	}
}

// byHolder leads from a reservation to the PeerNode that it names, which may be in a namespace of another operator.
func (r *Reconciler) byHolder(_ context.Context, o client.Object) []reconcile.Request {
	reservation, ok := o.(*v1alpha1.PeerIdentityReservation)
	if !ok || !r.Options.Watches(reservation.Spec.Holder.Namespace) {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: reservation.Spec.Holder.Namespace, Name: reservation.Spec.Holder.Name}}}
}
