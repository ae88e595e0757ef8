// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/crash"
)

// exposures are ways in which a peer comes to be reached from outside, and stops being so.
func exposures() []crash.Scenario {
	balanced := exposedAs(v1alpha1.Exposure{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: "example.com/a"})
	given := steps(create(balanced), serving("alpha"), nothing, balances("alpha", "203.0.113.7"))
	// The cluster chooses the ports of the node, another time others: the outside is told those of a router.
	ports := []v1alpha1.ExposedPort{{Name: "p2p", Port: 1}, {Name: "p2p-ws", Port: 2}, {Name: "p2p-quic", Port: 3}}
	routed := v1alpha1.Exposure{Type: corev1.ServiceTypeNodePort, ExternalAddresses: []v1alpha1.ExternalAddress{{Host: "peer.example.com", Ports: ports}}}
	return []crash.Scenario{
		{
			Name:  "expose the API by a load balancer, which gets an address",
			Given: steps(create(openAPI), serving("alpha")),
			When: crash.Step{
				Act: edit("alpha", func(p *v1alpha1.PeerNode) {
					p.Spec.Network.API.Exposure = &v1alpha1.Exposure{Type: corev1.ServiceTypeLoadBalancer}
				}),
				Settled: all(serving("alpha"), balancesAPI("alpha", "203.0.113.7")),
			},
		},
		{
			Name:  "lead to the API by an Ingress and a Gateway, which take it",
			Given: steps(create(openAPI), serving("alpha")),
			When: crash.Step{
				Act: edit("alpha", func(p *v1alpha1.PeerNode) {
					hosts := []v1alpha1.HostPattern{"peer.example.com"}
					p.Spec.Network.API.Ingress = &v1alpha1.APIIngress{Hosts: hosts}
					p.Spec.Network.API.Gateway = &v1alpha1.APIGateway{ParentRefs: []v1alpha1.GatewayReference{{Name: "public"}}, Hosts: hosts}
				}),
				Settled: all(serving("alpha"), ledByIngress("alpha"), ledByGateway("alpha"), told("alpha", v1alpha1.ConditionAPIExposed, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)),
			},
		},
		{
			Name:  "expose by a load balancer, which gets an address",
			Given: created(),
			When:  crash.Step{Act: edit("alpha", balanced), Settled: all(serving("alpha"), balances("alpha", "203.0.113.7"))},
		},
		{
			Name:  "exposure of another type",
			Given: given,
			When:  crash.Step{Act: edit("alpha", exposedAs(routed)), Settled: all(serving("alpha"), announced("alpha", "/dns/peer.example.com/udp/3/quic-v1"))},
		},
		{
			Name:  "exposure by another class of load balancers, whose Service is made anew",
			Given: given,
			When: crash.Step{
				Act:     edit("alpha", exposedAs(v1alpha1.Exposure{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: "example.com/b"})),
				Settled: all(serving("alpha"), ofClass("example.com/b"), balances("alpha", "203.0.113.8")),
			},
		},
		{
			Name:  "expose no longer",
			Given: given,
			When: crash.Step{
				Act:     edit("alpha", func(p *v1alpha1.PeerNode) { p.Spec.Network = v1alpha1.PeerNetwork{} }),
				Settled: all(serving("alpha"), gone[*corev1.Service]("alpha-peer")),
			},
		},
	}
}

func nothing(context.Context, *crash.World) error { return nil }

func exposedAs(e v1alpha1.Exposure) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Peer = v1alpha1.PeerTraffic{Exposure: &e, AllowFrom: []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "198.51.100.0/24"}}}}
	}
}

// balances plays a controller of load balancers, which gives the Service an address, and looks whether the agent is told.
func balances(name, address string) do {
	return all(addressed(name+"-peer", address), announced(name, "/ip4/"+address+"/udp/8002/quic-v1"))
}

// balancesAPI does so with the Service of the API, of which nobody but the user is told.
func balancesAPI(name, address string) do {
	return all(addressed(name+"-api-ext", address), told(name, v1alpha1.ConditionAPIExposed, metav1.ConditionTrue, v1alpha1.ReasonAddressFound))
}

// addressed gives a Service an address, unless it has one.
func addressed(service, address string) do {
	return func(ctx context.Context, w *crash.World) error {
		s := &corev1.Service{}
		if err := get(ctx, w, service, s); err != nil || len(s.Status.LoadBalancer.Ingress) > 0 {
			return err
		}
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address, IPMode: new(corev1.LoadBalancerIPModeVIP)}}
		return w.Admin.Status().Update(ctx, s)
	}
}

// ledByIngress plays an ingress controller.
func ledByIngress(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		ingress := &networkingv1.Ingress{}
		if err := get(ctx, w, name+"-api", ingress); err != nil || len(ingress.Status.LoadBalancer.Ingress) > 0 {
			return err
		}
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
		return w.Admin.Status().Update(ctx, ingress)
	}
}

// ledByGateway plays the controller of a Gateway, which takes the route.
func ledByGateway(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		route := &gatewayv1.TLSRoute{}
		if err := get(ctx, w, name+"-api", route); err != nil || len(route.Status.Parents) > 0 {
			return err
		}
		builders.Answered(route, metav1.ConditionTrue, "")
		return w.Admin.Status().Update(ctx, route)
	}
}

// announced looks whether the outside can be told where to reach a peer, and its agent is told that address.
func announced(name, address string) do {
	return func(ctx context.Context, w *crash.World) error {
		if err := told(name, v1alpha1.ConditionExposed, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)(ctx, w); err != nil {
			return err
		}
		config := &corev1.ConfigMap{}
		if err := get(ctx, w, name+"-config", config); err != nil {
			return err
		}
		if file := config.Data["announce.yaml"]; !strings.Contains(file, address) {
			return fmt.Errorf("the agent announces %q, want %s", file, address)
		}
		return nil
	}
}

// ofClass looks whether the Service has a class.
func ofClass(class string) do {
	return func(ctx context.Context, w *crash.World) error {
		service := &corev1.Service{}
		if err := get(ctx, w, "alpha-peer", service); err != nil {
			return err
		}
		if is := service.Spec.LoadBalancerClass; service.DeletionTimestamp != nil || is == nil || *is != class {
			return fmt.Errorf("the class is %v, want %s", is, class)
		}
		return nil
	}
}
