// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Exposure is how ports of a peer are reached from outside of the cluster. Who gets in is said by allowFrom beside it, and
// by nothing here.
//
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerClass) || (has(self.type) && self.type == 'LoadBalancer')",fieldPath=".loadBalancerClass",message="is of use to type LoadBalancer alone; set that type or remove it"
// +kubebuilder:validation:XValidation:rule="!has(self.annotations) || (has(self.type) && self.type != 'ClusterIP')",fieldPath=".annotations",message="are those of a Service that type ClusterIP does not make; set another type or remove them"
// +kubebuilder:validation:XValidation:rule="!has(self.nodePorts) || (has(self.type) && self.type != 'ClusterIP')",fieldPath=".nodePorts",message="are those of a Service that type ClusterIP does not make; set another type or remove them"
type Exposure struct {
	// type is ClusterIP (default: nothing leads to the ports from outside), NodePort (a port of the node on which the pod
	// runs; other nodes do not answer) or LoadBalancer (an address that the cloud, or a controller such as MetalLB, gives).
	// The last two make a Service of their own beside the one for the cluster, with externalTrafficPolicy Local, so that
	// the peer and allowFrom see from where a client comes.
	// +optional
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	Type corev1.ServiceType `json:"type,omitempty"`

	// loadBalancerClass says which controller makes the load balancer, where the cluster has several. Another class is
	// another load balancer: the Service is made anew, and the address changes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`
	LoadBalancerClass string `json:"loadBalancerClass,omitempty"`

	// annotations are put on the Service, for a controller of load balancers or of DNS that reads its settings there.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`

	// nodePorts ask for certain ports of the nodes. The cluster chooses those that are not named here.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	NodePorts []ExposedPort `json:"nodePorts,omitempty"`

	// externalAddresses are where the outside reaches the ports, where you know better than the cluster: behind NAT, by a
	// name in DNS, or by something of yours that leads to the Service. They take the place of what is found.
	// +optional
	// +listType=map
	// +listMapKey=host
	// +kubebuilder:validation:MaxItems=8
	ExternalAddresses []ExternalAddress `json:"externalAddresses,omitempty"`
}

// Annotations are those of an object that the operator makes.
//
// +kubebuilder:validation:MaxProperties=32
// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 316 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="must have keys such as example.com/key, of at most 63 characters after the slash"
// +kubebuilder:validation:XValidation:rule="self.all(k, !k.matches('^([-a-z0-9.]*[.])?(peernode[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/|^kubectl[.]kubernetes[.]io/'))",message="must not have keys of peernode.dev, which are the operator's, or of argoproj.io, fluxcd.io, helm.sh and kubectl.kubernetes.io, by which tools would take the object for theirs"
type Annotations map[string]AnnotationValue

// AnnotationValue is the value of an annotation.
//
// +kubebuilder:validation:MaxLength=4096
type AnnotationValue string

// ExposedPort is a number for a port of the peer.
type ExposedPort struct {
	// name of the port, as the Service calls it: p2p, p2p-ws or p2p-quic of a p2pAgent, or one of software.custom.ports;
	// https of the API.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// port is the number. One for nodePorts has to lie in the range of the cluster, as a rule 30000 to 32767.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// ExternalAddress is a place at which the outside reaches the ports.
type ExternalAddress struct {
	// host is a name in DNS or an address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.contains(':') ? isIP(self) : self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be a name in DNS, in lower case, or an address of IPv4 or IPv6, without a port"
	// +kubebuilder:validation:XValidation:rule="!isIP(self) || !(ip(self).isUnspecified() || ip(self).isLoopback())",message="must be an address that others can reach"
	Host string `json:"host"`

	// ports are the ports at that place where they are others than those of the Service.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Ports []ExposedPort `json:"ports,omitempty"`
}

// ExternalEndpoint is where the outside reaches a port of the peer.
type ExternalEndpoint struct {
	// name of the port.
	// +required
	Name string `json:"name"`

	// protocol is TCP or UDP.
	// +required
	Protocol corev1.Protocol `json:"protocol"`

	// address is host and port, such as 203.0.113.7:8000, [2001:db8::7]:8000 or peer.example.com:8000.
	// +required
	Address string `json:"address"`

	// source says from where it is known. LoadBalancer: from the status of the Service. Node: it is the address of the
	// pod's node in the cluster, which the outside may not reach. Spec: from externalAddresses. Ingress and Gateway: from
	// their hosts, which DNS has to lead to the controller.
	// +required
	Source AddressSource `json:"source"`
}

// AddressSource is from where an address is known.
//
// +kubebuilder:validation:Enum=LoadBalancer;Node;Spec;Ingress;Gateway
type AddressSource string

// The sources of addresses.
const (
	AddressOfLoadBalancer AddressSource = "LoadBalancer"
	AddressOfNode         AddressSource = "Node"
	AddressOfSpec         AddressSource = "Spec"
	AddressOfIngress      AddressSource = "Ingress"
	AddressOfGateway      AddressSource = "Gateway"
)

// HasService reports whether a Service of its own leads to the ports.
func (e *Exposure) HasService() bool {
	return e != nil && (e.Type == corev1.ServiceTypeNodePort || e.Type == corev1.ServiceTypeLoadBalancer)
}

// Asked reports whether the outside is to reach the ports at all, in whatever way.
func (e *Exposure) Asked() bool {
	return e.HasService() || e != nil && len(e.ExternalAddresses) > 0
}
