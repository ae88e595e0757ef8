// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PeerTLS says under which certificate the API of a peer is served.
//
// +kubebuilder:validation:ExactlyOneOf=issuerRef;secretName
// +kubebuilder:validation:XValidation:rule="!has(self.secretName) || !(has(self.dnsNames) || has(self.ipAddresses) || has(self.duration) || has(self.renewBefore))",fieldPath=".secretName",message="must not be set beside dnsNames, ipAddresses, duration or renewBefore, which are for a certificate that issuerRef has made"
// +kubebuilder:validation:XValidation:rule="!has(self.renewBefore) || duration(self.renewBefore) < duration(has(self.duration) ? self.duration : '2160h')",fieldPath=".renewBefore",message="must be shorter than duration, which is 2160h where it is not set"
type PeerTLS struct {
	// issuerRef is the issuer of cert-manager that signs the certificate. The operator keeps a Certificate named
	// <name>-api, and cert-manager its Secret <name>-api-tls, with a new private key (ECDSA, P-256) at each renewal.
	// +optional
	IssuerRef *CertificateIssuerReference `json:"issuerRef,omitempty"`

	// secretName is a Secret of type kubernetes.io/tls in this namespace that somebody else keeps, in place of issuerRef. The
	// operator does not read it; the pod of the peer mounts it. A renewed one is taken up without a restart.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName,omitempty"`

	// dnsNames are the names in the certificate, such as peer.example.com. Default: those of the Service of the API,
	// <name>-api, <name>-api.<namespace> and <name>-api.<namespace>.svc; public issuers do not sign these.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	DNSNames []string `json:"dnsNames,omitempty"`

	// ipAddresses are addresses in the certificate, for those who ask for the API by address.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	IPAddresses []IPAddress `json:"ipAddresses,omitempty"`

	// duration is how long a certificate is asked to hold. Default 2160h; the issuer has the last word.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="must be at least 1h and at most 87600h"
	Duration Period `json:"duration,omitempty"`

	// renewBefore is how long before its end a certificate is renewed. Default: a third of how long it holds.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('5m') && duration(self) <= duration('87600h')",message="must be at least 5m and at most 87600h"
	RenewBefore Period `json:"renewBefore,omitempty"`

	// minVersion is the oldest version of TLS that is spoken, 1.2 or 1.3, in quotes. Default 1.2.
	// +optional
	// +kubebuilder:validation:Enum="1.2";"1.3"
	MinVersion TLSVersion `json:"minVersion,omitempty"`
}

// CertificateIssuerReference names an issuer of cert-manager.
type CertificateIssuerReference struct {
	// name of the issuer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// kind is Issuer (default), which is one of this namespace, ClusterIssuer, or one of another group.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z0-9]*$`
	Kind string `json:"kind,omitempty"`

	// group is that of an external issuer. Default cert-manager.io.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Group string `json:"group,omitempty"`
}

// IPAddress is an address of IPv4 or IPv6.
//
// +kubebuilder:validation:MaxLength=45
// +kubebuilder:validation:XValidation:rule="isIP(self)",message="must be an IP address such as 192.0.2.7 or 2001:db8::7"
type IPAddress string

// TLSVersion is a version of TLS.
type TLSVersion string

// The versions of TLS.
const (
	TLS12 TLSVersion = "1.2"
	TLS13 TLSVersion = "1.3"
)

// CertificateAuthorities is a ConfigMap with certificates of authorities.
type CertificateAuthorities struct {
	// configMapName is the ConfigMap, in the namespace of the object that names it.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	ConfigMapName string `json:"configMapName"`

	// key is the one in its data under which the certificates lie. Default ca.crt.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[_a-zA-Z0-9-][._a-zA-Z0-9-]*$`
	Key string `json:"key,omitempty"`
}
