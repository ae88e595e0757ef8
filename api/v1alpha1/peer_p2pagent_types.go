// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// TrustLevel is how an agent treats peers that are not on its list.
//
// +kubebuilder:validation:Enum=strict;moderate;relaxed
type TrustLevel string

// The trust levels of the p2p-agent contract.
const (
	TrustStrict   TrustLevel = "strict"
	TrustModerate TrustLevel = "moderate"
	TrustRelaxed  TrustLevel = "relaxed"
)

// PeerID names a libp2p peer: the hash of its public key.
//
// +kubebuilder:validation:MinLength=40
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]+$`
type PeerID string

// Multiaddr is a libp2p address that ends in the peer ID of whom it reaches.
//
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:Pattern=`^/(ip4|ip6|dns|dns4|dns6)/[^/]+/(tcp|udp)/[0-9]+(/[a-z0-9-]+)*/p2p/(12D3KooW|16Uiu2HA|Qm)[1-9A-HJ-NP-Za-km-z]+$`
type Multiaddr string

// P2PAgentSoftware is an agent that keeps the p2p-agent contract (docs/p2p-agent-contract.md).
type P2PAgentSoftware struct {
	// trustLevel is strict (default: only declared and allowed peers connect), moderate (others connect, are
	// counted as suspicious and limited harder) or relaxed (anyone connects).
	// +optional
	TrustLevel TrustLevel `json:"trustLevel,omitempty"`

	// allowedPeers are the IDs of peers outside this cluster that may connect. Changed without a restart.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=512
	AllowedPeers []PeerID `json:"allowedPeers,omitempty"`

	// bootstrapPeers are addresses of peers outside this cluster that the agent connects to and stays connected
	// with. They need a way out: network.peer.allowTo. Changed without a restart.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	BootstrapPeers []Multiaddr `json:"bootstrapPeers,omitempty"`

	// maxPeers is the highest number of peers connected at a time. Default 50.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	MaxPeers int32 `json:"maxPeers,omitempty"`

	// logLevel is debug, info (default), warn or error. Logs are JSON lines.
	// +optional
	// +kubebuilder:validation:Enum=debug;info;warn;error
	LogLevel string `json:"logLevel,omitempty"`

	// rateLimit bounds what one remote peer may ask. Default: 1000 requests a minute, bursts of 100, banned for 1h.
	// +optional
	RateLimit *PeerRateLimit `json:"rateLimit,omitempty"`

	// contract overrides what the agent's image provides, part by part, for an image that differs from the contract.
	// +optional
	Contract *P2PAgentContract `json:"contract,omitempty"`
}

// PeerRateLimit bounds what one remote peer may ask before it is banned for a while.
type PeerRateLimit struct {
	// requestsPerMinute is the sustained rate. Default 1000; below 60 an agent would ban its peers for their heartbeats.
	// +optional
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=1000000
	RequestsPerMinute int32 `json:"requestsPerMinute,omitempty"`

	// burst is how many requests may come at once. Default 100; below 20 an agent would ban peers that reconnect.
	// +optional
	// +kubebuilder:validation:Minimum=20
	// +kubebuilder:validation:Maximum=1000000
	Burst int32 `json:"burst,omitempty"`

	// banFor is how long a peer that exceeds the rate is refused. Default 1h.
	// +optional
	BanFor BanDuration `json:"banFor,omitempty"`
}

// BanDuration is a length of time such as 30m or 1h.
//
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('1s') && duration(self) <= duration('720h')",message="must be a duration such as 30m or 1h, between 1s and 720h"
type BanDuration string

// P2PAgentContract is what an agent's image provides, where it differs from the contract.
//
// +kubebuilder:validation:XValidation:rule="!('/tmp' in [self.?configPath.orValue('none'), self.?keysPath.orValue('none'), self.?peersPath.orValue('none'), self.?announcePath.orValue('none'), self.?dataPath.orValue('none')])",message="none of configPath, keysPath, peersPath, announcePath and dataPath can be /tmp, which every pod has for itself"
// +kubebuilder:validation:XValidation:rule="[self.?configPath.orValue('/etc/p2p-agent/config'), self.?keysPath.orValue('/etc/p2p-agent/keys'), self.?peersPath.orValue('/etc/p2p-agent/peers'), self.?announcePath.orValue('/etc/p2p-agent/announce'), self.?dataPath.orValue('/var/lib/p2p-agent')].all(a, [self.?configPath.orValue('/etc/p2p-agent/config'), self.?keysPath.orValue('/etc/p2p-agent/keys'), self.?peersPath.orValue('/etc/p2p-agent/peers'), self.?announcePath.orValue('/etc/p2p-agent/announce'), self.?dataPath.orValue('/var/lib/p2p-agent')].exists_one(b, a == b || (b + '/').startsWith(a + '/')))",message="configPath, keysPath, peersPath, announcePath and dataPath must differ and none may lie within another"
type P2PAgentContract struct {
	// command is the agent's program, to which the contract's arguments are appended. Default: the image's entrypoint.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Command []string `json:"command,omitempty"`

	// configPath is the folder in which the agent finds agent.yaml. Default /etc/p2p-agent/config.
	// +optional
	ConfigPath AbsolutePath `json:"configPath,omitempty"`

	// keysPath is the folder in which the agent finds identity.key. Default /etc/p2p-agent/keys.
	// +optional
	KeysPath AbsolutePath `json:"keysPath,omitempty"`

	// peersPath is the folder in which the agent finds peers.yaml. Default /etc/p2p-agent/peers.
	// +optional
	PeersPath AbsolutePath `json:"peersPath,omitempty"`

	// announcePath is the folder in which the agent finds announce.yaml, while the PeerNode is exposed. Default
	// /etc/p2p-agent/announce.
	// +optional
	AnnouncePath AbsolutePath `json:"announcePath,omitempty"`

	// dataPath is the folder in which the agent keeps its data. Default /var/lib/p2p-agent.
	// +optional
	DataPath AbsolutePath `json:"dataPath,omitempty"`

	// ports are the ports that the agent listens on.
	// +optional
	Ports P2PAgentPorts `json:"ports,omitzero"`

	// livenessPath answers 200 on the api port while the agent lives. Default /healthz.
	// +optional
	LivenessPath AbsolutePath `json:"livenessPath,omitempty"`

	// readinessPath answers 200 on the api port once the agent serves. Default /readyz.
	// +optional
	ReadinessPath AbsolutePath `json:"readinessPath,omitempty"`
}

// P2PAgentPorts are the ports that an agent listens on.
//
// +kubebuilder:validation:XValidation:rule="[self.?tcp.orValue(8000), self.?websocket.orValue(8001), self.?api.orValue(8080), self.?metrics.orValue(9090)].all(a, [self.?tcp.orValue(8000), self.?websocket.orValue(8001), self.?api.orValue(8080), self.?metrics.orValue(9090)].exists_one(b, a == b))",message="tcp, websocket, api and metrics must differ"
type P2PAgentPorts struct {
	// tcp is the port of the peer protocol over TCP. Default 8000.
	// +optional
	TCP PortNumber `json:"tcp,omitempty"`

	// websocket is the port of the peer protocol over WebSocket. Default 8001.
	// +optional
	WebSocket PortNumber `json:"websocket,omitempty"`

	// quic is the UDP port of the peer protocol over QUIC. Default 8002.
	// +optional
	QUIC PortNumber `json:"quic,omitempty"`

	// api is the port of health checks and the agent's API. Default 8080.
	// +optional
	API PortNumber `json:"api,omitempty"`

	// metrics is the port of the Prometheus endpoint. Default 9090.
	// +optional
	Metrics PortNumber `json:"metrics,omitempty"`
}

// PortNumber is a port that a process without privileges can listen on.
//
// +kubebuilder:validation:Minimum=1024
// +kubebuilder:validation:Maximum=65535
type PortNumber int32

// AbsolutePath is a clean absolute path.
//
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:XValidation:rule="self.matches('^(/[A-Za-z0-9_.-]+)+$') && !self.matches('/[.][.]?(/|$)')",message="must be an absolute path of letters, digits, '_', '.' and '-', without '.' or '..' as a part and without a '/' at the end"
type AbsolutePath string
