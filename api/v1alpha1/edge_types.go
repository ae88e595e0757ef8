// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// PeerEdge is what stands between the API of a peer and its users: a container beside the peer that speaks TLS, lets
// through what is good for everybody, and keeps clients to a rate (docs/edge.md).
type PeerEdge struct {
	// routes are open besides those that are good for everybody, of which custom software has none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Routes []EdgeRoute `json:"routes,omitempty"`

	// hosts are the names by which the API may be asked for, without port, in lower case. Default: any.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Hosts []string `json:"hosts,omitempty"`

	// rateLimit is what one client may ask before it is refused, and then banned for a while. A client is an IPv4 address,
	// or a /64 of IPv6.
	// +optional
	RateLimit *EdgeRateLimit `json:"rateLimit,omitempty"`

	// limits bound what all clients take together.
	// +optional
	Limits *EdgeLimits `json:"limits,omitempty"`

	// trustedProxies are the addresses of proxies of which X-Forwarded-For is believed. Default: of nobody.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(p, !isCIDR(p) || cidr(p).prefixLength() > 0)",message="must not hold all addresses, because everybody could then choose their own"
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// tokens has every request carry a bearer token, a JSON Web Token of one issuer.
	// +optional
	Tokens *EdgeTokens `json:"tokens,omitempty"`

	// clientCertificates asks clients for certificates.
	// +optional
	ClientCertificates *EdgeClientCertificates `json:"clientCertificates,omitempty"`

	// resources are those of the edge's container. Default: requests of 20m CPU and 32Mi memory, and a limit of memory of
	// 32Mi and 96Ki for each of limits.connections, which is 128Mi.
	// +optional
	Resources PeerResources `json:"resources,omitzero"`
}

// EdgeRoute is a path that is open.
//
// +kubebuilder:validation:XValidation:rule="!has(self.webSocket) || !self.webSocket || 'GET' in self.methods",fieldPath=".methods",message="must hold GET, with which a WebSocket begins"
type EdgeRoute struct {
	// path is compared segment by segment, in its case. {name} stands for one segment, {name...} at the end for one or more.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^(/|(/([.]*[A-Za-z0-9_~:@&=+$,-][A-Za-z0-9._~:@&=+$,-]*|[{][A-Za-z0-9_]+[}]))*(/[{][A-Za-z0-9_]+[.]{3}[}])?)$`
	Path string `json:"path"`

	// methods by which it may be asked for. HEAD is open where GET is.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Methods []HTTPMethod `json:"methods"`

	// webSocket lets the connection become a WebSocket.
	// +optional
	WebSocket bool `json:"webSocket,omitempty"`
}

// HTTPMethod is a method of HTTP.
//
// +kubebuilder:validation:Enum=GET;HEAD;POST;PUT;PATCH;DELETE;OPTIONS
type HTTPMethod string

// EdgeRateLimit is what one client may ask before it is banned for a while.
type EdgeRateLimit struct {
	// requestsPerMinute is the sustained rate. Default 1000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	RequestsPerMinute int32 `json:"requestsPerMinute,omitempty"`

	// burst is how many requests may come at once. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Burst int32 `json:"burst,omitempty"`

	// banAfter is how many refused requests within a minute lead to a ban. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	BanAfter int32 `json:"banAfter,omitempty"`

	// banFor is how long a client is banned. Default 1h.
	// +optional
	BanFor BanDuration `json:"banFor,omitempty"`
}

// EdgeLimits bound what all clients take together.
//
// +kubebuilder:validation:XValidation:rule="!has(self.connectionsPerClient) || self.connectionsPerClient <= (has(self.connections) ? self.connections : 1024)",fieldPath=".connectionsPerClient",message="must not exceed connections, which is 1024 where it is not set"
// +kubebuilder:validation:XValidation:rule="!has(self.requestsPerClient) || self.requestsPerClient <= (has(self.requests) ? self.requests : 256)",fieldPath=".requestsPerClient",message="must not exceed requests, which is 256 where it is not set"
type EdgeLimits struct {
	// connections that are open at a time. Default 1024. Each takes about 65 kB of memory.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Connections int32 `json:"connections,omitempty"`

	// connectionsPerClient are those of one client among them. Default 64.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	ConnectionsPerClient int32 `json:"connectionsPerClient,omitempty"`

	// requests that are under way to the peer at a time. Default 256.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Requests int32 `json:"requests,omitempty"`

	// requestsPerClient are those of one client among them. Default 32.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	RequestsPerClient int32 `json:"requestsPerClient,omitempty"`

	// body is how large that of a request may be. Default 1Mi.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!string(self).lowerAscii().contains('e') && quantity(string(self)).compareTo(quantity('1Gi')) <= 0 && quantity(string(self)).compareTo(quantity('0')) > 0",message="must be more than nothing and at most 1Gi, and written without an exponent"
	Body *resource.Quantity `json:"body,omitempty"`
}

// EdgeTokens says which bearer tokens are good.
//
// +kubebuilder:validation:XValidation:rule="(has(self.allowTo) && size(self.allowTo) > 0) || self.keysURL.matches('^https://([0-9.]+|[[][0-9a-fA-F:.]+[]])([:/]|$)')",fieldPath=".allowTo",message="must name the addresses behind keysURL, because a firewall does not know names"
type EdgeTokens struct {
	// issuer is what a token names as its iss.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Issuer string `json:"issuer"`

	// audiences are what a token names one of in its aud.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Audiences []string `json:"audiences"`

	// keysURL is where the issuer's JSON Web Key Set is, https:// and a path.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^https://[^@]+$`
	// +kubebuilder:validation:XValidation:rule="isURL(self)",message="must be https:// and the name or address of a host, with a path"
	KeysURL string `json:"keysURL"`

	// ca is a ConfigMap with the certificates, in PEM, of the authorities that vouch for the host in keysURL, and no others do
	// then. Default: those that the public trusts.
	// +optional
	CA *CertificateAuthorities `json:"ca,omitempty"`

	// algorithms with which tokens may be signed. Default: RS256, ES256 and EdDSA.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	Algorithms []TokenAlgorithm `json:"algorithms,omitempty"`

	// allowTo are the addresses behind keysURL to which the firewall of the peer's pod is opened, on all ports. Needed where
	// keysURL has a name, which a firewall does not know; otherwise the default is the address and the port in it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	AllowTo []NetworkPeer `json:"allowTo,omitempty"`
}

// TokenAlgorithm is one with which a token is signed. None of them is symmetric.
//
// +kubebuilder:validation:Enum=RS256;RS384;RS512;PS256;PS384;PS512;ES256;ES384;ES512;EdDSA
type TokenAlgorithm string

// EdgeClientCertificates says which certificates of clients are good.
type EdgeClientCertificates struct {
	// ca is a ConfigMap with the certificates, in PEM, of the authorities that sign those of clients. A change is taken up
	// without a restart.
	// +required
	CA CertificateAuthorities `json:"ca"`

	// optional lets in clients without a certificate as well; a wrong one is refused all the same.
	// +optional
	Optional bool `json:"optional,omitempty"`
}
