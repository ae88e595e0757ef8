// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/exposure"
	"github.com/peernode/operator/pkg/peer"
)

var (
	tcp  = peer.Port{Name: "p2p", Number: 8000, Protocol: corev1.ProtocolTCP}
	quic = peer.Port{Name: "p2p-quic", Number: 8002, Protocol: corev1.ProtocolUDP}
)

// seen is an exposure of two ports whose Service is there, and whose pod runs on a node.
func seen(as corev1.ServiceType, change ...func(*exposure.Seen)) exposure.Seen {
	s := exposure.Seen{
		Field: "spec.network.peer", Exposure: &v1alpha1.Exposure{Type: as}, AllowFrom: []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "0.0.0.0/0"}}},
		Ports: []peer.Port{tcp, quic},
		Service: &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "alpha-peer"}, Spec: corev1.ServiceSpec{Type: as, Ports: []corev1.ServicePort{
			{Name: "p2p-quic", Port: 8002, NodePort: 30802}, {Name: "p2p", Port: 8000, NodePort: 30800},
		}}},
		Pod: &corev1.Pod{Status: corev1.PodStatus{HostIP: "192.0.2.10"}},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// balanced lets a load balancer have these addresses.
func balanced(ingress ...corev1.LoadBalancerIngress) func(*exposure.Seen) {
	return func(s *exposure.Seen) { s.Service.Status.LoadBalancer.Ingress = ingress }
}

// at lets the spec name hosts.
func at(hosts ...v1alpha1.ExternalAddress) func(*exposure.Seen) {
	return func(s *exposure.Seen) { s.Exposure.ExternalAddresses = hosts }
}

func noService(s *exposure.Seen) { s.Service = nil }
func noPod(s *exposure.Seen)     { s.Pod = nil }
func ofV6(s *exposure.Seen)      { s.Pod.Status.HostIP = "2001:db8::7" }

// before lets an endpoint be on record.
func before(source v1alpha1.AddressSource, address string) func(*exposure.Seen) {
	return func(s *exposure.Seen) {
		s.Before = []v1alpha1.ExternalEndpoint{{Name: "p2p", Protocol: corev1.ProtocolTCP, Address: address, Source: source}}
	}
}

const (
	clusterIP    = corev1.ServiceTypeClusterIP
	nodePort     = corev1.ServiceTypeNodePort
	loadBalancer = corev1.ServiceTypeLoadBalancer
)

