// SPDX-License-Identifier: Apache-2.0

// Package host makes the libp2p host of an agent and keeps its connections.
package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
)

// Config is what a host is made from.
type Config struct {
	Key    crypto.PrivKey
	Listen []string
	// Announced are further addresses to tell to peers. It is asked again and
	// again; peers hear of a change within seconds.
	Announced func() []multiaddr.Multiaddr
	// MaxPeers sizes the resource limits.
	MaxPeers int
	// Encryption is tls1.3, noise, or empty for both.
	Encryption string
	UserAgent  string
	Gater      connmgr.ConnectionGater
	// AllowRequest is asked before each stream that a remote peer opens.
	AllowRequest func(peer.ID) bool
	// HandshakeFailed is told of each security handshake that failed.
	HandshakeFailed func(error)
	Registry        prometheus.Registerer
}

// New starts a host that listens on every address of the configuration, or
// fails.
func New(config Config) (libp2phost.Host, error) {
	resources, err := newResources(config.MaxPeers, config.Registry)
	if err != nil {
		return nil, err
	}
	options := append(securities(config.Encryption, config.HandshakeFailed),
		libp2p.Identity(config.Key),
		libp2p.UserAgent(config.UserAgent),
		libp2p.ConnectionGater(config.Gater),
		libp2p.ResourceManager(&meteredResources{ResourceManager: resources, allow: config.AllowRequest}),
		libp2p.PrometheusRegisterer(config.Registry),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(websocket.New),
		libp2p.Transport(quic.NewTransport),
		// Connections are bounded by the gate, which refuses new peers. The
		// default manager would instead cut declared peers that are idle.
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
		// A pod is reached through its declared Service only. Relays, port
		// mapping and hole punching (the last two are off unless asked for)
		// would open ways in that no NetworkPolicy and no operator knows of.
		libp2p.DisableRelay(),
		// One ping stream carries any number of pings, which would escape the
		// rate limit; the heartbeat measures the round trip.
		libp2p.Ping(false),
		// The detectors stop all QUIC or IPv6 dials after enough failures. An
		// agent that redials a few declared peers for days would trip them.
		libp2p.UDPBlackHoleSuccessCounter(nil),
		libp2p.IPv6BlackHoleSuccessCounter(nil),
		libp2p.NoListenAddrs,
		libp2p.AddrsFactory(func(own []multiaddr.Multiaddr) []multiaddr.Multiaddr {
			return slices.Concat(own, config.Announced())
		}),
	)
	h, err := libp2p.New(options...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start libp2p: %w", err), resources.Close())
	}
	if err := listen(h, config.Listen); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// listen takes the addresses one by one: given all of them, libp2p is content
// when a single one works.
func listen(h libp2phost.Host, addresses []string) error {
	for _, s := range addresses {
		addr, err := multiaddr.NewMultiaddr(s)
		if err != nil {
			return fmt.Errorf("network.listen: %q is not a multiaddr: %w", s, err)
		}
		if err := h.Network().Listen(addr); err != nil {
			return fmt.Errorf("network.listen: cannot listen on %s: %w", s, err)
		}
	}
	return nil
}
