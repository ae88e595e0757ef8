// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
)

const (
	always  = "/dns/peer.example.com/tcp/443/ws"
	first   = "/ip4/203.0.113.7/tcp/8000"
	another = "/ip4/203.0.113.8/udp/8002/quic-v1"
)

// announces replaces the file of announced addresses.
func announces(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// says reports what the agent says of itself over its API.
func (n *node) says(t *testing.T, address string) bool {
	t.Helper()
	return slices.Contains(getJSON[api.Identity](t, n.health.Addr(), api.IdentityPath).Addresses, address)
}

// heard reports whether another agent has heard of an address of this one, from it.
func (n *node) heard(of *node, address string) bool {
	for _, a := range n.host.Peerstore().Addrs(of.id) {
		if a.String() == address {
			return true
		}
	}
	return false
}

func TestAnAgentTellsItsPeersWhereTheOutsideReachesItWithoutARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "announce.yaml")
	announces(t, path, "announce: ["+first+"]")
	a := startNode(t, "alpha", func(c *config.Config) { c.Network.Announce, c.Network.AnnounceFile = []string{always}, path })
	b := startNode(t, "beta", nil)
	a.publish(t, list([]*node{b}, b.address(t, "/tcp/"))) // beta does not dial, so it has to be told
	b.publish(t, list([]*node{a}))
	waitFor(t, "they are connected", func() bool { return a.sees(b) && b.sees(a) })
	waitFor(t, "beta has heard of both addresses", func() bool { return b.heard(a, always) && b.heard(a, first) })
	if own := a.host.Network().ListenAddresses()[0].String(); !a.says(t, own) || !a.says(t, always) || !a.says(t, first) {
		t.Errorf("alpha does not say all of %s, %s and %s", own, always, first)
	}
	started := a.Agent.started

	announces(t, path, "announce: ["+another+"]")
	waitFor(t, "beta has heard of the other address", func() bool { return b.heard(a, another) })
	if a.says(t, first) || !a.says(t, always) {
		t.Error("the address of before is still announced, or that of the configuration is not")
	}

	announces(t, path, "announce: [peer.example.com:8000]")
	waitFor(t, "the failure is counted", func() bool { return a.metric(t, "p2p_agent_config_reload_failures_total") == 1 })
	if !a.says(t, another) {
		t.Error("a bad file took the addresses back")
	}
	if a.Agent.started != started || !a.sees(b) {
		t.Error("alpha was restarted, or lost its peer")
	}
}
