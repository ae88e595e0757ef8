// SPDX-License-Identifier: Apache-2.0

package resources

import (
	networkingv1 "k8s.io/api/networking/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	applygatewayv1 "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"

	"github.com/peernode/operator/pkg/names"
)

// Ingress leads users to the API by way of an ingress controller, nil unless spec.network.api.ingress asks for it. It goes
// with the PeerNode.
func Ingress(in Input) *applynetworkingv1.IngressApplyConfiguration {
	p := in.PeerNode
	asked := p.Spec.Network.API.Ingress
	if in.Edge == nil || asked == nil {
		return nil
	}
	spec, tls := applynetworkingv1.IngressSpec(), applynetworkingv1.IngressTLS()
	if asked.ClassName != "" {
		spec.WithIngressClassName(asked.ClassName)
	}
	if asked.SecretName != "" {
		tls.WithSecretName(asked.SecretName)
	}
	api := applynetworkingv1.IngressBackend().WithService(applynetworkingv1.IngressServiceBackend().
		WithName(names.API(p)).
		WithPort(applynetworkingv1.ServiceBackendPort().WithNumber(APIPort.Number)))
	everything := applynetworkingv1.HTTPIngressPath().WithPath("/").WithPathType(networkingv1.PathTypePrefix).WithBackend(api)
	for _, host := range asked.Hosts {
		tls.WithHosts(string(host))
		spec.WithRules(applynetworkingv1.IngressRule().
			WithHost(string(host)).
			WithHTTP(applynetworkingv1.HTTPIngressRuleValue().WithPaths(everything)))
	}
	return applynetworkingv1.Ingress(names.API(p), p.Namespace).
		WithLabels(names.Labels(p, componentAPI)).
		WithAnnotations(plain(asked.Annotations)).
		WithOwnerReferences(owner(p)).
		WithSpec(spec.WithTLS(tls))
}

// TLSRoute leads users to the API by way of Gateways, which see no more of it than the name that is asked for; nil unless
// spec.network.api.gateway asks for it. It goes with the PeerNode.
func TLSRoute(in Input) *applygatewayv1.TLSRouteApplyConfiguration {
	p := in.PeerNode
	asked := p.Spec.Network.API.Gateway
	if in.Edge == nil || asked == nil {
		return nil
	}
	spec := applygatewayv1.TLSRouteSpec().WithRules(applygatewayv1.TLSRouteRule().WithBackendRefs(applygatewayv1.BackendRef().
		WithName(gatewayv1.ObjectName(names.API(p))).
		WithPort(APIPort.Number)))
	for _, gateway := range asked.ParentRefs {
		ref := applygatewayv1.ParentReference().WithName(gatewayv1.ObjectName(gateway.Name))
		if gateway.Namespace != "" {
			ref.WithNamespace(gatewayv1.Namespace(gateway.Namespace))
		}
		if gateway.SectionName != "" {
			ref.WithSectionName(gatewayv1.SectionName(gateway.SectionName))
		}
		spec.WithParentRefs(ref)
	}
	for _, host := range asked.Hosts {
		spec.WithHostnames(gatewayv1.Hostname(host))
	}
	return applygatewayv1.TLSRoute(names.API(p), p.Namespace).
		WithLabels(names.Labels(p, componentAPI)).
		WithOwnerReferences(owner(p)).
		WithSpec(spec)
}
