// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/resources"
)

// The edge reads back what was meant, and nothing of the software's own port is served elsewhere.
func TestTheDocumentOfAnEdgeIsOneThatTheEdgeReads(t *testing.T) {
	found := 0
	for name, s := range scenarios {
		in := s.input(t, name)
		if in.Edge == nil {
			continue
		}
		found++
		read, err := edge.Parse([]byte(in.Edge.Document))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(in.Edge.Config, read, cmp.Comparer(func(a, b interface{ String() string }) bool { return a.String() == b.String() })); diff != "" {
			t.Errorf("%s: the edge reads (-meant +read):\n%s", name, diff)
		}
		for _, p := range in.Workload.Ports {
			if p.Number == in.Edge.Port || p.Number == in.Edge.Metrics {
				t.Errorf("%s: port %d is that of the software and of its edge", name, p.Number)
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d scenarios have an edge", found)
	}
}

// The defaults of the spec are documented where users look them up; they are no others than the edge's own.
func TestAnEdgeOfWhichNothingIsSaidLimitsAsItWouldByItself(t *testing.T) {
	in := scenarios["p2p-agent-full"].input(t, "p2p-agent-full")
	standard := edge.Default()
	if diff := cmp.Diff(standard.Clients, in.Edge.Config.Clients); diff != "" {
		t.Errorf("clients (-edge +spec):\n%s", diff)
	}
	if diff := cmp.Diff(standard.Limits, in.Edge.Config.Limits); diff != "" {
		t.Errorf("limits (-edge +spec):\n%s", diff)
	}
}

func TestAnEdgeServesOnePort(t *testing.T) {
	tcp := peer.Port{Name: "api", Number: 80, Protocol: "TCP", Purpose: v1alpha1.PurposeAPI}
	udp := peer.Port{Name: "dns", Number: 53, Protocol: "UDP", Purpose: v1alpha1.PurposeAPI}
	in := scenarios["edge"].input(t, "edge")
	for name, c := range map[string]struct {
		ports []peer.Port
		says  string
	}{
		"None.": {nil, ""},
		"One.":  {[]peer.Port{tcp}, ""},
		"Two.":  {[]peer.Port{tcp, tcp}, "serves one port with purpose API"},
		"UDP.":  {[]peer.Port{udp}, "and that over TCP"},
	} {
		e, err := resources.EdgeFor(in.PeerNode, edge.Custom, peer.Workload{Ports: c.ports})
		if c.says == "" && (err != nil || (e != nil) != (len(c.ports) > 0)) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s got %v, %v, want an error that says %q", name, e, err, c.says)
		}
	}
}

func TestWhatAnEdgeCannotDoIsRefusedWithItsField(t *testing.T) {
	for says, change := range map[string]func(e *v1alpha1.PeerEdge){
		"spec.edge.trustedProxies[0]":         func(e *v1alpha1.PeerEdge) { e.TrustedProxies[0] = "everybody" },
		"spec.edge.rateLimit.banFor":          func(e *v1alpha1.PeerEdge) { e.RateLimit.BanFor = "long" },
		"spec.edge: routes[0].path":           func(e *v1alpha1.PeerEdge) { e.Routes[0].Path = "/a//b" },
		"spec.edge: limits.requestsPerClient": func(e *v1alpha1.PeerEdge) { e.Limits.RequestsPerClient = 1000 },
	} {
		in := scenarios["edge"].input(t, "edge")
		change(in.PeerNode.Spec.Edge)
		if _, err := resources.EdgeFor(in.PeerNode, edge.Custom, in.Workload); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error that says %q", err, says)
		}
	}
}
