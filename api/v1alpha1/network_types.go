// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PeerNetwork says who may talk to the peer and to whom it may talk. It becomes a NetworkPolicy that denies the
// rest in both directions; it takes effect where the cluster's network plugin enforces NetworkPolicies, as the condition
// NetworkPolicyEnforced tells.
type PeerNetwork struct {
	// peer is the traffic of the peer-to-peer protocol.
	// +optional
	Peer PeerTraffic `json:"peer,omitzero"`

	// peers are the other PeerNodes that this one talks to. Each is let in and out, and, for software that keeps a
	// list of peers, is put on that list without a restart. A connection needs both sides to declare each other.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +listMapKey=namespace
	// +kubebuilder:validation:MaxItems=256
	Peers []PeerReference `json:"peers,omitempty"`

	// fleets are PeerFleets whose peers this one talks to, as many as there are at any time. Each fleet has to declare
	// this peer in return: in template.spec.network.fleets where it is of a fleet itself, otherwise in
	// template.spec.network.peers.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +listMapKey=namespace
	// +kubebuilder:validation:MaxItems=16
	Fleets []FleetReference `json:"fleets,omitempty"`

	// api is the API that the peer offers to its users. Closed unless enabled.
	// +optional
	API PeerAPI `json:"api,omitzero"`

	// metrics is the Prometheus endpoint of the peer.
	// +optional
	Metrics PeerMetrics `json:"metrics,omitzero"`
}

// PeerTraffic is the traffic of the peer-to-peer protocol.
type PeerTraffic struct {
	// allowFrom lists who, beside the declared peers, may connect to the peer's ports. Empty: nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	AllowFrom []NetworkPeer `json:"allowFrom,omitempty"`

	// allowTo lists whom, beside the declared peers, the peer may connect to, on any port. Empty: nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	AllowTo []NetworkPeer `json:"allowTo,omitempty"`

	// exposure lets others reach the ports from outside of the cluster, as far as allowFrom lets them in. What is found of
	// the addresses is shown in status.endpoints.external, and a p2pAgent tells it to its peers.
	// +optional
	Exposure *Exposure `json:"exposure,omitempty"`
}

// PeerAPI is the API that the peer offers to its users.
//
// +kubebuilder:validation:XValidation:rule="!has(self.allowFrom) || size(self.allowFrom) == 0 || (has(self.enabled) && self.enabled)",fieldPath=".allowFrom",message="has no effect while the API is not enabled; set enabled: true or remove it"
// +kubebuilder:validation:XValidation:rule="!has(self.exposure) || (has(self.enabled) && self.enabled)",fieldPath=".exposure",message="has no effect while the API is not enabled; set enabled: true or remove it"
// +kubebuilder:validation:XValidation:rule="!has(self.ingress) || (has(self.enabled) && self.enabled)",fieldPath=".ingress",message="has no effect while the API is not enabled; set enabled: true or remove it"
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || (has(self.enabled) && self.enabled)",fieldPath=".gateway",message="has no effect while the API is not enabled; set enabled: true or remove it"
type PeerAPI struct {
	// enabled gives the API a Service named <name>-api and opens its port to allowFrom.
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// allowFrom lists who may use the API. Empty: nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	AllowFrom []NetworkPeer `json:"allowFrom,omitempty"`

	// exposure lets users reach the API from outside of the cluster, as far as allowFrom lets them in. Its only port is
	// called https. What is found of the addresses is shown in status.endpoints.external; a certificate for them takes
	// tls.dnsNames or tls.ipAddresses.
	// +optional
	Exposure *Exposure `json:"exposure,omitempty"`

	// ingress leads users to the API by way of an ingress controller.
	// +optional
	Ingress *APIIngress `json:"ingress,omitempty"`

	// gateway leads users to the API by way of Gateways.
	// +optional
	Gateway *APIGateway `json:"gateway,omitempty"`
}

// PeerMetrics is the Prometheus endpoint of the peer.
type PeerMetrics struct {
	// allowFrom lists who may scrape the metrics. Empty: nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	AllowFrom []NetworkPeer `json:"allowFrom,omitempty"`
}

// NetworkPeer is a set of network addresses, shaped as in a NetworkPolicy: either an ipBlock, or pods chosen by
// namespaceSelector, podSelector or both.
//
// +kubebuilder:validation:XValidation:rule="has(self.ipBlock) != (has(self.namespaceSelector) || has(self.podSelector))",message="must have either ipBlock, or namespaceSelector and/or podSelector"
type NetworkPeer struct {
	// ipBlock is a range of addresses. As a source it is compared with what source NAT on the way leaves of an address.
	// +optional
	IPBlock *IPBlock `json:"ipBlock,omitempty"`

	// namespaceSelector chooses namespaces by their labels; {} chooses all.
	// +optional
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// podSelector chooses pods by their labels, in the chosen namespaces or, without namespaceSelector, in the
	// PeerNode's own; {} chooses all.
	// +optional
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
}

// CIDR is a range of IPv4 or IPv6 addresses, such as 10.0.0.0/8 or 2001:db8::/32.
//
// +kubebuilder:validation:MaxLength=49
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a range of addresses in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32"
type CIDR string

// IPBlock is a range of addresses with exceptions.
//
// +kubebuilder:validation:XValidation:rule="!has(self.except) || !isCIDR(self.cidr) || self.except.all(e, !isCIDR(e) || (cidr(self.cidr).containsCIDR(e) && e != self.cidr))",fieldPath=".except",message="each exception must lie within cidr and be smaller than it"
type IPBlock struct {
	// cidr is the range.
	// +required
	CIDR CIDR `json:"cidr"`

	// except are ranges within cidr that do not count.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Except []CIDR `json:"except,omitempty"`
}

// PeerReference names another PeerNode.
type PeerReference struct {
	// name of the PeerNode.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// namespace of the PeerNode; the referring one's own by default.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`
	Namespace string `json:"namespace,omitempty"`
}

// FleetReference names a PeerFleet.
type FleetReference struct {
	// name of the PeerFleet.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=47
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// namespace of the PeerFleet; the referring object's own by default.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`
	Namespace string `json:"namespace,omitempty"`
}
