// SPDX-License-Identifier: Apache-2.0

package defaults_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

var options = defaults.Options{P2PAgentImage: "registry.example.com/p2p-agent:v1"}

func agent(change ...func(*v1alpha1.PeerNodeSpec)) *v1alpha1.PeerNode {
	p := &v1alpha1.PeerNode{}
	p.Name = "alpha"
	p.Spec.Software.P2PAgent = &v1alpha1.P2PAgentSoftware{}
	p.Spec.Storage.Size = resource.MustParse("1Gi")
	for _, c := range change {
		c(&p.Spec)
	}
	return p
}

func ofFleet(s *v1alpha1.PeerNodeSpec) { s.Fleet = &v1alpha1.FleetMembership{Name: "relay"} }

func exposed(s *v1alpha1.PeerNodeSpec) {
	s.Network.Peer.Exposure, s.Network.API.Exposure = &v1alpha1.Exposure{}, &v1alpha1.Exposure{}
}

func backedUp(s *v1alpha1.PeerNodeSpec) { s.Backup = &v1alpha1.PeerNodeBackup{} }

func openedDirectly(s *v1alpha1.PeerNodeSpec) {
	s.Identity = &v1alpha1.PeerIdentity{Direct: &v1alpha1.DirectOpening{Secret: &v1alpha1.DirectSecret{Name: "opener"}}}
}

// withEdge leaves open all that an edge may leave open.
func withEdge(s *v1alpha1.PeerNodeSpec) {
	s.TLS = &v1alpha1.PeerTLS{IssuerRef: &v1alpha1.CertificateIssuerReference{Name: "ca"}}
	s.Edge = &v1alpha1.PeerEdge{
		Tokens:             &v1alpha1.EdgeTokens{CA: &v1alpha1.CertificateAuthorities{ConfigMapName: "issuer"}},
		ClientCertificates: &v1alpha1.EdgeClientCertificates{CA: v1alpha1.CertificateAuthorities{ConfigMapName: "clients"}},
	}
}

func custom() *v1alpha1.PeerNode {
	p := agent()
	p.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
		DataPath: "/data",
		Ports: []v1alpha1.CustomPort{
			{Name: "gossip", Port: 7946, Purpose: v1alpha1.PurposePeer},
			{Name: "gossip-udp", Port: 7946, Protocol: corev1.ProtocolUDP, Purpose: v1alpha1.PurposePeer},
		},
	}}
	return p
}

func TestTheSmallestAgentGetsItsDefaults(t *testing.T) {
	want := v1alpha1.PeerNodeSpec{
		Image: "registry.example.com/p2p-agent:v1",
		Software: v1alpha1.PeerSoftware{P2PAgent: &v1alpha1.P2PAgentSoftware{
			TrustLevel: "strict", MaxPeers: 50, LogLevel: "info",
			RateLimit: &v1alpha1.PeerRateLimit{RequestsPerMinute: 1000, Burst: 100, BanFor: "1h"},
			Contract: &v1alpha1.P2PAgentContract{
				ConfigPath: "/etc/p2p-agent/config", KeysPath: "/etc/p2p-agent/keys", PeersPath: "/etc/p2p-agent/peers",
				AnnouncePath: "/etc/p2p-agent/announce", DataPath: "/var/lib/p2p-agent",
				Ports:        v1alpha1.P2PAgentPorts{TCP: 8000, WebSocket: 8001, QUIC: 8002, API: 8080, Metrics: 9090},
				LivenessPath: "/healthz", ReadinessPath: "/readyz",
			},
		}},
		Identity:       &v1alpha1.PeerIdentity{Type: "Ed25519"},
		Storage:        v1alpha1.PeerStorage{Size: resource.MustParse("1Gi"), AccessMode: "ReadWriteOncePod"},
		DeletionPolicy: v1alpha1.DeletionPolicy{Data: "Retain", Keys: "Retain"},
		Resources: v1alpha1.PeerResources{
			Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{"memory": resource.MustParse("512Mi")},
		},
	}
	if diff := cmp.Diff(want, defaults.PeerNode(agent(), options).Spec); diff != "" {
		t.Errorf("spec with defaults (-want +got):\n%s", diff)
	}
}

func TestTheSmallestCustomSoftwareGetsItsDefaults(t *testing.T) {
	got := defaults.PeerNode(custom(), options).Spec
	want := v1alpha1.CustomSoftware{
		DataPath: "/data", RunAsUser: 65532, TerminationGracePeriodSeconds: 30,
		Ports: []v1alpha1.CustomPort{
			{Name: "gossip", Port: 7946, Protocol: "TCP", Purpose: "Peer"},
			{Name: "gossip-udp", Port: 7946, Protocol: "UDP", Purpose: "Peer"},
		},
	}
	if diff := cmp.Diff(want, *got.Software.Custom); diff != "" {
		t.Errorf("software with defaults (-want +got):\n%s", diff)
	}
	if got.Image != "" || got.Identity != nil {
		t.Errorf("image %q and identity %v belong to p2p-agents only", got.Image, got.Identity)
	}
}

