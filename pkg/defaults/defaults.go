// SPDX-License-Identifier: Apache-2.0

// Package defaults fills in what a user left open. It works on a copy: defaults are never written back, so a
// spec stays what its author wrote. The comment of each field in the API states its default.
package defaults

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/api/v1alpha1"
)

// Options are the defaults that the operator's own flags decide.
type Options struct {
	// P2PAgentImage is the image of software.p2pAgent where the spec names none.
	P2PAgentImage string
}

// PeerNode returns a copy of p in which every open field of the spec has its default.
func PeerNode(p *v1alpha1.PeerNode, o Options) *v1alpha1.PeerNode {
	out := p.DeepCopy()
	s := &out.Spec
	setIfZero(&s.Storage.AccessMode, corev1.ReadWriteOncePod)
	setIfZero(&s.DeletionPolicy.Data, v1alpha1.RetentionRetain)
	setIfZero(&s.DeletionPolicy.Keys, v1alpha1.RetentionRetain)
	resources(&s.Resources)
	if s.Backup != nil {
		schedule(s.Backup)
	}
	if s.TLS != nil {
		tls(s.TLS)
		if s.Edge == nil {
			s.Edge = &v1alpha1.PeerEdge{}
		}
	}
	if s.Edge != nil {
		edge(s.Edge)
	}
	for _, e := range []*v1alpha1.Exposure{s.Network.Peer.Exposure, s.Network.API.Exposure} {
		if e != nil {
			setIfZero(&e.Type, corev1.ServiceTypeClusterIP)
		}
	}
	if s.Fleet != nil {
		s.Fleet.Spread = spread(s.Fleet.Spread)
	}
	if s.Software.P2PAgent != nil {
		setIfZero(&s.Image, o.P2PAgentImage)
		identity(s)
		p2pAgent(s.Software.P2PAgent)
	}
	if s.Software.Custom != nil {
		custom(s.Software.Custom)
	}
	return out
}

// resources leaves a side that the user filled in as it is: adding an entry to it could contradict the others.
func resources(r *v1alpha1.PeerResources) {
	if r.Requests == nil && r.Limits == nil {
		r.Requests = corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("100m"),
			corev1.ResourceMemory: resource.MustParse("128Mi"),
		}
		r.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}
	}
}

func spread(s *v1alpha1.PeerSpread) *v1alpha1.PeerSpread {
	if s == nil {
		s = &v1alpha1.PeerSpread{}
	}
	setIfZero(&s.TopologyKey, corev1.LabelHostname)
	setIfZero(&s.WhenUnsatisfiable, corev1.ScheduleAnyway)
	return s
}

func identity(s *v1alpha1.PeerNodeSpec) {
	if s.Identity == nil {
		s.Identity = &v1alpha1.PeerIdentity{}
	}
	setIfZero(&s.Identity.Type, v1alpha1.IdentityEd25519)
	if s.Identity.Direct != nil && s.Identity.Direct.Secret != nil {
		setIfZero(&s.Identity.Direct.Secret.Key, "identity.age")
	}
}

func p2pAgent(a *v1alpha1.P2PAgentSoftware) {
	setIfZero(&a.TrustLevel, v1alpha1.TrustStrict)
	setIfZero(&a.MaxPeers, 50)
	setIfZero(&a.LogLevel, "info")
	if a.RateLimit == nil {
		a.RateLimit = &v1alpha1.PeerRateLimit{}
	}
	setIfZero(&a.RateLimit.RequestsPerMinute, 1000)
	setIfZero(&a.RateLimit.Burst, 100)
	setIfZero(&a.RateLimit.BanFor, "1h")
	if a.Contract == nil {
		a.Contract = &v1alpha1.P2PAgentContract{}
	}
	contract(a.Contract)
}

func contract(c *v1alpha1.P2PAgentContract) {
	setIfZero(&c.ConfigPath, "/etc/p2p-agent/config")
	setIfZero(&c.KeysPath, "/etc/p2p-agent/keys")
	setIfZero(&c.PeersPath, "/etc/p2p-agent/peers")
	setIfZero(&c.AnnouncePath, "/etc/p2p-agent/announce")
	setIfZero(&c.DataPath, "/var/lib/p2p-agent")
	setIfZero(&c.Ports.TCP, 8000)
	setIfZero(&c.Ports.WebSocket, 8001)
	setIfZero(&c.Ports.QUIC, 8002)
	setIfZero(&c.Ports.API, 8080)
	setIfZero(&c.Ports.Metrics, 9090)
	setIfZero(&c.LivenessPath, "/healthz")
	setIfZero(&c.ReadinessPath, "/readyz")
}

func custom(c *v1alpha1.CustomSoftware) {
	setIfZero(&c.RunAsUser, 65532)
	setIfZero(&c.TerminationGracePeriodSeconds, 30)
	for i := range c.Ports {
		setIfZero(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
}

func setIfZero[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
