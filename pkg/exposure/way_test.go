// SPDX-License-Identifier: Apache-2.0

package exposure_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/exposure"
	"github.com/peernode/operator/pkg/peer"
)

var https = peer.Port{Name: "https", Number: 443, Protocol: corev1.ProtocolTCP}

// controllers lets the pods of some namespace in.
var controllers = []v1alpha1.NetworkPeer{{NamespaceSelector: &metav1.LabelSelector{}}}

// byIngress is an Ingress that a controller serves.
func byIngress(change ...func(*exposure.ByIngress)) exposure.ByIngress {
	b := exposure.ByIngress{
		API:     v1alpha1.PeerAPI{AllowFrom: controllers, Ingress: &v1alpha1.APIIngress{Hosts: []v1alpha1.HostPattern{"peer.example.com", "*.example.org"}}},
		Port:    https,
		Ingress: &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: "alpha-api"}, Spec: networkingv1.IngressSpec{IngressClassName: new("internal")}},
	}
	b.Ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
	for _, c := range change {
		c(&b)
	}
	return b
}

func unserved(b *exposure.ByIngress) { b.Ingress.Status = networkingv1.IngressStatus{} }

// byGateway are two Gateways that take a route.
func byGateway(change ...func(*exposure.ByGateway)) exposure.ByGateway {
	b := exposure.ByGateway{
		API: v1alpha1.PeerAPI{AllowFrom: controllers, Gateway: &v1alpha1.APIGateway{
			Hosts:      []v1alpha1.HostPattern{"peer.example.com"},
			ParentRefs: []v1alpha1.GatewayReference{{Name: "public", Namespace: "gateways", SectionName: "tls"}, {Name: "ours"}},
		}},
		Port: https, Served: true,
		Route: &gatewayv1.TLSRoute{ObjectMeta: metav1.ObjectMeta{Name: "alpha-api", Namespace: "peers", Generation: 2}},
	}
	taken := []metav1.Condition{
		{Type: "Accepted", Status: "True", Reason: "Accepted", ObservedGeneration: 2}, {Type: "ResolvedRefs", Status: "True", Reason: "ResolvedRefs", ObservedGeneration: 2},
	}
	b.Route.Status.Parents = []gatewayv1.RouteParentStatus{
		{ParentRef: gatewayv1.ParentReference{Name: "public", Namespace: new(gatewayv1.Namespace("gateways")), SectionName: new(gatewayv1.SectionName("tls"))}, Conditions: taken},
		{ParentRef: gatewayv1.ParentReference{Name: "ours"}, Conditions: append([]metav1.Condition(nil), taken...)},
	}
	for _, c := range change {
		c(&b)
	}
	return b
}

// told lets the second Gateway say something.
func told(which int, change func(*metav1.Condition)) func(*exposure.ByGateway) {
	return func(b *exposure.ByGateway) { change(&b.Route.Status.Parents[1].Conditions[which]) }
}

