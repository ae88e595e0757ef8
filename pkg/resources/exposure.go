// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// PeerService is how the outside reaches the ports of the peer protocol, nil unless spec.network.peer.exposure asks for a
// Service. As in the headless one the pod counts before it is ready, because its peers may be what it waits for. It goes
// with the PeerNode.
func PeerService(in Input) *applycorev1.ServiceApplyConfiguration {
	p := in.PeerNode
	traffic, ports := p.Spec.Network.Peer, peer.PortsFor(in.Workload.Ports, v1alpha1.PurposePeer)
	if !traffic.Exposure.HasService() || len(ports) == 0 {
		return nil
	}
	service := applycorev1.Service(names.PeerService(p), p.Namespace).
		WithLabels(names.Labels(p, componentPeer)).
		WithOwnerReferences(owner(p)).
		WithSpec(applycorev1.ServiceSpec().
			WithPublishNotReadyAddresses(true).
			WithSelector(names.PodSelector(p.Name)).
			WithPorts(servicePorts(ports)...))
	return expose(service, *traffic.Exposure, traffic.AllowFrom)
}

// ExternalAPI is how users outside of the cluster reach the API, nil unless spec.network.api.exposure asks for a Service. It
// stands beside the one for the cluster, so that those who use that one do not notice. It goes with the PeerNode.
func ExternalAPI(in Input) *applycorev1.ServiceApplyConfiguration {
	p := in.PeerNode
	api := p.Spec.Network.API
	if in.Edge == nil || !api.Exposure.HasService() {
		return nil
	}
	service := applycorev1.Service(names.ExternalAPI(p), p.Namespace).
		WithLabels(names.Labels(p, componentAPI)).
		WithOwnerReferences(owner(p)).
		WithSpec(applycorev1.ServiceSpec().
			WithSelector(names.PodSelector(p.Name)).
			WithPorts(apiPort(in)))
	return expose(service, *api.Exposure, api.AllowFrom)
}

// expose gives a Service the type of an exposure and what belongs to it. With any other traffic policy than Local nodes
// would put their own address in place of the client's, which then gets past allowFrom, or does not get in. Ports of the
// nodes that nobody asked for are left to the cluster, those behind a load balancer too: most need them, and allowFrom
// holds there as well.
func expose(service *applycorev1.ServiceApplyConfiguration, e v1alpha1.Exposure, allowFrom []v1alpha1.NetworkPeer) *applycorev1.ServiceApplyConfiguration {
	spec := service.Spec.WithType(e.Type).WithExternalTrafficPolicy(corev1.ServiceExternalTrafficPolicyLocal)
	service.WithAnnotations(plain(e.Annotations))
	for i := range spec.Ports {
		for _, asked := range e.NodePorts {
			if asked.Name == *spec.Ports[i].Name {
				spec.Ports[i].WithNodePort(asked.Port)
			}
		}
	}
	if e.Type != corev1.ServiceTypeLoadBalancer {
		return service
	}
	if e.LoadBalancerClass != "" {
		// A class in the spec alone may be the doing of an admission webhook.
		service.WithAnnotations(map[string]string{v1alpha1.AnnotationLoadBalancerClass: e.LoadBalancerClass})
		spec.WithLoadBalancerClass(e.LoadBalancerClass)
	}
	if ranges := sourceRanges(allowFrom); len(ranges) > 0 {
		spec.WithLoadBalancerSourceRanges(ranges...)
	}
	return service
}

// plain are annotations as objects have them.
func plain(annotations v1alpha1.Annotations) map[string]string {
	out := map[string]string{}
	for key, value := range annotations {
		out[key] = string(value)
	}
	return out
}

// sourceRanges are allowFrom as a load balancer understands it: nil where it cannot say the same, and then leaves it to the
// NetworkPolicy alone.
func sourceRanges(allowFrom []v1alpha1.NetworkPeer) []string {
	var out []string
	for _, from := range allowFrom {
		if from.IPBlock == nil || len(from.IPBlock.Except) > 0 {
			return nil
		}
		if cidr := string(from.IPBlock.CIDR); !slices.Contains(out, cidr) {
			out = append(out, cidr)
		}
	}
	return out
}
