// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// Two fleets in two namespaces and a PeerNode of none declare each other. Agents connect across, also those that come
// later, and nobody is restarted for it.
func TestFleetsOfTwoNamespacesAndAGuestFindEachOther(t *testing.T) {
	here, there := namespace(t), namespace(t)
	relay := fleet(t, here, 2, builders.Template(builders.DeclaringFleet(there, "relay")))
	edge := fleet(t, there, 2)
	guest := agent(t, there, "guest", builders.DeclaringFleet(here, "relay"))
	awaitReady(t, guest)
	awaitReason(t, guest, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonPeerOneSided)
	awaitFleet(t, relay, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonPeerOneSided)
	pods := map[types.UID]*v1alpha1.PeerNode{}
	for ordinal := range int32(2) {
		for _, p := range []*v1alpha1.PeerNode{peerOf(t, relay, ordinal), peerOf(t, edge, ordinal)} {
			pods[podOf(t, p).UID] = p
		}
	}

	editFleet(t, edge, builders.Template(builders.DeclaringFleet(here, "relay")))
	editFleet(t, relay, builders.Template(func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Peers = []v1alpha1.PeerReference{{Namespace: there, Name: "guest"}}
	}))
	awaitFleet(t, relay, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonAllKnown)
	awaitFleet(t, edge, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonAllKnown)
	awaitReason(t, guest, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonAllKnown)
	scale(t, edge, 3)
	for ordinal := range int32(2) {
		awaitConnected(t, peerOf(t, relay, ordinal), guest)
		for other := range int32(3) {
			awaitConnected(t, peerOf(t, relay, ordinal), peerOf(t, edge, other))
		}
	}
	for uid, p := range pods {
		if podOf(t, p).UID != uid {
			t.Errorf("%s/%s was restarted for a change of what it knows", p.Namespace, p.Name)
		}
	}

	editFleet(t, edge, builders.Template(func(p *v1alpha1.PeerNode) { p.Spec.Network.Fleets = nil }))
	awaitFleet(t, relay, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonPeerOneSided)
	awaitApart(t, peerOf(t, edge, 0), peerOf(t, relay, 0))
}