func TestAnAPIIsExposedByEveryWayThatIsAskedFor(t *testing.T) {
	refuses := func(c *metav1.Condition) {
		c.Status, c.Reason, c.Message = "False", "NotAllowedByListeners", "no listener takes it"
	}
	for name, c := range map[string]struct {
		ways       []exposure.Way
		want, says string
		reached    int
	}{
		"Nothing is asked for.":         {[]exposure.Way{exposure.Seen{}, exposure.ByIngress{}, exposure.ByGateway{}}, "", "", 0},
		"An Ingress.":                   {[]exposure.Way{byIngress()}, "True AddressFound", "reaches peer.example.com:443/tcp, *.example.org:443/tcp", 2},
		"An Ingress that is being made": {[]exposure.Way{byIngress(func(b *exposure.ByIngress) { b.Ingress = nil })}, "False WaitingForAddress", "is being made", 0},
		"An Ingress that nobody serves": {[]exposure.Way{byIngress(unserved)}, "False WaitingForAddress", "kubectl describe ingress alpha-api). Its class is internal", 0},
		"An Ingress of no class": {
			[]exposure.Way{byIngress(unserved, func(b *exposure.ByIngress) { b.Ingress.Spec.IngressClassName = nil })}, "False WaitingForAddress", "It has no class", 0,
		},
		"An Ingress whose controller is not let in": {[]exposure.Way{byIngress(func(b *exposure.ByIngress) { b.API.AllowFrom = nil })}, "False NobodyAllowed", "the ingress controller does not get in, because spec.network.api.allowFrom is empty", 2},
		"Gateways.": {[]exposure.Way{byGateway()}, "True AddressFound", "reaches peer.example.com:443/tcp", 1},
		"Gateways in a cluster without their API": {
			[]exposure.Way{byGateway(func(b *exposure.ByGateway) { b.Served, b.Route = false, nil })}, "False GatewayAPIMissing", "gateway.networking.k8s.io/v1; install", 0,
		},
		"A route that is being made":      {[]exposure.Way{byGateway(func(b *exposure.ByGateway) { b.Route = nil })}, "False WaitingForGateway", "is being made", 0},
		"A Gateway that has said nothing": {[]exposure.Way{byGateway(func(b *exposure.ByGateway) { b.Route.Status.Parents = b.Route.Status.Parents[:1] })}, "False WaitingForGateway", "Gateway peers/ours has not said yet", 0},
		"A Gateway of another namespace": {[]exposure.Way{byGateway(func(b *exposure.ByGateway) {
			b.Route.Status.Parents[1].ParentRef.Namespace = new(gatewayv1.Namespace("elsewhere"))
		})}, "False WaitingForGateway", "peers/ours", 0},
		"Another listener of a Gateway":     {[]exposure.Way{byGateway(func(b *exposure.ByGateway) { b.Route.Status.Parents[0].ParentRef.SectionName = nil })}, "False WaitingForGateway", "gateways/public", 0},
		"A Gateway that knows an old route": {[]exposure.Way{byGateway(told(0, func(c *metav1.Condition) { c.ObservedGeneration = 1 }))}, "False WaitingForGateway", "peers/ours has yet to look", 0},
		"A Gateway that says the half of it": {[]exposure.Way{byGateway(func(b *exposure.ByGateway) {
			b.Route.Status.Parents[1].Conditions = b.Route.Status.Parents[1].Conditions[:1]
		})}, "False WaitingForGateway", "has yet to look", 0},
		"A Gateway that does not take it": {[]exposure.Way{byGateway(told(0, refuses))}, "False GatewayRefused", "peers/ours does not lead to the API: NotAllowedByListeners (Accepted is False): no listener takes it", 0},
		"A Gateway that cannot follow it": {[]exposure.Way{byGateway(told(1, refuses))}, "False GatewayRefused", "(ResolvedRefs is False)", 0},
		"A Gateway that is not let in":    {[]exposure.Way{byGateway(func(b *exposure.ByGateway) { b.API.AllowFrom = nil })}, "False NobodyAllowed", "the Gateway does not get in", 0},
		"All ways.": {
			[]exposure.Way{seen(loadBalancer, balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"})), byIngress(), byGateway()},
			"True AddressFound", "203.0.113.7:8000/tcp, 203.0.113.7:8002/udp, peer.example.com:443/tcp, *.example.org:443/tcp", 5,
		},
		"One way of all leads nowhere.": {
			[]exposure.Way{seen(loadBalancer, balanced(corev1.LoadBalancerIngress{IP: "203.0.113.7"})), byIngress(unserved), byGateway()}, "False WaitingForAddress", "alpha-api", 3,
		},
	} {
		got, says, reached := "", "", 0
		if told := exposure.Condition("APIExposed", c.ways...); told != nil {
			got, says = string(told.Status)+" "+told.Reason, told.Message
		}
		for _, way := range c.ways {
			reached += len(way.Endpoints())
		}
		if got != c.want || !strings.Contains(says, c.says) || reached != c.reached {
			t.Errorf("%s: got %q with %d endpoints: %s\nwant %q with %d: ... %s ...", name, got, reached, says, c.want, c.reached, c.says)
		}
	}
}