func TestTheOutsideReachesThePortsWhereTheyCanBeSeen(t *testing.T) {
	elsewhere := v1alpha1.ExternalAddress{Host: "peer.example.com", Ports: []v1alpha1.ExposedPort{{Name: "p2p", Port: 443}}}
	for name, c := range map[string]struct {
		seen exposure.Seen
		want []string
	}{
		"Nothing is asked for.":       {exposure.Seen{Ports: []peer.Port{tcp}}, nil},
		"The cluster alone.":          {seen(clusterIP), nil},
		"A node.":                     {seen(nodePort), []string{"192.0.2.10:30800 TCP Node", "192.0.2.10:30802 UDP Node"}},
		"A node of IPv6.":             {seen(nodePort, ofV6), []string{"[2001:db8::7]:30800 TCP Node", "[2001:db8::7]:30802 UDP Node"}},
		"A node, and no Service yet.": {seen(nodePort, noService), nil},
		"No node yet.":                {seen(nodePort, noPod), nil},
		"The pod is being replaced, and was on a node.":   {seen(nodePort, noPod, before(v1alpha1.AddressOfNode, "[2001:db8::9]:1")), []string{"[2001:db8::9]:30800 TCP Node", "[2001:db8::9]:30802 UDP Node"}},
		"Before it there was a load balancer.":            {seen(nodePort, noPod, before(v1alpha1.AddressOfLoadBalancer, "203.0.113.9:8000")), nil},
		"What is on record is no address.":                {seen(nodePort, noPod, before(v1alpha1.AddressOfNode, "node:8000")), nil},
		"A load balancer without an address.":             {seen(loadBalancer), nil},
		"A load balancer without a Service.":              {seen(loadBalancer, noService), nil},
		"A load balancer with an address.":                {seen(loadBalancer, balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"})), []string{"203.0.113.7:8000 TCP LoadBalancer", "203.0.113.7:8002 UDP LoadBalancer"}},
		"A load balancer with a name.":                    {seen(loadBalancer, balanced(corev1.LoadBalancerIngress{Hostname: "lb.example.com"})), []string{"lb.example.com:8000 TCP LoadBalancer", "lb.example.com:8002 UDP LoadBalancer"}},
		"A load balancer whose entry is empty.":           {seen(loadBalancer, balanced(corev1.LoadBalancerIngress{})), nil},
		"The spec knows better than the load balancer.":   {seen(loadBalancer, balanced(corev1.LoadBalancerIngress{IP: "10.0.0.7"}), at(v1alpha1.ExternalAddress{Host: "203.0.113.8"})), []string{"203.0.113.8:8000 TCP Spec", "203.0.113.8:8002 UDP Spec"}},
		"The spec knows the host, the Service its ports.": {seen(nodePort, noPod, at(v1alpha1.ExternalAddress{Host: "203.0.113.8"})), []string{"203.0.113.8:30800 TCP Spec", "203.0.113.8:30802 UDP Spec"}},
		"The spec knows the host, nobody the ports yet.":  {seen(nodePort, noService, at(v1alpha1.ExternalAddress{Host: "203.0.113.8"})), nil},
		"The spec knows a port.":                          {seen(nodePort, at(elsewhere)), []string{"peer.example.com:443 TCP Spec", "peer.example.com:30802 UDP Spec"}},
		"The spec knows a port before there is a Service": {seen(nodePort, noService, at(elsewhere)), []string{"peer.example.com:443 TCP Spec"}},
		"Something of the user's leads there.":            {seen(clusterIP, noService, at(elsewhere)), []string{"peer.example.com:443 TCP Spec", "peer.example.com:8002 UDP Spec"}},
	} {
		var got []string
		for _, e := range c.seen.Endpoints() {
			got = append(got, strings.Join([]string{e.Address, string(e.Protocol), string(e.Source)}, " "))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s endpoints (-want +got):\n%s", name, diff)
		}
		if len(exposure.Addresses(c.seen.Places())) != len(got) {
			t.Errorf("%s the software hears of other addresses than the status", name)
		}
	}
}

// A list that changed with the order in which a controller writes would be written, and announced, for ever.
func TestTheOrderOfAddressesFollowsFromThem(t *testing.T) {
	list := []corev1.LoadBalancerIngress{{IP: "203.0.113.9"}, {Hostname: "lb.example.com"}, {IP: "203.0.113.7"}, {IP: "203.0.113.9"}}
	back := slices.Clone(list)
	slices.Reverse(back)
	forth := seen(loadBalancer, balanced(list...)).Places()
	if diff := cmp.Diff(forth, seen(loadBalancer, balanced(back...)).Places()); diff != "" || len(forth) != 6 {
		t.Errorf("%d places (-forth +back):\n%s", len(forth), diff)
	}
}

func TestTheConditionSaysWhatIsMissingFirst(t *testing.T) {
	going := func(finalizers ...string) func(*exposure.Seen) {
		return func(s *exposure.Seen) {
			s.Service, s.Going = nil, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "alpha-peer", Finalizers: finalizers}}
		}
	}
	letting := func(from ...v1alpha1.NetworkPeer) func(*exposure.Seen) {
		return func(s *exposure.Seen) { s.AllowFrom = from }
	}
	asking := func(ports ...v1alpha1.ExposedPort) func(*exposure.Seen) {
		return func(s *exposure.Seen) { s.Exposure.NodePorts = ports }
	}
	addressed := balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"})
	unknown := v1alpha1.ExternalAddress{Host: "peer.example.com", Ports: []v1alpha1.ExposedPort{{Name: "gossip", Port: 1}}}
	for name, c := range map[string]struct {
		seen       exposure.Seen
		want, says string
	}{
		"Nothing is asked for.":                  {exposure.Seen{}, "", ""},
		"The cluster alone.":                     {seen(clusterIP), "", ""},
		"All is there.":                          {seen(loadBalancer, addressed), "True AddressFound", "the outside reaches 203.0.113.7:8000/tcp, 203.0.113.7:8002/udp"},
		"A name alone.":                          {seen(clusterIP, noService, at(v1alpha1.ExternalAddress{Host: "peer.example.com"})), "True AddressFound", "peer.example.com:8000/tcp"},
		"More than a message holds.":             {seen(clusterIP, at(v1alpha1.ExternalAddress{Host: "a"}, v1alpha1.ExternalAddress{Host: "b"}, v1alpha1.ExternalAddress{Host: "c"})), "True AddressFound", "b:8002/udp, 2 more"},
		"No Service yet.":                        {seen(loadBalancer, noService), "False WaitingForAddress", "the Service is being made"},
		"No address yet.":                        {seen(loadBalancer), "False WaitingForAddress", "kubectl describe service alpha-peer"},
		"No pod yet.":                            {seen(nodePort, noPod), "False WaitingForPod", "the node on which the pod runs"},
		"The Service of before is going.":        {seen(loadBalancer, going("example.com/cleanup")), "False WaitingForServiceGone", "alpha-peer of before is still going away, which waits for example.com/cleanup; another"},
		"It is going without asking anybody.":    {seen(loadBalancer, going()), "False WaitingForServiceGone", "is still going away; another"},
		"What goes is missed by nobody.":         {seen(clusterIP, going("a/b"), at(v1alpha1.ExternalAddress{Host: "a"})), "True AddressFound", "a:8000/tcp"},
		"Nobody is let in.":                      {seen(loadBalancer, addressed, letting()), "False NobodyAllowed", "spec.network.peer.allowFrom names no ipBlock; name those who may connect, such as 0.0.0.0/0 for everybody. The addresses are 203.0.113.7:8000/tcp"},
		"Pods alone are let in.":                 {seen(loadBalancer, addressed, letting(v1alpha1.NetworkPeer{PodSelector: &metav1.LabelSelector{}})), "False NobodyAllowed", ""},
		"No address is missed more than no way.": {seen(loadBalancer, letting()), "False WaitingForAddress", ""},
		"A port of nodes that is not there.":     {seen(nodePort, asking(v1alpha1.ExposedPort{Name: "gossip", Port: 30000})), "False UnknownPort", "spec.network.peer.exposure.nodePorts names the port gossip; the software has p2p, p2p-quic"},
		"Ports of nodes that are there.":         {seen(nodePort, asking(v1alpha1.ExposedPort{Name: "p2p-quic", Port: 30802})), "True AddressFound", ""},
		"A port elsewhere that is not there.":    {seen(nodePort, at(v1alpha1.ExternalAddress{Host: "a"}, unknown)), "False UnknownPort", "spec.network.peer.exposure.externalAddresses[1].ports names the port gossip"},
		"Software without a port for peers.":     {seen(nodePort, func(s *exposure.Seen) { s.Ports = nil }), "False UnknownPort", "exposes nothing, because the software has no such port"},
	} {
		got, says := "", ""
		if told := exposure.Condition("Exposed", c.seen); told != nil {
			got, says = string(told.Status)+" "+told.Reason, told.Message
			if told.Type != "Exposed" {
				t.Errorf("%s the condition is a %s", name, told.Type)
			}
		}
		if got != c.want || !strings.Contains(says, c.says) {
			t.Errorf("%s got %q: %s\nwant %q: ... %s ...", name, got, says, c.want, c.says)
		}
	}
}
