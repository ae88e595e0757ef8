// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/builders"
)

// Two fleets in two namespaces declare each other, and so does a PeerNode of none with one of them.
func TestFleetsGetToKnowEachOther(t *testing.T) {
	here := tell(t)
	there := &story{T: t, ns: namespace(t), log: here.log}
	relay := here.fleet(2)
	edge := there.fleet(2, builders.Template(builders.DeclaringFleet(here.ns, "relay")))
	scout := there.serving("scout", builders.DeclaringFleet(here.ns, "relay"))
	there.fleetBecomes(edge, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerOneSided)
	there.becomes(scout, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerOneSided)

	pods := here.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	here.editFleet(relay, builders.Template(builders.DeclaringFleet(there.ns, "relay"), func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Peers = []v1alpha1.PeerReference{{Namespace: there.ns, Name: "scout"}}
	}))
	member := builders.PeerNode(there.ns, "relay-1")
	there.becomes(member, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)

	for ordinal := range int32(2) {
		here.proves(names.Peer("relay", ordinal))
		there.proves(names.Peer("relay", ordinal))
	}
	there.proves("scout")
	there.becomes(scout, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	there.fleetBecomes(edge, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	here.fleetBecomes(relay, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	here.keeps(names.Members("relay"), there.ns+"/relay:", there.address("relay-0"), there.address("relay-1"), there.address("scout"))
	there.keeps(names.Members("relay"), here.ns+"/relay:", here.address("relay-0"), here.address("relay-1"))
	there.keeps("scout-config", here.ns+"/relay:", here.address("relay-0"), here.address("relay-1"))

	here.editFleet(relay, builders.Replicas(3))
	here.allServe(relay)
	here.proves("relay-2")
	there.keeps(names.Members("relay"), here.address("relay-2"))
	there.keeps("scout-config", here.address("relay-2"))
	left := here.address("relay-1")
	here.editFleet(relay, builders.Replicas(1))
	there.drops(names.Members("relay"), left)
	there.drops("scout-config", left)
	if now := here.uids(&corev1.PodList{}, v1alpha1.LabelFleet); now["relay-0-0"] != pods["relay-0-0"] {
		t.Errorf("relay-0 was restarted for a change of what it knows")
	}
	here.settle(quiet)
	there.settle(quiet)
	here.silent(quiet)
}

// address is where a peer is reached, and by which name.
func (s *story) address(name string) string {
	s.Helper()
	return fmt.Sprintf("/dns/%s.%s.svc/tcp/8000/p2p/%s", name, s.ns, s.peerID(name))
}

// keeps waits until a list of peers has all of the texts.
func (s *story) keeps(list string, texts ...string) {
	s.Helper()
	s.list(list, func(peers string) error {
		for _, text := range texts {
			if !strings.Contains(peers, text) {
				return fmt.Errorf("%s does not have %s: %s", list, text, peers)
			}
		}
		return nil
	})
}

// drops waits until a list of peers does not have a text.
func (s *story) drops(list, text string) {
	s.Helper()
	s.list(list, func(peers string) error {
		if strings.Contains(peers, text) {
			return errors.New(list + " still has " + text)
		}
		return nil
	})
}

func (s *story) list(name string, check func(peers string) error) {
	s.Helper()
	s.eventually(func() error {
		config := &corev1.ConfigMap{}
		if err := s.get(name, config); err != nil {
			return err
		}
		return check(config.Data["peers.yaml"])
	})
}
