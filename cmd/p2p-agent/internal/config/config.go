// SPDX-License-Identifier: Apache-2.0

// Package config reads the agent's YAML file. It is strict on purpose: a
// security setting that is accepted and then not acted upon is worse than none,
// so a field is either honoured or refused with the reason.
package config

import "time"

// Config is everything the agent can be told. The sections are those of the
// p2p-agent guides; the yaml tags are the only list of accepted fields.
type Config struct {
	Agent      Agent      `yaml:"agent"`
	Identity   Identity   `yaml:"identity"`
	Network    Network    `yaml:"network"`
	Peers      Peers      `yaml:"peers"`
	Storage    Storage    `yaml:"storage"`
	Security   Security   `yaml:"security"`
	Monitoring Monitoring `yaml:"monitoring"`
}

// Agent names the agent and sets how much it logs.
type Agent struct {
	// Name is what the agent calls itself in heartbeats; the host name when empty.
	Name string `yaml:"name"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `yaml:"log_level"`
}

// Identity says which key the agent must find and where.
type Identity struct {
	// KeyType is ed25519 or secp256k1; a key of the other type stops the start.
	KeyType string `yaml:"key_type"`
	// KeyStrength may only say 256, the strength of both key types.
	KeyStrength int             `yaml:"key_strength"`
	Storage     IdentityStorage `yaml:"storage"`
}

// IdentityStorage is the folder of identity.key.
type IdentityStorage struct {
	Location string `yaml:"location"`
}

// Network is where the agent listens and how many peers it keeps.
type Network struct {
	// Listen holds TCP, WebSocket and QUIC multiaddrs.
	Listen []string `yaml:"listen"`
	// Announce holds further multiaddrs at which others reach the agent, through
	// a load balancer or a port of the node, and which it tells to its peers.
	Announce []string `yaml:"announce"`
	// AnnounceFile is an optional file with more of them that is reloaded
	// without a restart.
	AnnounceFile string `yaml:"announce_file"`
	// MaxPeers bounds the connected peers and, through it, memory and descriptors.
	MaxPeers int `yaml:"max_peers"`
}

// Peers says who may connect and who is dialled.
type Peers struct {
	// TrustLevel is strict, moderate or relaxed; see package gate.
	TrustLevel string `yaml:"trust_level"`
	// RequireAuthentication may only be true: libp2p has no unauthenticated mode.
	RequireAuthentication bool `yaml:"require_authentication"`
	// File is an optional peer list that is reloaded without a restart.
	File string `yaml:"file"`
	// AllowedPeers, Bootstrap, Siblings and Fleets are static and merged with
	// those of File.
	AllowedPeers []string            `yaml:"allowed_peers"`
	Bootstrap    []string            `yaml:"bootstrap"`
	Siblings     []string            `yaml:"siblings"`
	Fleets       map[string][]string `yaml:"fleets"`
}

// Storage is the only folder the agent writes to.
type Storage struct {
	Path string `yaml:"path"`
}

// Security holds what can be set and what may only be confirmed.
type Security struct {
	Communication Communication `yaml:"communication"`
	Messages      Messages      `yaml:"messages"`
	Data          Data          `yaml:"data"`
	DDoS          DDoS          `yaml:"ddos"`
}

// Communication selects the security handshake of TCP and WebSocket
// connections; QUIC is always TLS 1.3.
type Communication struct {
	// Encryption is tls1.3, noise, or empty for both.
	Encryption string `yaml:"encryption"`
	// CertificateVerification may only be strict.
	CertificateVerification string `yaml:"certificate_verification"`
}

// Messages is about the signed heartbeats.
type Messages struct {
	// Signing may only repeat identity.key_type: the identity key signs.
	Signing string `yaml:"signing"`
	// MaxAge is how many seconds old a heartbeat may be.
	MaxAge int `yaml:"max_age"`
}

// Data confirms what every connection has anyway.
type Data struct {
	TransportEncryption   bool `yaml:"transport_encryption"`
	PerfectForwardSecrecy bool `yaml:"perfect_forward_secrecy"`
}

// DDoS is the rate limit per remote peer and the ban that follows.
type DDoS struct {
	Enabled bool `yaml:"enabled"`
	// RateLimit is in requests per minute; a request is a connection or a stream
	// that the remote peer opens.
	RateLimit         int           `yaml:"rate_limit"`
	BurstLimit        int           `yaml:"burst_limit"`
	BlacklistDuration time.Duration `yaml:"blacklist_duration"`
}

// Monitoring is where health, API and metrics are served.
type Monitoring struct {
	Health  Health  `yaml:"health"`
	Metrics Metrics `yaml:"metrics"`
}

// Health is the listener of /healthz, /readyz and /api/v1.
type Health struct {
	Listen string `yaml:"listen"`
}

// Metrics is the listener of /metrics.
type Metrics struct {
	Listen string `yaml:"listen"`
	// Security may list the four security metrics, which are always exposed.
	Security []string `yaml:"security"`
}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{
		Agent: Agent{LogLevel: "info"},
		Identity: Identity{
			KeyType:     "ed25519",
			KeyStrength: 256,
			Storage:     IdentityStorage{Location: "/etc/p2p-agent/keys"},
		},
		Network: Network{
			Listen:   []string{"/ip4/0.0.0.0/tcp/8000", "/ip4/0.0.0.0/tcp/8001/ws", "/ip4/0.0.0.0/udp/8002/quic-v1"},
			MaxPeers: 50,
		},
		Peers:   Peers{TrustLevel: "strict", RequireAuthentication: true},
		Storage: Storage{Path: "/var/lib/p2p-agent"},
		Security: Security{
			Communication: Communication{CertificateVerification: "strict"},
			Messages:      Messages{MaxAge: 300},
			Data:          Data{TransportEncryption: true, PerfectForwardSecrecy: true},
			DDoS:          DDoS{Enabled: true, RateLimit: 1000, BurstLimit: 100, BlacklistDuration: time.Hour},
		},
		Monitoring: Monitoring{
			Health:  Health{Listen: "0.0.0.0:8080"},
			Metrics: Metrics{Listen: "0.0.0.0:9090"},
		},
	}
}
