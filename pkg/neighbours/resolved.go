// SPDX-License-Identifier: Apache-2.0

package neighbours

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/settings"
)

// Resolved is the condition PeersResolved of self, nil where nothing is declared. For the peers of a fleet as a whole,
// self is one of them without a name.
func (d Declared) Resolved(self *v1alpha1.PeerNode, o settings.Operator) *metav1.Condition {
	n := len(d.Peers) + len(d.Fleets)
	if n == 0 {
		return nil
	}
	c := conditions.New(v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown, fmt.Sprintf("all %d declared peers and fleets are known", n))
	if f := d.shortfall(self, o); f != nil {
		c = conditions.New(v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, f.Reason, f.Message)
	}
	return &c
}

// shortfall says in which way the first of them falls short, nil when all are well known.
func (d Declared) shortfall(self *v1alpha1.PeerNode, o settings.Operator) *conditions.Finding {
	for _, declared := range d.Peers {
		if f := declared.shortfall(self, o); f != nil {
			return f
		}
	}
	for _, declared := range d.Fleets {
		if f := declared.shortfall(self, o); f != nil {
			return f
		}
	}
	return nil
}

func (p Peer) shortfall(self *v1alpha1.PeerNode, o settings.Operator) *conditions.Finding {
	it := "spec.network.peers: PeerNode " + p.String()
	switch other := p.PeerNode; {
	case !o.Watches(p.Namespace):
		return conditions.Wait(v1alpha1.ReasonPeerNotWatched, it+" is in a namespace in which this operator does not work")
	case other == nil || other.DeletionTimestamp != nil:
		return conditions.Wait(v1alpha1.ReasonPeerMissing, it+" does not exist")
	case !other.Spec.Network.Declares(other.Namespace, self):
		return conditions.Wait(v1alpha1.ReasonPeerOneSided, it+" does not list "+inReturn(self)+", so it refuses the connection")
	case unknown(other):
		return conditions.Wait(v1alpha1.ReasonPeerUnknown, it+" has not shown its identity yet")
	}
	return nil
}

func (f Fleet) shortfall(self *v1alpha1.PeerNode, o settings.Operator) *conditions.Finding {
	it := "spec.network.fleets: PeerFleet " + f.String()
	switch {
	case !o.Watches(f.Namespace):
		return conditions.Wait(v1alpha1.ReasonPeerNotWatched, it+" is in a namespace in which this operator does not work")
	case f.missing():
		return conditions.Wait(v1alpha1.ReasonPeerMissing, it+" does not exist")
	case !f.PeerFleet.Spec.Template.Spec.Network.Declares(f.Namespace, self):
		return conditions.Wait(v1alpha1.ReasonPeerOneSided, it+" does not list "+inReturn(self)+" in its template, so its peers refuse the connection")
	}
	for _, member := range f.Members {
		if member.DeletionTimestamp == nil && f.wants(member) && unknown(member) {
			return conditions.Wait(v1alpha1.ReasonPeerUnknown, it+": "+member.Name+" has not shown its identity yet")
		}
	}
	return nil
}

// inReturn is what the other side has to list.
func inReturn(self *v1alpha1.PeerNode) string {
	if self.Spec.Fleet != nil {
		return "PeerFleet " + self.Namespace + "/" + self.Spec.Fleet.Name + " in its own spec.network.fleets"
	}
	return "this one in its own spec.network.peers"
}
