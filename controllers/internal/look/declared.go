// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/index"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/settings"
)

// Declaring is whose declarations are read.
type Declaring struct {
	Network   v1alpha1.PeerNetwork
	Namespace string
	// Self is the name of the PeerNode itself, "" for a template.
	Self string
	// Fleet is the name of the fleet that it belongs to, "" where it has none.
	Fleet string
	// Members is true where the members of declared fleets are needed, and not the fleets alone.
	Members bool
}

// Declared reads the peers and fleets that are declared, as far as they exist and can be seen.
func (e Eyes) Declared(ctx context.Context, by Declaring, o settings.Operator) (neighbours.Declared, error) {
	var out neighbours.Declared
	for _, ref := range by.Network.Peers {
		peer := neighbours.Peer{NamespacedName: types.NamespacedName{Namespace: ref.In(by.Namespace), Name: ref.Name}}
		if peer.Namespace == by.Namespace && peer.Name == by.Self {
			continue // Admission refuses this only where the namespace is left out.
		}
		if o.Watches(peer.Namespace) {
			other := &v1alpha1.PeerNode{}
			found, err := e.find(ctx, peer.NamespacedName, other)
			if err != nil {
				return out, fmt.Errorf("read declared peer %s: %w", peer, err)
			}
			if found {
				peer.PeerNode = other
			}
		}
		out.Peers = append(out.Peers, peer)
	}
	for _, ref := range by.Network.Fleets {
		fleet := neighbours.Fleet{NamespacedName: types.NamespacedName{Namespace: ref.In(by.Namespace), Name: ref.Name}}
		if fleet.Namespace == by.Namespace && fleet.Name == by.Fleet {
			continue // Its peers are siblings.
		}
		if o.Watches(fleet.Namespace) {
			if err := e.declaredFleet(ctx, &fleet, by.Members); err != nil {
				return out, err
			}
		}
		out.Fleets = append(out.Fleets, fleet)
	}
	return out, nil
}

func (e Eyes) declaredFleet(ctx context.Context, fleet *neighbours.Fleet, members bool) error {
	other := &v1alpha1.PeerFleet{}
	found, err := e.find(ctx, fleet.NamespacedName, other)
	if err != nil {
		return fmt.Errorf("read declared fleet %s: %w", fleet, err)
	}
	if !found {
		return nil
	}
	fleet.PeerFleet = other
	if !members {
		return nil
	}
	list := &v1alpha1.PeerNodeList{}
	// There may be thousands, and nobody changes them.
	if err := e.Reader.List(ctx, list, client.InNamespace(fleet.Namespace), client.MatchingFields{index.Fleet: fleet.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list the peers of declared fleet %s: %w", fleet, err)
	}
	for i := range list.Items {
		fleet.Members = append(fleet.Members, &list.Items[i])
	}
	return nil
}

// find reads an object and reports whether there is one.
func (e Eyes) find(ctx context.Context, name types.NamespacedName, into client.Object) (bool, error) {
	err := e.Reader.Get(ctx, name, into)
	return err == nil, client.IgnoreNotFound(err)
}
