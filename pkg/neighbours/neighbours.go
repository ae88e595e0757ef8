// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
)

// neighbours are the declared peers that exist. One that is being deleted is nobody's neighbour any more.
func neighbours(o Observed) []peer.Neighbour {
	var out []peer.Neighbour
	for _, declared := range o.Peers {
		if declared.PeerNode == nil || declared.PeerNode.DeletionTimestamp != nil {
			continue
		}
		n := peer.Neighbour{Name: declared.Name, Namespace: declared.Namespace, Ports: blueprint.Ports(declared.PeerNode, o.Options)}
		if id := declared.PeerNode.Status.Identity; id != nil {
			n.PeerID = id.PeerID
		}
		out = append(out, n)
	}
	return out
}

// peersFinding says in which way the first declared peer falls short, nil when all are well known.
func peersFinding(o Observed) *conditions.Finding {
	for _, declared := range o.Peers {
		other := declared.PeerNode
		switch {
		case !o.Options.Watches(declared.Namespace):
			return conditions.Wait(v1alpha1.ReasonPeerNotWatched, "spec.network.peers: PeerNode "+declared.String()+" is in a namespace in which this operator does not work")
		case other == nil || other.DeletionTimestamp != nil:
			return conditions.Wait(v1alpha1.ReasonPeerMissing, "spec.network.peers: PeerNode "+declared.String()+" does not exist")
		case !declares(other, o.PeerNode):
			return conditions.Wait(v1alpha1.ReasonPeerOneSided, "spec.network.peers: PeerNode "+declared.String()+
				" does not list this one in its own spec.network.peers, so it refuses the connection")
		case holdsKey(other) && (other.Status.Identity == nil || other.Status.Identity.PeerID == ""):
			return conditions.Wait(v1alpha1.ReasonPeerUnknown, "spec.network.peers: PeerNode "+declared.String()+" has not shown its identity yet")
		}
	}
	return nil
}

func declares(p, other *v1alpha1.PeerNode) bool {
	return slices.ContainsFunc(p.Spec.Network.Peers, func(r v1alpha1.PeerReference) bool {
		return r.Name == other.Name && r.In(p.Namespace) == other.Namespace
	})
}

func holdsKey(p *v1alpha1.PeerNode) bool {
	kind := kinds.For(p.Spec.Software)
	return kind != nil && kind.Key() != nil
}
