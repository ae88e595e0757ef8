// SPDX-License-Identifier: Apache-2.0

// Package neighbours is about the peers and fleets that a peer declares as those that it talks to: what is known of
// them, and in which way they fall short.
package neighbours

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/settings"
)

// Declared is what was observed of the peers and fleets that a peer, or the template of a fleet, declares.
type Declared struct {
	// Peers and Fleets stand in the order of the spec.
	Peers  []Peer
	Fleets []Fleet
}

// Peer is a declared PeerNode; nil where it does not exist, or where the operator cannot see it.
type Peer struct {
	types.NamespacedName

	PeerNode *v1alpha1.PeerNode
}

// Fleet is a declared PeerFleet; nil where it does not exist, or where the operator cannot see it.
type Fleet struct {
	types.NamespacedName

	PeerFleet *v1alpha1.PeerFleet
	// Members are its PeerNodes. A peer that takes its list from its own fleet has no use for them and leaves them out.
	Members []*v1alpha1.PeerNode
}

// Neighbourhood is what is known of them. One that is being deleted is nobody's neighbour any more, and a peer is
// known once.
func (d Declared) Neighbourhood(o settings.Operator) peer.Neighbourhood {
	var out peer.Neighbourhood
	known := map[types.NamespacedName]bool{}
	add := func(p *v1alpha1.PeerNode, fleet string, ports []peer.Port) {
		name := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
		if p.DeletionTimestamp != nil || known[name] {
			return
		}
		known[name] = true
		n := peer.Neighbour{Name: p.Name, Namespace: p.Namespace, Fleet: fleet, Ports: ports}
		if id := p.Status.Identity; id != nil {
			n.PeerID, n.Also = id.Names()
		}
		out.Peers = append(out.Peers, n)
	}
	for _, declared := range d.Peers {
		if declared.PeerNode != nil {
			add(declared.PeerNode, "", blueprint.Ports(declared.PeerNode, o))
		}
	}
	for _, declared := range d.Fleets {
		if declared.missing() {
			continue
		}
		ports := blueprint.Ports(&v1alpha1.PeerNode{Spec: declared.PeerFleet.Spec.Template.Spec}, o)
		for _, member := range declared.Members {
			if declared.wants(member) {
				add(member, declared.String(), ports)
			}
		}
		out.Fleets = append(out.Fleets, peer.Fleet{Name: declared.Name, Namespace: declared.Namespace, Ports: ports})
	}
	return out
}

func (f Fleet) missing() bool {
	return f.PeerFleet == nil || f.PeerFleet.DeletionTimestamp != nil
}

// wants reports whether a PeerNode is one of the fleet's, to stay.
func (f Fleet) wants(p *v1alpha1.PeerNode) bool {
	ordinal, ok := names.Ordinal(f.Name, p.Name)
	return ok && ordinal < f.PeerFleet.Spec.Replicas && p.Spec.Fleet != nil && p.Spec.Fleet.Name == f.Name
}

func unknown(p *v1alpha1.PeerNode) bool {
	return kinds.Key(p.Spec.Software) != nil && (p.Status.Identity == nil || p.Status.Identity.PeerID == "")
}
