// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// NetworkPolicy denies everything in both directions but what the spec names, DNS and the unsealer. It takes the place
// of the guides' firewall rules, and holds for the Jobs of the peer as well. It goes with the PeerNode.
func NetworkPolicy(in Input) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	p := in.PeerNode
	return applynetworkingv1.NetworkPolicy(names.Workload(p), p.Namespace).
		WithLabels(names.Labels(p, componentNetwork)).
		WithOwnerReferences(owner(p)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(selector(p)).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(ingress(in)...).
			WithEgress(egress(in)...))
}

func ingress(in Input) []*applynetworkingv1.NetworkPolicyIngressRuleApplyConfiguration {
	n := in.PeerNode.Spec.Network
	var rules []*applynetworkingv1.NetworkPolicyIngressRuleApplyConfiguration
	open := func(ports []peer.Port, from []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration) {
		// A rule without sources would let everybody in, one without ports would open them all.
		if len(from) > 0 && len(ports) > 0 {
			rules = append(rules, applynetworkingv1.NetworkPolicyIngressRule().WithFrom(from...).WithPorts(policyPorts(ports)...))
		}
	}
	from := append(declared(n, in.PeerNode.Namespace), networkPeers(n.Peer.AllowFrom)...)
	open(peer.PortsFor(in.Workload.Ports, v1alpha1.PurposePeer), append(siblings(in.PeerNode), from...))
	metrics := peer.PortsFor(in.Workload.Ports, v1alpha1.PurposeMetrics)
	if in.Edge != nil {
		// The plain port of the API is open to nobody: the edge reaches it within the pod.
		open([]peer.Port{{Number: in.Edge.Port, Protocol: corev1.ProtocolTCP}}, networkPeers(n.API.AllowFrom))
		metrics = append(metrics, peer.Port{Number: in.Edge.Metrics, Protocol: corev1.ProtocolTCP})
	}
	open(metrics, networkPeers(n.Metrics.AllowFrom))
	return rules
}

func egress(in Input) []*applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration {
	rules := []*applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration{dns(in.Options.DNSCIDRs)}
	if in.brokered() {
		rules = append(rules, unsealer(in.Options))
	}
	open := func(to *applynetworkingv1.NetworkPolicyPeerApplyConfiguration, ports []peer.Port) {
		// A rule without ports would open them all.
		if ports = peer.PortsFor(ports, v1alpha1.PurposePeer); len(ports) > 0 {
			rules = append(rules, applynetworkingv1.NetworkPolicyEgressRule().WithTo(to).WithPorts(policyPorts(ports)...))
		}
	}
	for _, to := range siblings(in.PeerNode) {
		open(to, in.Workload.Ports)
	}
	for _, n := range in.Neighbourhood.Peers {
		if n.Fleet == "" {
			open(peerNode(n.Name, n.Namespace), n.Ports)
		}
	}
	for _, f := range in.Neighbourhood.Fleets {
		open(fleet(f.Name, f.Namespace), f.Ports)
	}
	if to := networkPeers(in.PeerNode.Spec.Network.Peer.AllowTo); len(to) > 0 {
		rules = append(rules, applynetworkingv1.NetworkPolicyEgressRule().WithTo(to...))
	}
	if in.Edge != nil && in.PeerNode.Spec.Edge.Tokens != nil {
		tokens := in.PeerNode.Spec.Edge.Tokens
		rules = append(rules, toURL(tokens.KeysURL, tokens.AllowTo))
	}
	return rules
}

// dns opens port 53 to the cluster's own servers only: to any other address it would be a way out for data.
func dns(cidrs []string) *applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration {
	to := []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration{
		applynetworkingv1.NetworkPolicyPeer().WithNamespaceSelector(namespace(metav1.NamespaceSystem)),
	}
	for _, cidr := range cidrs {
		to = append(to, applynetworkingv1.NetworkPolicyPeer().WithIPBlock(applynetworkingv1.IPBlock().WithCIDR(cidr)))
	}
	return applynetworkingv1.NetworkPolicyEgressRule().WithTo(to...).WithPorts(
		applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolUDP).WithPort(intstr.FromInt32(53)),
		applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(53)),
	)
}

// siblings are the pods of the peer's own fleet.
func siblings(p *v1alpha1.PeerNode) []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	if p.Spec.Fleet == nil {
		return nil
	}
	return []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration{applynetworkingv1.NetworkPolicyPeer().
		WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.FleetSelector(p.Spec.Fleet.Name)))}
}

func declared(n v1alpha1.PeerNetwork, own string) []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	out := make([]*applynetworkingv1.NetworkPolicyPeerApplyConfiguration, 0, len(n.Peers)+len(n.Fleets))
	for _, ref := range n.Peers {
		out = append(out, peerNode(ref.Name, ref.In(own)))
	}
	for _, ref := range n.Fleets {
		out = append(out, fleet(ref.Name, ref.In(own)))
	}
	return out
}

func peerNode(name, ns string) *applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	return applynetworkingv1.NetworkPolicyPeer().
		WithNamespaceSelector(namespace(ns)).
		WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.Selector(name)))
}

// fleet are the pods of a fleet, by their label, so that no policy changes when the fleet does.
func fleet(name, ns string) *applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	return applynetworkingv1.NetworkPolicyPeer().
		WithNamespaceSelector(namespace(ns)).
		WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.FleetSelector(name)))
}

func namespace(name string) *applymetav1.LabelSelectorApplyConfiguration {
	return applymetav1.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: name})
}

func networkPeers(peers []v1alpha1.NetworkPeer) []*applynetworkingv1.NetworkPolicyPeerApplyConfiguration {
	out := make([]*applynetworkingv1.NetworkPolicyPeerApplyConfiguration, 0, len(peers))
	for _, p := range peers {
		to := applynetworkingv1.NetworkPolicyPeer()
		if p.IPBlock != nil {
			to.WithIPBlock(ipBlock(*p.IPBlock))
		}
		if p.NamespaceSelector != nil {
			to.WithNamespaceSelector(labelSelector(p.NamespaceSelector))
		}
		if p.PodSelector != nil {
			to.WithPodSelector(labelSelector(p.PodSelector))
		}
		out = append(out, to)
	}
	return out
}

func ipBlock(b v1alpha1.IPBlock) *applynetworkingv1.IPBlockApplyConfiguration {
	out := applynetworkingv1.IPBlock().WithCIDR(string(b.CIDR))
	for _, e := range b.Except {
		out.WithExcept(string(e))
	}
	return out
}

func policyPorts(ports []peer.Port) []*applynetworkingv1.NetworkPolicyPortApplyConfiguration {
	out := make([]*applynetworkingv1.NetworkPolicyPortApplyConfiguration, 0, len(ports))
	for _, p := range ports {
		out = append(out, applynetworkingv1.NetworkPolicyPort().WithProtocol(p.Protocol).WithPort(intstr.FromInt32(p.Number)))
	}
	return out
}
