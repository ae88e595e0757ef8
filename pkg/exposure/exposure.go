// SPDX-License-Identifier: Apache-2.0

// Package exposure is about where the outside of the cluster reaches the ports of a peer: what can be seen of it, and what
// is missing. It does not try whether anybody gets through.
package exposure

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
)

// Seen is what was seen of the ports of one purpose.
type Seen struct {
	// Field is where the exposure stands in the spec, such as spec.network.peer, and AllowFrom what stands beside it.
	Field     string
	Exposure  *v1alpha1.Exposure
	AllowFrom []v1alpha1.NetworkPeer
	// Ports are those of the software.
	Ports []peer.Port
	// Service leads to them, nil while there is none. Going is the one of before that is in its way, nil where none is.
	Service, Going *corev1.Service
	// Pod is nil while there is none.
	Pod *corev1.Pod
	// Before are the endpoints on record.
	Before []v1alpha1.ExternalEndpoint
}

// Place is where a port is reached, and from where that is known.
type Place struct {
	peer.Address

	Source v1alpha1.AddressSource
}

// Places are where the outside reaches the ports, in an order that follows from them alone.
func (s Seen) Places() []Place {
	hosts, source := s.hosts()
	var out []Place
	for _, host := range hosts {
		for _, port := range s.Ports {
			if number := s.number(port, host); number != 0 {
				out = append(out, Place{Address: peer.Address{Port: port, Number: number, Host: host.Host}, Source: source})
			}
		}
	}
	return out
}

// hosts are what the spec says, or else what is found.
func (s Seen) hosts() ([]v1alpha1.ExternalAddress, v1alpha1.AddressSource) {
	switch {
	case s.Exposure == nil:
		return nil, ""
	case len(s.Exposure.ExternalAddresses) > 0:
		return s.Exposure.ExternalAddresses, v1alpha1.AddressOfSpec
	case s.Exposure.Type == corev1.ServiceTypeLoadBalancer:
		return s.balancers(), v1alpha1.AddressOfLoadBalancer
	case s.Exposure.Type == corev1.ServiceTypeNodePort:
		return s.nodes(), v1alpha1.AddressOfNode
	}
	return nil, ""
}

// balancers are sorted: a controller may list them in another order each time.
func (s Seen) balancers() []v1alpha1.ExternalAddress {
	if s.Service == nil {
		return nil
	}
	var names []string
	for _, ingress := range s.Service.Status.LoadBalancer.Ingress {
		if name := ingress.IP; name != "" {
			names = append(names, name)
		} else if ingress.Hostname != "" {
			names = append(names, ingress.Hostname)
		}
	}
	slices.Sort(names)
	return hostsOf(slices.Compact(names))
}

// nodes is the node of the pod, which alone answers. While a pod is replaced it is the one of before: a volume seldom
// changes its node.
func (s Seen) nodes() []v1alpha1.ExternalAddress {
	if s.Pod != nil && s.Pod.Status.HostIP != "" {
		return hostsOf([]string{s.Pod.Status.HostIP})
	}
	for _, before := range s.Before {
		if at, err := netip.ParseAddrPort(before.Address); err == nil && before.Source == v1alpha1.AddressOfNode {
			return hostsOf([]string{at.Addr().String()})
		}
	}
	return nil
}

func hostsOf(names []string) []v1alpha1.ExternalAddress {
	var out []v1alpha1.ExternalAddress
	for _, name := range names {
		out = append(out, v1alpha1.ExternalAddress{Host: name})
	}
	return out
}

// number is the port at a host: the one that the spec says, or that of the Service, 0 while it is not known.
func (s Seen) number(port peer.Port, host v1alpha1.ExternalAddress) int32 {
	for _, said := range host.Ports {
		if said.Name == port.Name {
			return said.Port
		}
	}
	if s.Exposure.Type != corev1.ServiceTypeNodePort {
		return port.Number
	}
	if s.Service == nil {
		return 0
	}
	for _, open := range s.Service.Spec.Ports {
		if open.Name == port.Name {
			return open.NodePort
		}
	}
	return 0
}

// Endpoints are where the outside reaches the ports, as the status shows them.
func (s Seen) Endpoints() []v1alpha1.ExternalEndpoint { return endpoints(s.Places()) }

func endpoints(places []Place) []v1alpha1.ExternalEndpoint {
	var out []v1alpha1.ExternalEndpoint
	for _, at := range places {
		out = append(out, v1alpha1.ExternalEndpoint{Name: at.Port.Name, Protocol: at.Port.Protocol, Address: hostPort(at.Address), Source: at.Source})
	}
	return out
}

// Addresses are places as a software hears of them.
func Addresses(places []Place) []peer.Address {
	var out []peer.Address
	for _, at := range places {
		out = append(out, at.Address)
	}
	return out
}

func hostPort(a peer.Address) string {
	host := a.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(a.Number))
}
