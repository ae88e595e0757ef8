// SPDX-License-Identifier: Apache-2.0

// Package reservation lets go of PeerIdentityReservations that were deleted. It promises that none goes while a pod can
// run with the key, because the next moment another PeerNode may have it.
package reservation

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/settings"
)

// lookAgain is a net under the watches: a pod that is not ours may have the name of the peer's.
const lookAgain = 30 * time.Second

// Reconciler lets one reservation go.
type Reconciler struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server, past the cache.
	Live client.Reader
	// Events records events of events.k8s.io/v1.
	Events events.EventRecorder
	// Options are the operator's own settings.
	Options settings.Operator

	// told is what was last told of a reservation that stays, by its UID.
	told sync.Map
}

// Reconcile looks at a reservation that was deleted, and at nothing else.
func (r *Reconciler) Reconcile(ctx context.Context, seen *v1alpha1.PeerIdentityReservation) (ctrl.Result, error) {
	if seen.DeletionTimestamp == nil || !r.Options.Watches(seen.Spec.Holder.Namespace) {
		return ctrl.Result{}, nil
	}
	reservation := &v1alpha1.PeerIdentityReservation{}
	exists, err := r.look(ctx, "", seen.Name, reservation)
	if err != nil || !exists || reservation.UID != seen.UID || !controllerutil.ContainsFinalizer(reservation, v1alpha1.FinalizerIdentity) {
		return outcome.Of(err).Result()
	}
	named, pod, err := r.runsWith(ctx, reservation.Spec.Holder)
	if err != nil {
		return outcome.Of(err).Result()
	}
	if refusal := gate.MayRelease(reservation, named, pod); refusal != nil {
		r.tell(reservation, named, pod, refusal)
		return ctrl.Result{RequeueAfter: lookAgain}, nil
	}
	r.told.Delete(reservation.UID)
	return outcome.Of(r.release(ctx, reservation)).Result()
}

// runsWith reads the PeerNode that a reservation names, and then its pod, as the gate wants it; nil where there is none.
func (r *Reconciler) runsWith(ctx context.Context, holder v1alpha1.ReservationHolder) (*v1alpha1.PeerNode, *corev1.Pod, error) {
	named := &v1alpha1.PeerNode{}
	named.Name = holder.Name
	podName := names.Pod(named)
	exists, err := r.look(ctx, holder.Namespace, holder.Name, named)
	if err != nil {
		return nil, nil, err
	}
	if !exists {
		named = nil
	}
	pod := &corev1.Pod{}
	exists, err = r.look(ctx, holder.Namespace, podName, pod)
	if err != nil || !exists {
		pod = nil
	}
	return named, pod, err
}

// look reports whether an object exists.
func (r *Reconciler) look(ctx context.Context, namespace, name string, into client.Object) (bool, error) {
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at %T %s before a reservation is let go: %w", into, name, err)
	}
	return true, nil
}

// release lifts the finalizer of the reservation that was looked at.
func (r *Reconciler) release(ctx context.Context, reservation *v1alpha1.PeerIdentityReservation) error {
	before := reservation.DeepCopy()
	controllerutil.RemoveFinalizer(reservation, v1alpha1.FinalizerIdentity)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := r.Client.Patch(ctx, reservation, patch, client.FieldOwner(apply.FieldManager))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("let PeerIdentityReservation %s go: %w", reservation.Name, err)
	}
	return nil
}

// tell says why a reservation stays, once. Events about two objects would be taken for one that repeats, but for what
// they are related to.
func (r *Reconciler) tell(reservation *v1alpha1.PeerIdentityReservation, named *v1alpha1.PeerNode, pod *corev1.Pod, why error) {
	if last, ok := r.told.Swap(reservation.UID, why.Error()); ok && last == why.Error() {
		return
	}
	var related client.Object = pod
	if named != nil && reservation.HeldBy(named) {
		related = named
	}
	r.Events.Eventf(reservation, related, corev1.EventTypeNormal, v1alpha1.ReasonReservationHeld, "Release", "the reservation stays: %s", why)
}
