// SPDX-License-Identifier: Apache-2.0

// Package gate decides who may connect and how much a connected peer may ask.
//
// Trust level strict admits only allowed peers. Moderate admits anyone, but an
// unknown peer is counted as suspicious and gets a tenth of the rate. Relaxed
// admits anyone on equal terms. A banned peer is never admitted.
package gate

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Trust is a trust level of the guide.
type Trust string

// The trust levels.
const (
	Strict   Trust = "strict"
	Moderate Trust = "moderate"
	Relaxed  Trust = "relaxed"
)

// Reason says why a peer is refused; the empty reason admits it.
type Reason string

// The reasons of a refusal.
const (
	NotAllowed   Reason = "not_allowed"
	Banned       Reason = "banned"
	TooManyPeers Reason = "max_peers"
)

// Reasons lists all reasons, so that their counters exist from the start.
var Reasons = []Reason{NotAllowed, Banned, TooManyPeers}

// Observer is told what the gate did. It must not block: it is called from the
// connection's own goroutine.
type Observer interface {
	// Refused reports an authenticated inbound connection that was closed.
	Refused(p peer.ID, reason Reason)
	// Suspicious reports a peer that was admitted though nobody declared it.
	Suspicious(p peer.ID, why string)
	// Banned reports a new ban; the observer closes the peer's connections.
	Banned(p peer.ID, until time.Time)
}

// Connections is the part of a libp2p network that the gate counts with.
type Connections interface {
	Peers() []peer.ID
	Connectedness(peer.ID) network.Connectedness
}

// Config is what a gate is made from.
type Config struct {
	Trust    Trust
	MaxPeers int
	Limits   Limits
	Observer Observer
}

// Gate is a libp2p connection gater.
type Gate struct {
	config Config
	quotas *quotas

	mu      sync.RWMutex
	allowed map[peer.ID]struct{}
	conns   Connections
}

var _ connmgr.ConnectionGater = (*Gate)(nil)

// New returns a gate whose allow list is empty.
func New(config Config) *Gate {
	return &Gate{config: config, quotas: newQuotas(config.Limits)}
}

// Attach tells the gate where to count connected peers. The network does not
// exist yet when the gate is made.
func (g *Gate) Attach(conns Connections) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns = conns
}

// SetAllowed replaces the allow list. The caller then closes the connections
// that are no longer permitted.
func (g *Gate) SetAllowed(allowed map[peer.ID]struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.allowed = allowed
}

// Permits says whether p may be connected now.
func (g *Gate) Permits(p peer.ID) bool { return g.decide(p) == "" }

func (g *Gate) decide(p peer.ID) Reason {
	switch {
	case g.quotas.banned(p):
		return Banned
	case g.config.Trust == Strict && !g.known(p):
		return NotAllowed
	default:
		return ""
	}
}

func (g *Gate) known(p peer.ID) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, ok := g.allowed[p]
	return ok
}

// unknown is true for a peer that only the moderate trust level admits.
func (g *Gate) unknown(p peer.ID) bool { return g.config.Trust == Moderate && !g.known(p) }

// full is false for a peer that is connected already: one more connection to it
// takes no place.
func (g *Gate) full(p peer.ID) bool {
	g.mu.RLock()
	conns := g.conns
	g.mu.RUnlock()
	return conns != nil && conns.Connectedness(p) != network.Connected && len(conns.Peers()) >= g.config.MaxPeers
}

// AllowRequest takes one request from p's quota. When nothing is left it bans p
// and returns false.
func (g *Gate) AllowRequest(p peer.ID) bool {
	if g.quotas.take(p, g.unknown(p)) {
		return true
	}
	if until, fresh := g.quotas.ban(p); fresh {
		g.config.Observer.Banned(p, until)
	}
	return false
}

// InterceptPeerDial keeps the agent from dialling whom it would not admit.
func (g *Gate) InterceptPeerDial(p peer.ID) bool { return g.Permits(p) && !g.full(p) }

// InterceptAddrDial admits every address of a peer that may be dialled.
func (g *Gate) InterceptAddrDial(peer.ID, multiaddr.Multiaddr) bool { return true }

// InterceptAccept admits every address: who it is shows in the handshake.
func (g *Gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured decides once the handshake has proved who the remote is.
func (g *Gate) InterceptSecured(dir network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	if dir == network.DirOutbound {
		return g.Permits(p)
	}
	reason := g.decide(p)
	if reason == "" && !g.AllowRequest(p) {
		reason = Banned
	}
	if reason == "" && g.full(p) {
		reason = TooManyPeers
	}
	if reason != "" {
		g.config.Observer.Refused(p, reason)
		return false
	}
	if g.unknown(p) {
		g.config.Observer.Suspicious(p, "connected without being on the allow list")
	}
	return true
}

// InterceptUpgraded looks again, in case the list changed during the handshake.
func (g *Gate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.Permits(c.RemotePeer()), 0
}
