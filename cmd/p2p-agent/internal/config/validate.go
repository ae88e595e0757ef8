// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"

	"github.com/peernode/operator/cmd/p2p-agent/internal/announce"
	"github.com/peernode/operator/cmd/p2p-agent/internal/peerlist"
)

// SecurityMetrics are the four metrics that the guide asks for.
var SecurityMetrics = []string{"auth_failures", "invalid_signatures", "suspicious_peers", "encryption_errors"}

// maxPeersLimit keeps max_peers within what one process can hold; go-libp2p
// reserves descriptors and memory in proportion.
const maxPeersLimit = 10000

// Validate reports every value that cannot work, with the path of its field.
func (c *Config) Validate() error {
	return errors.Join(
		oneOf("agent.log_level", c.Agent.LogLevel, "debug", "info", "warn", "error"),
		oneOf("identity.key_type", c.Identity.KeyType, "ed25519", "secp256k1"),
		check(c.Identity.KeyStrength == 256, "identity.key_strength: only 256 is possible, the strength of both key types"),
		absolute("identity.storage.location", c.Identity.Storage.Location),
		absolute("storage.path", c.Storage.Path),
		c.Network.validate(),
		c.Peers.validate(),
		c.Security.validate(c.Identity.KeyType),
		c.Monitoring.validate(),
	)
}

func (n *Network) validate() error {
	errs := []error{
		check(len(n.Listen) > 0, "network.listen: at least one address is needed"),
		between("network.max_peers", n.MaxPeers, 1, maxPeersLimit),
	}
	for i, s := range n.Listen {
		errs = append(errs, listenAddress(fmt.Sprintf("network.listen[%d]", i), s))
	}
	_, announceErr := n.Announced()
	errs = append(errs, announceErr)
	if n.AnnounceFile != "" {
		errs = append(errs, absolute("network.announce_file", n.AnnounceFile))
	}
	return errors.Join(errs...)
}

// Announced parses the static addresses.
func (n *Network) Announced() ([]multiaddr.Multiaddr, error) {
	return announce.New("network.", n.Announce)
}

// listenAddress accepts the three transports the agent has.
func listenAddress(path, s string) error {
	addr, err := multiaddr.NewMultiaddr(s)
	if err != nil {
		return fmt.Errorf("%s: %q is not a multiaddr: %w", path, s, err)
	}
	var names []string
	for _, p := range addr.Protocols() {
		names = append(names, p.Name)
	}
	shape := strings.Join(names, "/")
	for _, ip := range []string{"ip4", "ip6"} {
		if slices.Contains([]string{ip + "/tcp", ip + "/tcp/ws", ip + "/udp/quic-v1"}, shape) {
			return nil
		}
	}
	return fmt.Errorf("%s: %q must be an IP address with /tcp/PORT, /tcp/PORT/ws or /udp/PORT/quic-v1", path, s)
}

// List parses the static peers.
func (p *Peers) List() (peerlist.List, error) {
	return peerlist.New("peers.", peerlist.Entries{
		AllowedPeers: p.AllowedPeers, Bootstrap: p.Bootstrap, Siblings: p.Siblings, Fleets: p.Fleets,
	})
}

func (p *Peers) validate() error {
	_, listErr := p.List()
	errs := []error{
		oneOf("peers.trust_level", p.TrustLevel, "strict", "moderate", "relaxed"),
		check(p.RequireAuthentication, "peers.require_authentication: only true is possible; every libp2p handshake authenticates"),
		listErr,
	}
	if p.File != "" {
		errs = append(errs, absolute("peers.file", p.File))
	}
	return errors.Join(errs...)
}

func (s *Security) validate(keyType string) error {
	d := s.DDoS
	errs := []error{
		oneOf("security.communication.encryption", s.Communication.Encryption, "", "tls1.3", "noise"),
		oneOf("security.communication.certificate_verification", s.Communication.CertificateVerification, "strict"),
		check(s.Messages.Signing == "" || s.Messages.Signing == keyType,
			"security.messages.signing: must repeat identity.key_type (%s): the identity key signs", keyType),
		between("security.messages.max_age", s.Messages.MaxAge, 30, 86400),
		check(s.Data.TransportEncryption, "security.data.transport_encryption: only true is possible"),
		check(s.Data.PerfectForwardSecrecy, "security.data.perfect_forward_secrecy: only true is possible"),
	}
	if d.Enabled {
		errs = append(errs,
			between("security.ddos.rate_limit", d.RateLimit, 60, 10_000_000),
			between("security.ddos.burst_limit", d.BurstLimit, 20, 1_000_000),
			check(d.BlacklistDuration >= time.Second, "security.ddos.blacklist_duration: must be at least 1s"))
	}
	return errors.Join(errs...)
}

func (m *Monitoring) validate() error {
	errs := []error{
		hostPort("monitoring.health.listen", m.Health.Listen),
		hostPort("monitoring.metrics.listen", m.Metrics.Listen),
	}
	for i, name := range m.Metrics.Security {
		errs = append(errs, oneOf(fmt.Sprintf("monitoring.metrics.security[%d]", i), name, SecurityMetrics...))
	}
	return errors.Join(errs...)
}

func check(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func oneOf(path, value string, allowed ...string) error {
	return check(slices.Contains(allowed, value), "%s: %q is not one of %s", path, value,
		strings.Join(slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" }), ", "))
}

func between(path string, value, low, high int) error {
	return check(value >= low && value <= high, "%s: %d is not between %d and %d", path, value, low, high)
}

func absolute(path, value string) error {
	return check(filepath.IsAbs(value), "%s: %q must be an absolute path", path, value)
}

func hostPort(path, value string) error {
	_, _, err := net.SplitHostPort(value)
	return check(err == nil, "%s: %q must be HOST:PORT, for example 0.0.0.0:8080", path, value)
}
