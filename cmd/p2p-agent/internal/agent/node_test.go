// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
	"github.com/peernode/operator/cmd/p2p-agent/internal/identity"
)

// node is an agent with its folders, which outlive a restart.
type node struct {
	*Agent
	cfg config.Config
	id  peer.ID
}

// newNode prepares an agent on 127.0.0.1 and free ports, with an empty peers
// file, and does not start it.
func newNode(t *testing.T, name string, change func(*config.Config)) *node {
	t.Helper()
	dir := t.TempDir()
	info, err := identity.Generate(filepath.Join(dir, "keys"), "ed25519")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Agent.Name = name
	cfg.Identity.Storage.Location = filepath.Join(dir, "keys")
	cfg.Storage.Path = filepath.Join(dir, "data")
	cfg.Network.Listen = []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/udp/0/quic-v1"}
	cfg.Peers.File = filepath.Join(dir, "peers.yaml")
	cfg.Monitoring.Health.Listen = "127.0.0.1:0"
	cfg.Monitoring.Metrics.Listen = "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	n := &node{cfg: cfg, id: info.PeerID}
	n.publish(t, "allowed_peers: []")
	return n
}

func startNode(t *testing.T, name string, change func(*config.Config)) *node {
	t.Helper()
	n := newNode(t, name, change)
	n.start(t)
	return n
}

func (n *node) start(t *testing.T) {
	t.Helper()
	a, err := Start(n.cfg, slog.New(slog.NewTextHandler(t.Output(), nil)), Options{
		HeartbeatInterval: 50 * time.Millisecond, PollInterval: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	n.Agent = a
	t.Cleanup(func() {
		if n.Agent == a {
			n.stop(t)
		}
	})
}

func (n *node) stop(t *testing.T) {
	t.Helper()
	a := n.Agent
	n.Agent = nil
	if err := a.Stop(); err != nil {
		t.Error(err)
	}
}

// publish replaces the peers file as a whole, as Kubernetes does.
func (n *node) publish(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(n.cfg.Peers.File+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(n.cfg.Peers.File+".new", n.cfg.Peers.File); err != nil {
		t.Fatal(err)
	}
}

// list writes a peers file that allows and dials the given nodes.
func list(allowed []*node, dial ...string) string {
	var b strings.Builder
	b.WriteString("allowed_peers:\n")
	for _, n := range allowed {
		fmt.Fprintf(&b, "- %s\n", n.id)
	}
	b.WriteString("bootstrap:\n")
	for _, address := range dial {
		fmt.Fprintf(&b, "- %s\n", address)
	}
	return b.String()
}

// siblings writes the part of a peers file that a fleet adds.
func siblings(addresses ...string) string {
	return "siblings:\n- " + strings.Join(addresses, "\n- ") + "\n"
}

// otherFleet writes the part of a peers file that another fleet adds.
func otherFleet(name string, addresses ...string) string {
	return "fleets:\n  " + name + ":\n  - " + strings.Join(addresses, "\n  - ") + "\n"
}

// address is the first address of the node that contains the given part, with
// the peer ID.
func (n *node) address(t *testing.T, part string) string {
	t.Helper()
	for _, a := range n.host.Addrs() {
		if s := a.String(); strings.Contains(s, part) && (part != "/tcp/" || !strings.HasSuffix(s, "/ws")) {
			return s + "/p2p/" + n.id.String()
		}
	}
	t.Fatalf("%v has no %s", n.host.Addrs(), part)
	return ""
}

func (n *node) sees(other *node) bool {
	return n.host.Network().Connectedness(other.id) == network.Connected
}

// metric reads a series as Prometheus would.
func (n *node) metric(t *testing.T, series string) float64 {
	t.Helper()
	_, body := get(t, n.prom.Addr(), api.MetricsPath)
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("no series %s", series)
	return 0
}

func get(t *testing.T, address, path string) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func getJSON[T any](t *testing.T, address, path string) T {
	t.Helper()
	var value T
	_, body := get(t, address, path)
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	return value
}

// rogue is a plain libp2p host that does as the test wants.
func rogue(t *testing.T, options ...libp2p.Option) libp2phost.Host {
	t.Helper()
	h, err := libp2p.New(append(options, libp2p.NoListenAddrs, libp2p.DisableMetrics())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func connect(t *testing.T, h libp2phost.Host, address string) error {
	t.Helper()
	info, err := peer.AddrInfoFromString(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return h.Connect(network.WithForceDirectDial(ctx, "test"), *info)
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for: %s", what)
}
