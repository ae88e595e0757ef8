// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

// routed is an API to which an Ingress and two Gateways lead.
func routed(p *v1alpha1.PeerNode) {
	builders.API(p)
	p.Spec.Network.API.Ingress = &v1alpha1.APIIngress{ClassName: "internal", Hosts: []v1alpha1.HostPattern{"peer.example.com"}, Annotations: v1alpha1.Annotations{"example.com/backend-protocol": "HTTPS"}}
	p.Spec.Network.API.Gateway = &v1alpha1.APIGateway{
		ParentRefs: []v1alpha1.GatewayReference{{Name: "public", Namespace: "gateways", SectionName: "tls"}, {Name: "ours"}}, Hosts: []v1alpha1.HostPattern{"peer.example.org"},
	}
}

func (s *story) exposesAPI(p *v1alpha1.PeerNode, status metav1.ConditionStatus, reason string) metav1.Condition {
	s.Helper()
	return s.becomes(p, v1alpha1.ConditionAPIExposed, status, reason)
}

// serveIngress plays an ingress controller, which says where it is reached.
func (s *story) serveIngress() {
	s.Helper()
	ingress := &networkingv1.Ingress{}
	s.is("alpha-api", ingress)
	ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
	s.must(env.Admin.Status().Update(s.Context(), ingress))
}

// takeRoute plays the controller of the Gateways, which say whether they take a route.
func (s *story) takeRoute(name string, accepted metav1.ConditionStatus, message string) {
	s.Helper()
	route := &gatewayv1.TLSRoute{}
	s.is(name, route)
	builders.Answered(route, accepted, message)
	s.must(env.Admin.Status().Update(s.Context(), route))
}

func TestAnAPIIsReachedByAnIngressAndByGateways(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha", routed)
	s.exposesAPI(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForAddress)
	s.serveIngress()
	s.exposesAPI(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForGateway)
	s.takeRoute("alpha-api", metav1.ConditionFalse, "no listener takes routes of this namespace")
	c := s.exposesAPI(p, metav1.ConditionFalse, v1alpha1.ReasonGatewayRefused)
	if want := "Gateway gateways/public does not lead to the API: Said (Accepted is False): no listener takes routes of this namespace"; c.Message != want {
		t.Errorf("it says %q", c.Message)
	}
	s.hears(p, "Warning GatewayRefused")
	s.takeRoute("alpha-api", metav1.ConditionTrue, "")
	s.exposesAPI(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	s.hears(p, "Normal AddressFound")
	if got, want := reached(p), []string{"https peer.example.com:443", "https peer.example.org:443"}; !slices.Equal(got, want) {
		t.Errorf("it is reached at %v, want %v", got, want)
	}
	s.settle(quiet)
	s.Run("at rest", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silent(pause) })
	s.Run("after a restart", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silentAfterRestart() })

	pod := s.again("alpha-0", &corev1.Pod{})
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Network.API.Gateway.Hosts[0] = "api.example.org" })
	s.exposesAPI(p, metav1.ConditionFalse, v1alpha1.ReasonWaitingForGateway)
	s.takeRoute("alpha-api", metav1.ConditionTrue, "")
	s.exposesAPI(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)

	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Network.API.Ingress, p.Spec.Network.API.Gateway = nil, nil })
	s.gone("alpha-api", &networkingv1.Ingress{})
	s.gone("alpha-api", &gatewayv1.TLSRoute{})
	s.same("alpha-0", pod)
}

func TestThePeerOfTheSampleStandsBehindAGateway(t *testing.T) {
	s := tell(t)
	for _, o := range documents(t, "config/samples/p2pagent-gateway.yaml", "namespace: peers", "namespace: "+s.ns, "name: letsencrypt,", "name: "+builders.ClusterIssuer+",") {
		s.must(env.Admin.Create(s.Context(), o, strict))
	}
	p := &v1alpha1.PeerNode{}
	s.is("named", p)
	s.certified(p)
	s.takeRoute("named-api", metav1.ConditionTrue, "")
	s.exposesAPI(p, metav1.ConditionTrue, v1alpha1.ReasonAddressFound)
	if got := reached(p); !slices.Equal(got, []string{"https peer.example.com:443"}) {
		t.Errorf("it is reached at %v", got)
	}
}
