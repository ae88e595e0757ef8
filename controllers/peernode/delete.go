// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/peernode/operator/api/v1alpha1"
	applyv1alpha1 "github.com/peernode/operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/names"
)

// guardData sets the finalizer while the volume is to go with the PeerNode, and lifts it when the spec changes to
// Retain. A PeerNode that retains its data, as they do by default, can be deleted while no operator runs.
func (r *Reconciler) guardData(ctx context.Context, p *v1alpha1.PeerNode) error {
	if p.DeletesData() == controllerutil.ContainsFinalizer(p, v1alpha1.FinalizerData) {
		return nil
	}
	if p.DeletesData() {
		return r.applyFinalizers(ctx, p, v1alpha1.FinalizerData)
	}
	return r.applyFinalizers(ctx, p)
}

// delete is all that the operator has to do about a PeerNode on its way out. Its objects follow by the garbage
// collector; its volume, and the reservation of its identity, only if the spec, as it stands now, says so.
func (r *Reconciler) delete(ctx context.Context, p *v1alpha1.PeerNode) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(p, v1alpha1.FinalizerData) {
		return ctrl.Result{}, nil
	}
	// A cache that is behind could show a policy that has been changed since, or a PeerNode that is gone already.
	live := &v1alpha1.PeerNode{}
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(p), live)
	if apierrors.IsNotFound(err) || err == nil && (live.UID != p.UID || !controllerutil.ContainsFinalizer(live, v1alpha1.FinalizerData)) {
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("look at the PeerNode before anything of it is deleted: %w", err)
	}
	p = live
	if p.DeletesData() {
		if err := r.deleteData(ctx, p); err != nil {
			return outcome.Of(err).Result()
		}
	}
	if p.DeletesKeys() {
		if err := r.unreserve(ctx, p); err != nil {
			return outcome.Of(err).Result()
		}
	}
	return outcome.Of(r.applyFinalizers(ctx, p)).Result()
}

func (r *Reconciler) deleteData(ctx context.Context, p *v1alpha1.PeerNode) error {
	claim := &corev1.PersistentVolumeClaim{}
	err := r.Live.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: names.Data(p)}, claim)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at claim %s before deleting it: %w", names.Data(p), err)
	}
	if refusal := gate.MayDeleteData(p, claim); refusal != nil {
		r.Events.Eventf(p, claim, corev1.EventTypeWarning, v1alpha1.ReasonDataRetained, "Delete", "the volume is kept: %s", refusal)
		return nil
	}
	if err := r.hands(p).Delete(ctx, corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"), claim); err != nil {
		return err
	}
	r.Events.Eventf(p, claim, corev1.EventTypeNormal, v1alpha1.ReasonDataDeleted, "Delete", "deleted claim %s, as spec.deletionPolicy.data says", claim.Name)
	return nil
}

// applyFinalizers sets exactly the given finalizers of ours. The UID keeps a late apply from making a PeerNode
// anew that is already gone.
func (r *Reconciler) applyFinalizers(ctx context.Context, p *v1alpha1.PeerNode, finalizers ...string) error {
	metadata := applyv1alpha1.PeerNode(p.Name, p.Namespace).WithUID(p.UID)
	if len(finalizers) > 0 {
		metadata.WithFinalizers(finalizers...)
	}
	err := r.Client.Apply(ctx, metadata, client.FieldOwner(apply.FieldManager))
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("set finalizers: %w", err)
	}
	if metadata.ResourceVersion != nil {
		r.ledger.Wrote(refOf(p), *metadata.ResourceVersion, r.Now())
	}
	return nil
}
