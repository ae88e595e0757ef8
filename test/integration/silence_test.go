// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/peernode"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

func TestAConvergedOperatorIsSilent(t *testing.T) {
	for name, bring := range map[string]func(*story){
		"over a peer that serves":                  func(s *story) { s.serving("alpha") },
		"over custom software":                     func(s *story) { s.serving("alpha", builders.Custom) },
		"over a peer with every part of a network": func(s *story) { s.serving("alpha", wideOpen) },
		"over a peer with a load balancer that nobody makes": func(s *story) {
			s.exposes(s.serving("alpha", exposedAs(corev1.ServiceTypeLoadBalancer)), metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
		},
		"over a suspended peer": func(s *story) {
			s.becomes(s.create("alpha", builders.Suspended), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
		},
		"over a peer that no node takes": func(s *story) {
			// For a label that no node has, because the scheduler then never tries again. Otherwise it does with every pod
			// that goes, and its words change with the number of nodes, which other stories add and lose.
			p := s.create("alpha", podTemplate(`{"spec":{"nodeSelector":{"disk":"none"}}}`))
			s.becomes(p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForNode)
		},
		"over a peer whose pod template is wrong": func(s *story) {
			p := s.create("alpha", podTemplate(`{"spec":{"automountServiceAccountToken":true}}`))
			s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidPodTemplate)
		},
		"over a peer whose declared peer does not exist": func(s *story) {
			p := s.create("alpha", builders.Declaring("nobody"))
			s.becomes(p, v1alpha1.ConditionPeersResolved, metav1.ConditionFalse, v1alpha1.ReasonPeerMissing)
		},
		"over a peer whose identity is another's": func(s *story) {
			p := s.serving("alpha")
			s.carry(s, "alpha", "beta")
			beta := s.create("beta", expecting(p.Status.Identity.PublicKey))
			s.becomes(beta, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonIdentityTaken)
		},
		"over a peer with a patched pod template": func(s *story) {
			s.serving("alpha", podTemplate(`{"metadata":{"annotations":{"a":"b"}},"spec":{"tolerations":[{"key":"disk","operator":"Exists"}],"containers":[{"name":"peer","env":[{"name":"A","value":""}]}]}}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			bring(s)
			s.settle(quiet)
			s.Run("at rest", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silent(quiet) })
			s.Run("after a restart", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silentAfterRestart() })
		})
	}
}

// silentAfterRestart lets a second operator with an empty cache look at the namespace.
func (s *story) silentAfterRestart() {
	s.Helper()
	watched := &watched{}
	operator, err := env.StartOperator(s.Context(), testenv.OperatorOptions{Namespaces: []string{s.ns}, WrapTransport: watched.through})
	s.must(err)
	defer func() { s.must(operator.Stop()) }()
	s.eventually(watched.everything)
	s.silent(pause)
}

// watched sees which kinds an operator has begun to watch, which is after it has listed them.
type watched struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (w *watched) through(next http.RoundTripper) http.RoundTripper {
	return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("watch") == "true" || r.URL.Query().Get("watch") == "1" {
			w.mu.Lock()
			if w.paths == nil {
				w.paths = map[string]bool{}
			}
			w.paths[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]] = true
			w.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

// everything fails until PeerNodes and all kinds that the operator watches are watched.
func (w *watched) everything() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if want := 1 + len(peernode.Owned()); len(w.paths) < want {
		return fmt.Errorf("the operator watches %d kinds, want %d: %v", len(w.paths), want, w.paths)
	}
	return nil
}

// wideOpen uses every field of spec.network that needs no other PeerNode.
func wideOpen(p *v1alpha1.PeerNode) {
	blocks := []v1alpha1.NetworkPeer{
		{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8", Except: []v1alpha1.CIDR{"10.1.0.0/16"}}},
		{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"a", "b"}}}}},
		{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "c"}}},
	}
	builders.API(p)
	p.Spec.Edge = &v1alpha1.PeerEdge{Hosts: []string{"api.example.com"}, TrustedProxies: []v1alpha1.CIDR{"10.0.0.1/8"}}
	p.Spec.Network = v1alpha1.PeerNetwork{
		Peer:    v1alpha1.PeerTraffic{AllowFrom: blocks, AllowTo: blocks},
		API:     v1alpha1.PeerAPI{Enabled: true, AllowFrom: blocks},
		Metrics: v1alpha1.PeerMetrics{AllowFrom: blocks},
	}
}

// TestTwoOperatorsDoNotFight lets two operators work at once, as after a lease that was lost unnoticed.
func TestTwoOperatorsDoNotFight(t *testing.T) {
	s := tell(t)
	second, err := env.StartOperator(t.Context(), testenv.OperatorOptions{Namespaces: []string{s.ns}})
	s.must(err)
	defer func() { s.must(second.Stop()) }()
	p := s.serving("alpha")
	s.edit(p, builders.WithImage("registry.example.com/p2p-agent:v2"))
	s.serves(p)
	s.settle(quiet)
	s.silent(pause)
}
