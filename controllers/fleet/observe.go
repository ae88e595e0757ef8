// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
)

// observe reads everything about a fleet, once, from the cache. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, f *v1alpha1.PeerFleet) (fleet.Observed, error) {
	o := fleet.Observed{Options: r.Options, Fleet: f, Now: r.Now(), Objects: map[intent.Ref]intent.Object{}}
	eyes := look.Eyes{Client: r.Client, Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(f), f.ResourceVersion); err != nil {
		return o, err
	}
	for _, ref := range fleet.Owned(f) {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	var err error
	if o.Peers, err = r.observePeers(ctx, eyes, f); err != nil {
		return o, err
	}
	o.Declared, err = r.observeDeclared(ctx, f)
	return o, err
}

// observePeers reads the PeerNodes that carry the fleet's label, and whatever else has the name of a wanted peer.
func (r *Reconciler) observePeers(ctx context.Context, eyes look.Eyes, f *v1alpha1.PeerFleet) (map[string]*v1alpha1.PeerNode, error) {
	list := &v1alpha1.PeerNodeList{}
	if err := r.Client.List(ctx, list, client.InNamespace(f.Namespace), client.MatchingFields{indexFleet: f.Name}); err != nil {
		return nil, fmt.Errorf("list the peers of the fleet: %w", err)
	}
	peers := make(map[string]*v1alpha1.PeerNode, len(list.Items))
	for i := range list.Items {
		p := &list.Items[i]
		if err := eyes.Fresh(fleet.PeerRef(f, p.Name), p.ResourceVersion); err != nil {
			return nil, err
		}
		peers[p.Name] = p
	}
	for ordinal := range f.Spec.Replicas {
		name := names.Peer(f.Name, ordinal)
		if peers[name] != nil {
			continue
		}
		object, err := eyes.Object(ctx, fleet.PeerRef(f, name))
		if err != nil {
			return nil, err
		}
		if p, ok := object.(*v1alpha1.PeerNode); ok {
			peers[name] = p
		}
	}
	return peers, nil
}

// observeDeclared reads the PeerNodes that the template declares, as far as they exist and can be seen.
func (r *Reconciler) observeDeclared(ctx context.Context, f *v1alpha1.PeerFleet) ([]*v1alpha1.PeerNode, error) {
	var out []*v1alpha1.PeerNode
	for _, ref := range f.Spec.Template.Spec.Network.Peers {
		if !r.Options.Watches(ref.In(f.Namespace)) {
			continue // Each peer of the fleet says so in its own conditions.
		}
		other := &v1alpha1.PeerNode{}
		err := r.Client.Get(ctx, types.NamespacedName{Namespace: ref.In(f.Namespace), Name: ref.Name}, other)
		switch {
		case client.IgnoreNotFound(err) != nil:
			return nil, fmt.Errorf("read declared peer %s/%s: %w", ref.In(f.Namespace), ref.Name, err)
		case err == nil:
			out = append(out, other)
		}
	}
	return out, nil
}
