// SPDX-License-Identifier: Apache-2.0

package p2pagent

import (
	"fmt"
	"net/netip"
	"path"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
)

// announcements are announce.yaml.
type announcements struct {
	Announce []string `json:"announce"`
}

// announcePath lies in a folder of its own, because the list of peers may come from another ConfigMap, that of a fleet.
func announcePath(c *v1alpha1.P2PAgentContract) string {
	return path.Join(string(c.AnnouncePath), announceFile)
}

// announced are the addresses as libp2p writes them.
func announced(addresses []peer.Address) []string {
	out := []string{}
	for _, a := range addresses {
		if transport := transportOf(a); transport != "" {
			out = append(out, host(a.Host)+transport)
		}
	}
	return out
}

func host(h string) string {
	address, err := netip.ParseAddr(h)
	switch {
	case err != nil:
		return "/dns/" + h
	case address.Is4():
		return "/ip4/" + h
	default:
		return "/ip6/" + h
	}
}

// transportOf is the end of the address, "" for a port that is not one of the agent's own.
func transportOf(a peer.Address) string {
	switch a.Port.Name {
	case portTCP:
		return fmt.Sprintf("/tcp/%d", a.Number)
	case portWebSocket:
		return fmt.Sprintf("/tcp/%d/ws", a.Number)
	case portQUIC:
		return fmt.Sprintf("/udp/%d/quic-v1", a.Number)
	}
	return ""
}
