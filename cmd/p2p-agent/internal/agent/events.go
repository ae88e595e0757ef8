// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"

	"github.com/peernode/operator/cmd/p2p-agent/internal/gate"
	"github.com/peernode/operator/cmd/p2p-agent/internal/peerlist"
)

// observer turns what the parts report into metrics and log lines. Each of the
// guide's four counters is raised here and nowhere else.
type observer struct{ *Agent }

// Refused counts a peer that was turned away after it proved who it is.
func (o observer) Refused(p peer.ID, reason gate.Reason) {
	o.metrics.Refused.WithLabelValues(string(reason)).Inc()
	if reason == gate.NotAllowed {
		o.metrics.AuthFailures.Inc()
	}
	o.log.Warn("connection refused", "peer", p, "reason", string(reason))
}

// Suspicious counts an act that an honest, declared peer does not do.
func (o observer) Suspicious(p peer.ID, why string) {
	o.metrics.SuspiciousPeers.Inc()
	o.log.Warn("suspicious peer", "peer", p, "why", why)
}

// InvalidSignature counts a heartbeat that its sender did not sign.
func (o observer) InvalidSignature(p peer.ID, err error) {
	o.metrics.InvalidSignatures.Inc()
	o.log.Warn("heartbeat refused", "peer", p, "error", err)
}

// Banned counts the ban and disconnects the peer.
func (o observer) Banned(p peer.ID, until time.Time) {
	o.metrics.Bans.Inc()
	o.Suspicious(p, "exceeded the rate limit, banned until "+until.UTC().Format(time.RFC3339))
	// Not here: the ban is found out while a stream of this very peer is opened.
	go o.disconnect(p, noLongerPermitted)
}

// handshakeFailed tells a wrong identity from broken cryptography.
func (a *Agent) handshakeFailed(err error) {
	if other, ok := errors.AsType[sec.ErrPeerIDMismatch](err); ok {
		a.metrics.AuthFailures.Inc()
		a.log.Warn("another peer answered than the one dialled", "expected", other.Expected, "actual", other.Actual)
		return
	}
	a.metrics.EncryptionErrors.Inc()
	a.log.Warn("security handshake failed", "error", err)
}

// The reasons for which the agent itself ends a connection.
const (
	noLongerPermitted = "no longer permitted"
	noLongerNeeded    = "a sibling that neither end would dial any more"
)

// applyList puts a new list of peers in force: first who may stay, then who is
// dialled, last which connections are left over.
func (a *Agent) applyList(ctx context.Context, list peerlist.List) {
	merged := a.static.Merge(list).Without(a.info.PeerID)
	a.gate.SetAllowed(merged.Allowed)
	for _, p := range a.host.Network().Peers() {
		if !a.gate.Permits(p) {
			a.disconnect(p, noLongerPermitted)
		}
	}
	dialled := merged.Dialled(a.info.PeerID)
	for p := range dialled {
		if !a.gate.Permits(p) {
			a.log.Warn("peer is not dialled while it is banned or not in allowed_peers", "peer", p)
		}
	}
	a.dialer.Set(ctx, dialled)
	// A growing fleet gives an agent other siblings with each list. Kept, the
	// earlier ones would fill max_peers. One whose list is older dials again.
	for _, p := range merged.Spare(a.info.PeerID, a.host.Network().Peers()) {
		a.disconnect(p, noLongerNeeded)
	}
}

func (a *Agent) disconnect(p peer.ID, why string) {
	a.log.Info("disconnecting peer", "peer", p, "why", why)
	if err := a.host.Network().ClosePeer(p); err != nil {
		a.log.Warn("closing a connection", "peer", p, "error", err)
	}
}

// enforcer catches a connection that was in the middle of its handshake when the
// list changed: it was not there yet when applyList looked.
func (a *Agent) enforcer() network.Notifiee {
	return &network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) {
		if !a.gate.Permits(c.RemotePeer()) {
			go a.disconnect(c.RemotePeer(), noLongerPermitted)
			return
		}
		a.log.Info("peer connected", "peer", c.RemotePeer(), "address", c.RemoteMultiaddr(), "direction", c.Stat().Direction.String())
	}, DisconnectedF: func(_ network.Network, c network.Conn) {
		a.log.Info("connection closed", "peer", c.RemotePeer(), "address", c.RemoteMultiaddr())
	}}
}
