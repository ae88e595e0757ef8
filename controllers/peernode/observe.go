// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/plan"
)

// observe reads everything about a peer, once, from the cache. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, p *v1alpha1.PeerNode) (plan.Observed, error) {
	o := plan.Observed{Options: r.Options, PeerNode: p, Objects: map[intent.Ref]intent.Object{}}
	eyes := look.Eyes{Client: r.Client, Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(p), p.ResourceVersion); err != nil {
		return o, err
	}
	for _, ref := range plan.Owned(p) {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	var err error
	if o.Pod, err = r.observePod(ctx, p); err != nil {
		return o, err
	}
	o.KeyMissing, o.LookAgain = r.keyMissing(ctx, p, o.Pod)
	o.Peers, err = r.observePeers(ctx, p)
	return o, err
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

func (r *Reconciler) observePeers(ctx context.Context, p *v1alpha1.PeerNode) ([]plan.ObservedPeer, error) {
	var out []plan.ObservedPeer
	for _, ref := range p.Spec.Network.Peers {
		peer := plan.ObservedPeer{NamespacedName: types.NamespacedName{Namespace: ref.In(p.Namespace), Name: ref.Name}}
		if peer.NamespacedName == client.ObjectKeyFromObject(p) {
			continue // Admission refuses this only where the namespace is left out.
		}
		if !r.Options.Watches(peer.Namespace) {
			out = append(out, peer)
			continue
		}
		other := &v1alpha1.PeerNode{}
		err := r.Client.Get(ctx, peer.NamespacedName, other)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("read declared peer %s: %w", peer, err)
		}
		if err == nil {
			peer.PeerNode = other
		}
		out = append(out, peer)
	}
	return out, nil
}
