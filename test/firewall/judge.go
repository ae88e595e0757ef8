// SPDX-License-Identifier: Apache-2.0

package firewall

import (
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Side is one end of a connection: a pod, or, without a namespace, an address outside of the cluster.
type Side struct {
	Namespace       string            `json:"namespace,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	IP              string            `json:"ip"`
}

// Connection is what one end may or may not do to the other.
type Connection struct {
	From     Side            `json:"from"`
	To       Side            `json:"to"`
	Port     int             `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
}

// Judge knows policies, and what they mean.
type Judge struct{ policy *matcher.Policy }

// NewJudge judges by these policies.
func NewJudge(policies []*networkingv1.NetworkPolicy) Judge {
	return Judge{matcher.BuildNetworkPolicies(false, policies)}
}

// LetsIn says whether the policies of the destination let a connection in.
func (j Judge) LetsIn(c Connection) bool {
	return j.policy.IsIngressOrEgressAllowed(c.traffic(), true).IsAllowed()
}

// LetsOut says whether the policies of the source let a connection out.
func (j Judge) LetsOut(c Connection) bool {
	return j.policy.IsIngressOrEgressAllowed(c.traffic(), false).IsAllowed()
}

func (c Connection) traffic() *matcher.Traffic {
	return &matcher.Traffic{Source: c.From.peer(), Destination: c.To.peer(), ResolvedPort: c.Port, Protocol: c.Protocol}
}

func (s Side) peer() *matcher.TrafficPeer {
	out := &matcher.TrafficPeer{IP: s.IP}
	if s.Namespace != "" {
		out.Internal = &matcher.InternalPeer{PodLabels: s.Labels, NamespaceLabels: s.NamespaceLabels, Namespace: s.Namespace}
	}
	return out
}
