// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// HeadlessService gives the peer its stable name in the cluster's DNS. Peers find each other before they are
// ready, or a network in which everybody waits for everybody would never start. It goes with the PeerNode.
func HeadlessService(in Input) *applycorev1.ServiceApplyConfiguration {
	p := in.PeerNode
	return applycorev1.Service(names.Workload(p), p.Namespace).
		WithLabels(names.Labels(p, componentPeer)).
		WithOwnerReferences(owner(p)).
		WithSpec(applycorev1.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true).
			WithSelector(names.PodSelector(p.Name)).
			WithPorts(servicePorts(peer.PortsFor(in.Workload.Ports, v1alpha1.PurposePeer))...))
}

// APIPort is where the Services of the API are asked, under TLS.
var APIPort = peer.Port{Name: "https", Number: 443, Protocol: corev1.ProtocolTCP, Purpose: v1alpha1.PurposeAPI}

// APIService is how users in the cluster reach the peer's API, by way of the edge; nil where there is none. It goes with
// the PeerNode.
func APIService(in Input) *applycorev1.ServiceApplyConfiguration {
	p := in.PeerNode
	if in.Edge == nil {
		return nil
	}
	var annotations v1alpha1.Annotations
	if ingress := p.Spec.Network.API.Ingress; ingress != nil {
		annotations = ingress.ServiceAnnotations
	}
	return applycorev1.Service(names.API(p), p.Namespace).
		WithLabels(names.Labels(p, componentAPI)).
		WithAnnotations(plain(annotations)).
		WithOwnerReferences(owner(p)).
		WithSpec(applycorev1.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(names.PodSelector(p.Name)).
			WithPorts(apiPort(in)))
}

// apiPort leads to the edge.
func apiPort(in Input) *applycorev1.ServicePortApplyConfiguration {
	return applycorev1.ServicePort().
		WithName(APIPort.Name).
		WithPort(APIPort.Number).
		WithProtocol(APIPort.Protocol).
		WithAppProtocol("https").
		WithTargetPort(intstr.FromInt32(in.Edge.Port))
}

func servicePorts(ports []peer.Port) []*applycorev1.ServicePortApplyConfiguration {
	out := make([]*applycorev1.ServicePortApplyConfiguration, 0, len(ports))
	for _, p := range ports {
		out = append(out, applycorev1.ServicePort().
			WithName(p.Name).
			WithPort(p.Number).
			WithProtocol(p.Protocol).
			WithTargetPort(intstr.FromString(p.Name)))
	}
	return out
}
