// SPDX-License-Identifier: Apache-2.0

package host

import (
	"slices"
	"strings"

	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
)

// Connected lists the connected peers in the order of their IDs. A peer with
// several connections is described by its oldest one.
func Connected(h libp2phost.Host) []api.Peer {
	peers := []api.Peer{}
	for _, p := range h.Network().Peers() {
		if conns := h.Network().ConnsToPeer(p); len(conns) > 0 {
			peers = append(peers, describe(conns))
		}
	}
	slices.SortFunc(peers, func(a, b api.Peer) int { return strings.Compare(a.PeerID.String(), b.PeerID.String()) })
	return peers
}

func describe(conns []network.Conn) api.Peer {
	oldest := slices.MinFunc(conns, func(a, b network.Conn) int { return a.Stat().Opened.Compare(b.Stat().Opened) })
	peer := api.Peer{
		PeerID:         oldest.RemotePeer(),
		Direction:      strings.ToLower(oldest.Stat().Direction.String()),
		Transport:      oldest.ConnState().Transport,
		ConnectedSince: oldest.Stat().Opened,
	}
	for _, c := range conns {
		peer.Addresses = append(peer.Addresses, c.RemoteMultiaddr().String())
	}
	slices.Sort(peer.Addresses)
	peer.Addresses = slices.Compact(peer.Addresses)
	return peer
}
