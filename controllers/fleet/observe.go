// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peerbackup"
)

// observe reads everything about a fleet, once, from the cache. A read that fails ends the reconcile.
func (r *Reconciler) observe(ctx context.Context, f *v1alpha1.PeerFleet) (fleet.Observed, error) {
	o := fleet.Observed{Options: r.Options, Fleet: f, Now: r.Now(), Objects: map[intent.Ref]intent.Object{}}
	eyes := look.Eyes{Reader: r.Client, Scheme: r.Client.Scheme(), Ledger: &r.ledger, Now: r.Now}
	if err := eyes.Fresh(refOf(f), f.ResourceVersion); err != nil {
		return o, err
	}
	owned, err := fleet.Owned(f, r.Options)
	if err != nil {
		return o, err
	}
	for _, ref := range owned {
		object, err := eyes.Object(ctx, ref)
		if err != nil {
			return o, err
		}
		if object != nil {
			o.Objects[ref] = object
		}
	}
	if err := r.observeRevisions(ctx, eyes, o); err != nil {
		return o, err
	}
	if o.Peers, err = r.observePeers(ctx, eyes, f); err != nil {
		return o, err
	}
	if o.HeldBy, err = r.observeHolders(ctx, f); err != nil {
		return o, err
	}
	by := look.Declaring{Network: f.Spec.Template.Spec.Network, Namespace: f.Namespace, Fleet: f.Name, Members: true}
	o.Declared, err = eyes.Declared(ctx, by, r.Options)
	return o, err
}

// observeHolders reads which backups have peers of the namespace stopped.
func (r *Reconciler) observeHolders(ctx context.Context, f *v1alpha1.PeerFleet) (map[string]string, error) {
	list := &v1alpha1.PeerBackupList{}
	if err := r.Client.List(ctx, list, client.InNamespace(f.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the backups of the namespace: %w", err)
	}
	out := map[string]string{}
	for i := range list.Items {
		if b := &list.Items[i]; peerbackup.Holds(b) {
			out[b.Spec.PeerNodeRef.Name] = b.Name
		}
	}
	return out, nil
}

// observeRevisions reads the templates on record.
func (r *Reconciler) observeRevisions(ctx context.Context, eyes look.Eyes, o fleet.Observed) error {
	list := &appsv1.ControllerRevisionList{}
	if err := r.Client.List(ctx, list, client.InNamespace(o.Fleet.Namespace), client.MatchingLabels(names.FleetLabels(o.Fleet.Name, names.ComponentRevision))); err != nil {
		return fmt.Errorf("list the revisions of the fleet: %w", err)
	}
	for i := range list.Items {
		record := &list.Items[i]
		ref := fleet.RevisionRef(o.Fleet, record.Name)
		if err := eyes.Fresh(ref, record.ResourceVersion); err != nil {
			return err
		}
		o.Objects[ref] = record
	}
	return nil
}

// observePeers reads the PeerNodes that carry the fleet's label, and whatever else has the name of a wanted peer.
func (r *Reconciler) observePeers(ctx context.Context, eyes look.Eyes, f *v1alpha1.PeerFleet) (map[string]*v1alpha1.PeerNode, error) {
	list := &v1alpha1.PeerNodeList{}
	// There may be thousands, and nobody changes them: a copy of all at each look would be most of the garbage.
	if err := r.Client.List(ctx, list, client.InNamespace(f.Namespace), client.MatchingFields{index.Fleet: f.Name}, client.UnsafeDisableDeepCopy); err != nil {
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
