// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/plan"
)

// observe reads everything about a peer, once, from the cache. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, p *v1alpha1.PeerNode) (plan.Observed, error) {
	r.begin.Do(func() { r.begun = r.Now() })
	o := plan.Observed{Options: r.Options, PeerNode: p, Objects: map[intent.Ref]intent.Object{}, Watching: r.begun, Enforcement: r.Enforced.Word()}
	eyes := look.Eyes{Reader: r.Client, Scheme: r.Client.Scheme(), Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(p), p.ResourceVersion); err != nil {
		return o, err
	}
	for _, ref := range plan.Owned(p) {
		object, err := r.observeOwned(ctx, ref, &o, eyes)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	if err := r.observeCertificateRequest(ctx, &o); err != nil {
		return o, err
	}
	var err error
	if o.Pod, err = r.observePod(ctx, p); err != nil {
		return o, err
	}
	var missing, unanswered time.Duration
	o.KeyMissing, o.OpenerMissing, missing = r.missing(ctx, p, o.Pod)
	o.Unanswered, unanswered = r.unanswered(o.Pod)
	o.LookAgain = outcome.Soonest(missing, unanswered)
	if err := r.observeHeld(ctx, &o); err != nil {
		return o, err
	}
	if err := r.observeKey(ctx, &o); err != nil {
		return o, err
	}
	if err := r.observeClaimed(ctx, &o, eyes); err != nil {
		return o, err
	}
	if err := r.observeCopies(ctx, &o, eyes); err != nil {
		return o, err
	}
	if err := r.observeRestore(ctx, &o, eyes); err != nil {
		return o, err
	}
	if err := r.observeBackups(ctx, &o); err != nil {
		return o, err
	}
	by := look.Declaring{Network: p.Spec.Network, Namespace: p.Namespace, Self: p.Name, Members: p.Spec.Fleet == nil}
	if p.Spec.Fleet != nil {
		by.Fleet = p.Spec.Fleet.Name
	}
	o.Declared, err = eyes.Declared(ctx, by, r.Options)
	return o, err
}

// observeOwned reads an object, and for a kind that is not in every cluster whether this one has it.
func (r *Reconciler) observeOwned(ctx context.Context, ref intent.Ref, o *plan.Observed, eyes look.Eyes) (object intent.Object, err error) {
	switch ref.GroupVersionKind {
	case plan.Certificate(o.PeerNode).GroupVersionKind:
		object, o.CertManager, err = r.certificates.observe(ctx, ref, eyes)
	case plan.Route(o.PeerNode).GroupVersionKind:
		object, o.GatewayAPI, err = r.routes.observe(ctx, ref, eyes)
	default:
		object, err = eyes.Object(ctx, ref)
	}
	return object, err
}

func (r *Reconciler) observePod(ctx context.Context, p *v1alpha1.PeerNode) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: p.Namespace, Name: names.Pod(p)}, pod)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // absence is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read pod %s: %w", names.Pod(p), err)
	}
	return pod, nil
}