func TestWhatTheUserSaidStays(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.PeerNodeSpec){
		"An image.":       func(s *v1alpha1.PeerNodeSpec) { s.Image = "mine:v1" },
		"A type of key.":  func(s *v1alpha1.PeerNodeSpec) { s.Identity = &v1alpha1.PeerIdentity{Type: "Secp256k1"} },
		"An access mode.": func(s *v1alpha1.PeerNodeSpec) { s.Storage.AccessMode = "ReadWriteOnce" },
		"A file with a private key.": func(s *v1alpha1.PeerNodeSpec) {
			openedDirectly(s)
			s.Identity.Direct.Secret.Key = "opener"
		},
		"Part of an edge.": func(s *v1alpha1.PeerNodeSpec) {
			withEdge(s)
			s.Edge.RateLimit = &v1alpha1.EdgeRateLimit{Burst: 7}
			s.Edge.Limits = &v1alpha1.EdgeLimits{Connections: 2, Body: new(resource.MustParse("1Ki"))}
			s.Edge.Tokens.CA.Key = "root.pem"
			s.Edge.Resources.Requests = corev1.ResourceList{"cpu": resource.MustParse("1")}
		},
		"A certificate of somebody else.": func(s *v1alpha1.PeerNodeSpec) { s.TLS = &v1alpha1.PeerTLS{SecretName: "ours", MinVersion: "1.3"} },
		"A policy for data.":              func(s *v1alpha1.PeerNodeSpec) { s.DeletionPolicy.Data = "Delete" },
		"A policy for keys.":              func(s *v1alpha1.PeerNodeSpec) { s.DeletionPolicy.Keys = "Delete" },
		"A trust level.":                  func(s *v1alpha1.PeerNodeSpec) { s.Software.P2PAgent.TrustLevel = "relaxed" },
		"A number of peers.":              func(s *v1alpha1.PeerNodeSpec) { s.Software.P2PAgent.MaxPeers = 7 },
		"A level of logs.":                func(s *v1alpha1.PeerNodeSpec) { s.Software.P2PAgent.LogLevel = "debug" },
		"Part of a rate limit.":           func(s *v1alpha1.PeerNodeSpec) { s.Software.P2PAgent.RateLimit = &v1alpha1.PeerRateLimit{Burst: 21} },
		"Part of a contract.": func(s *v1alpha1.PeerNodeSpec) {
			s.Software.P2PAgent.Contract = &v1alpha1.P2PAgentContract{KeysPath: "/keys"}
		},
		"A port of the contract.": func(s *v1alpha1.PeerNodeSpec) {
			s.Software.P2PAgent.Contract = &v1alpha1.P2PAgentContract{Ports: v1alpha1.P2PAgentPorts{QUIC: 9000}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			said, kept := leaves(t, agent(change)), leaves(t, defaults.PeerNode(agent(change), options))
			for path, value := range said {
				if kept[path] != value {
					t.Errorf("%s was %q, became %q", path, value, kept[path])
				}
			}
		})
	}
}

// An entry added to a list that the user wrote could contradict the others: a request above the limit, say.
func TestComputeThatTheUserNamedIsNotAddedTo(t *testing.T) {
	for name, given := range map[string]v1alpha1.PeerResources{
		"Limits alone.":       {Limits: corev1.ResourceList{"memory": resource.MustParse("64Mi")}},
		"Requests alone.":     {Requests: corev1.ResourceList{"cpu": resource.MustParse("2")}},
		"No limits at all.":   {Requests: corev1.ResourceList{}},
		"No requests at all.": {Limits: corev1.ResourceList{}},
	} {
		p := agent(func(s *v1alpha1.PeerNodeSpec) { s.Resources = given })
		if diff := cmp.Diff(given, defaults.PeerNode(p, options).Spec.Resources); diff != "" {
			t.Errorf("%s resources (-given +got):\n%s", name, diff)
		}
	}
}

func TestNoClientOfAnEdgeMayHaveMoreThanAllTogether(t *testing.T) {
	l := defaults.PeerNode(agent(withEdge, func(s *v1alpha1.PeerNodeSpec) {
		s.Edge.Limits = &v1alpha1.EdgeLimits{Connections: 2, Requests: 3}
	}), options).Spec.Edge.Limits
	if l.ConnectionsPerClient != 2 || l.RequestsPerClient != 3 {
		t.Errorf("one client may have %d of 2 connections and %d of 3 requests", l.ConnectionsPerClient, l.RequestsPerClient)
	}
}

// Defaults that reached the user's object would be written back, or would leak from one reconcile into the next.
func TestTheOriginalIsUntouched(t *testing.T) {
	for name, p := range map[string]*v1alpha1.PeerNode{
		"p2p-agent": agent(openedDirectly, func(s *v1alpha1.PeerNodeSpec) {
			s.Software.P2PAgent.RateLimit = &v1alpha1.PeerRateLimit{}
			s.Software.P2PAgent.Contract = &v1alpha1.P2PAgentContract{}
		}),
		"custom": custom(),
	} {
		before := p.DeepCopy()
		defaults.PeerNode(p, options)
		if diff := cmp.Diff(before, p); diff != "" {
			t.Errorf("%s was changed (-before +after):\n%s", name, diff)
		}
	}
}

func TestDefaultsOfDefaultsAreTheSame(t *testing.T) {
	for name, p := range map[string]*v1alpha1.PeerNode{"p2p-agent": agent(), "custom": custom()} {
		once := defaults.PeerNode(p, options)
		if diff := cmp.Diff(once, defaults.PeerNode(once, defaults.Options{P2PAgentImage: "another:v1"})); diff != "" {
			t.Errorf("%s (-once +twice):\n%s", name, diff)
		}
	}
}
