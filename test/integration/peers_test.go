// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
)

func TestDeclaredPeersGetToKnowEachOther(t *testing.T) {
	s := tell(t)
	alpha := s.serving("alpha", builders.Declaring("beta"))
	s.becomes(alpha, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerMissing)

	beta := s.serving("beta")
	s.becomes(alpha, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerOneSided)

	s.edit(beta, builders.Declaring("alpha"))
	pod := &corev1.Pod{}
	s.serves(beta)
	s.is("alpha-0", pod)
	s.becomes(alpha, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	s.becomes(beta, v1alpha1.ConditionPeersResolved, metav1.ConditionTrue, v1alpha1.ReasonAllKnown)
	s.lists("alpha", "beta")
	s.lists("beta", "alpha")
	s.same("alpha-0", pod) // The agent follows its list; learning of a peer costs no restart.
	s.proves("alpha")
	s.proves("beta")

	id := s.peerID("beta")
	s.remove(beta)
	s.becomes(alpha, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerMissing)
	s.eventually(func() error {
		config := &corev1.ConfigMap{}
		if err := s.get("alpha-config", config); err != nil {
			return err
		}
		if strings.Contains(config.Data["peers.yaml"], id) {
			return fmt.Errorf("beta is gone and still on the list: %s", config.Data["peers.yaml"])
		}
		return nil
	})
}

// proves plays the kubelet: it reports what the identity container of a peer found out, again for a pod that has taken the
// place of the one before meanwhile.
func (s *story) proves(name string) {
	s.Helper()
	id := s.peerID(name)
	p := builders.PeerNode(s.ns, name)
	s.eventually(func() error {
		if err := errors.Join(env.ProveIdentity(s.Context(), s.ns, name), s.get(name, p)); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionIdentityBound); c.Status != metav1.ConditionTrue {
			return fmt.Errorf("%s has not shown its key: %s (%s)", name, c.Reason, c.Message)
		}
		return nil
	})
	if p.Status.Identity.PeerID != id {
		s.Errorf("status.identity.peerID is %q, and was %q", p.Status.Identity.PeerID, id)
	}
}

// peerID waits until the key of a peer is on record, and returns its name in its network.
func (s *story) peerID(name string) string {
	s.Helper()
	p := &v1alpha1.PeerNode{}
	s.eventually(func() error {
		if err := s.get(name, p); err != nil {
			return err
		}
		if p.Status.Identity == nil || p.Status.Identity.PeerID == "" {
			return fmt.Errorf("no key of %s is on record", name)
		}
		return nil
	})
	return p.Status.Identity.PeerID
}

// lists waits until a peer's agent is told of another, with its address, and may connect to it.
func (s *story) lists(name, other string) {
	s.Helper()
	address := fmt.Sprintf("/dns/%s.%s.svc/tcp/8000/p2p/%s", other, s.ns, s.peerID(other))
	s.eventually(func() error {
		config, policy := &corev1.ConfigMap{}, &networkingv1.NetworkPolicy{}
		if err := s.get(name+"-config", config); err != nil {
			return err
		}
		if err := s.get(name, policy); err != nil {
			return err
		}
		if !strings.Contains(config.Data["peers.yaml"], address) {
			return fmt.Errorf("peers.yaml of %s does not have %s: %s", name, address, config.Data["peers.yaml"])
		}
		for _, rule := range policy.Spec.Egress {
			for _, to := range rule.To {
				if to.PodSelector != nil && to.PodSelector.MatchLabels[v1alpha1.LabelPeerNode] == other {
					return nil
				}
			}
		}
		return fmt.Errorf("the NetworkPolicy of %s does not let it out to %s", name, other)
	})
}
