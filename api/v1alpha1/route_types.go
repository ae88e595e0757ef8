// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// HostPattern is a name in DNS, in lower case, whose first part may be a * for all names of a domain.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
type HostPattern string

// APIIngress is an Ingress that leads users to the API. Its controller has to be among those that allowFrom lets in, and
// to speak TLS with the edge, or to let TLS through to it: how it is told to is its own affair, as a rule by annotations.
type APIIngress struct {
	// className says which controller serves the Ingress. Default: that of the cluster.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	ClassName string `json:"className,omitempty"`

	// hosts are the names by which users ask for the API, such as peer.example.com.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Hosts []HostPattern `json:"hosts"`

	// secretName is a Secret of type kubernetes.io/tls in this namespace, whose certificate a controller shows that ends TLS
	// itself; <name>-api-tls for that of the edge. Default: none, as is right where TLS goes through to the edge.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName,omitempty"`

	// annotations are put on the Ingress, for its controller.
	// +optional
	Annotations Annotations `json:"annotations,omitempty"`

	// serviceAnnotations are put on the Service <name>-api, where some controllers look for how its backend speaks.
	// +optional
	ServiceAnnotations Annotations `json:"serviceAnnotations,omitempty"`
}

// APIGateway is a TLSRoute of the Gateway API, by which Gateways lead users to the API: by the name that they ask for, with
// TLS from them to the edge. The Gateways have to be among those that allowFrom lets in.
type APIGateway struct {
	// parentRefs are the Gateways. Each needs a listener of protocol TLS, in mode Passthrough, that takes routes of this
	// namespace.
	// +required
	// +listType=map
	// +listMapKey=name
	// +listMapKey=namespace
	// +listMapKey=sectionName
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []GatewayReference `json:"parentRefs"`

	// hosts are the names by which users ask for the API, such as peer.example.com.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Hosts []HostPattern `json:"hosts"`
}

// GatewayReference names a Gateway.
type GatewayReference struct {
	// name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name"`

	// namespace of the Gateway; the PeerNode's own by default.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the name of one listener. Default: all that fit.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?$`
	SectionName string `json:"sectionName,omitempty"`
}
