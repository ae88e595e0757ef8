// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
)

func TestThreeAgentsFindEachOtherThroughTheirPeerFiles(t *testing.T) {
	a, b, c := startNode(t, "alpha", nil), startNode(t, "beta", nil), startNode(t, "gamma", nil)
	all := []*node{a, b, c}
	if code, body := get(t, a.health.Addr(), api.ReadyPath); code != http.StatusOK {
		t.Errorf("an agent without peers must be ready, got %d %s", code, body)
	}
	// Each finds itself in the list, as in a fleet that shares one file. One
	// address is a name, to be resolved.
	named := strings.Replace(a.address(t, "/tcp/"), "/ip4/127.0.0.1", "/dns4/localhost", 1)
	// Whoever is dialled knows the others already: a refusal would count.
	for _, n := range all {
		n.publish(t, list(all))
	}
	waitFor(t, "each lets the others in", func() bool {
		return a.gate.Permits(b.id) && a.gate.Permits(c.id) && b.gate.Permits(c.id) && b.gate.Permits(a.id)
	})
	b.publish(t, list(all, named, b.address(t, "/quic-v1")))
	c.publish(t, list(all, a.address(t, "/ws"), b.address(t, "/quic-v1")))

	waitFor(t, "all are connected", func() bool {
		return a.sees(b) && a.sees(c) && b.sees(a) && b.sees(c) && c.sees(a) && c.sees(b)
	})
	waitFor(t, "gamma has heard from both", func() bool {
		for _, p := range getJSON[api.PeerList](t, c.health.Addr(), api.PeersPath).Peers {
			if p.Name == "" || p.RTTMillis == nil || p.Sequence == 0 || p.LastHeartbeat == nil {
				return false
			}
		}
		return true
	})
	transports := map[string]string{}
	for _, p := range getJSON[api.PeerList](t, c.health.Addr(), api.PeersPath).Peers {
		transports[p.Name] = p.Direction + " " + p.Transport
	}
	if transports["alpha"] != "outbound websocket" || transports["beta"] != "outbound quic-v1" {
		t.Errorf("gamma's peers: %v", transports)
	}
	if got := c.metric(t, "p2p_agent_connected_peers"); got != 2 {
		t.Errorf("p2p_agent_connected_peers %v", got)
	}
	for _, name := range append(config.SecurityMetrics, "p2p_agent_config_reload_failures_total", "p2p_agent_bans_total") {
		if got := a.metric(t, name); got != 0 {
			t.Errorf("nothing bad happened, but %s is %v", name, got)
		}
	}
}

func TestAPeerThatLeavesTheListIsDisconnectedAndComesBack(t *testing.T) {
	a, b := startNode(t, "alpha", nil), startNode(t, "beta", nil)
	a.publish(t, list([]*node{b}))
	b.publish(t, list([]*node{a}, a.address(t, "/tcp/")))
	waitFor(t, "they are connected", func() bool { return a.sees(b) && b.sees(a) })

	a.publish(t, list(nil))
	waitFor(t, "alpha lets beta go", func() bool { return !a.sees(b) })
	waitFor(t, "alpha refuses beta, who tries again", func() bool { return a.metric(t, "auth_failures") > 0 })
	if a.sees(b) {
		t.Error("beta is back")
	}

	a.publish(t, list([]*node{b}))
	waitFor(t, "beta is back once it is allowed", func() bool { return a.sees(b) })
}

func TestABadPeerFileKeepsTheLastGoodList(t *testing.T) {
	a, b := startNode(t, "alpha", nil), startNode(t, "beta", nil)
	a.publish(t, list([]*node{b}))
	b.publish(t, list([]*node{a}, a.address(t, "/tcp/")))
	waitFor(t, "they are connected", func() bool { return a.sees(b) })
	for i, bad := range []string{"allowed_peers: [bob]", "", "allow: []"} {
		a.publish(t, bad)
		waitFor(t, "the failure is counted", func() bool {
			return a.metric(t, "p2p_agent_config_reload_failures_total") == float64(i+1)
		})
	}
	time.Sleep(200 * time.Millisecond)
	if !a.sees(b) || !a.gate.Permits(b.id) {
		t.Error("beta was dropped")
	}
}

func TestStaticPeersAreMergedWithThoseOfTheFile(t *testing.T) {
	b := startNode(t, "beta", nil)
	a := startNode(t, "alpha", func(c *config.Config) {
		c.Peers.AllowedPeers = []string{b.id.String()}
		c.Peers.Bootstrap = []string{b.address(t, "/tcp/")}
	})
	b.publish(t, list([]*node{a}))
	waitFor(t, "they are connected", func() bool { return a.sees(b) && b.sees(a) })
	a.publish(t, list(nil))
	time.Sleep(200 * time.Millisecond)
	if !a.sees(b) {
		t.Error("the file removed a static peer")
	}
}

func TestTheStateSurvivesARestart(t *testing.T) {
	a, b := startNode(t, "alpha", nil), startNode(t, "beta", nil)
	a.publish(t, list([]*node{b}))
	b.publish(t, list([]*node{a}, a.address(t, "/tcp/")))
	waitFor(t, "beta has heard alpha", func() bool { _, ok := b.store.Last(a.id); return ok })
	waitFor(t, "alpha has heard beta", func() bool { _, ok := a.store.Last(b.id); return ok })
	before := getJSON[api.Identity](t, a.health.Addr(), api.IdentityPath)
	a.stop(t)
	a.start(t)
	after := getJSON[api.Identity](t, a.health.Addr(), api.IdentityPath)
	if after.PeerID != before.PeerID || after.Starts != before.Starts+1 || after.Sequence < before.Sequence || !after.StartedAt.After(before.StartedAt) {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	if seen, ok := a.store.Last(b.id); !ok || seen.Name != "beta" {
		t.Errorf("alpha forgot beta: %+v", seen)
	}
	waitFor(t, "the sequence goes on", func() bool { _, s := a.store.Counters(); return s > after.Sequence })
	if got := b.metric(t, "suspicious_peers"); got != 0 {
		t.Errorf("beta finds alpha suspicious after a restart: %v", got)
	}
}

func TestStopIsQuickAndCanBeRepeatedlyFollowedByAStart(t *testing.T) {
	a, b := startNode(t, "alpha", nil), startNode(t, "beta", nil)
	a.publish(t, list([]*node{b}))
	b.publish(t, list([]*node{a}, a.address(t, "/tcp/"), "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEaKdP2boYMwrTm1kgTaYnKCkWS88sfELZP3naqrR8G5v"))
	waitFor(t, "they are connected", func() bool { return a.sees(b) })
	for range 3 {
		begin := time.Now()
		b.stop(t)
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("took %s", took)
		}
		b.start(t)
	}
}

func TestReadinessFollowsTheStorage(t *testing.T) {
	a := startNode(t, "alpha", nil)
	away := a.cfg.Storage.Path + ".away"
	if err := os.Rename(a.cfg.Storage.Path, away); err != nil {
		t.Fatal(err)
	}
	code, body := get(t, a.health.Addr(), api.ReadyPath)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "storage is not writable") {
		t.Errorf("got %d %s", code, body)
	}
	if code, _ := get(t, a.health.Addr(), api.HealthPath); code != http.StatusOK {
		t.Errorf("a restart would not help, yet /healthz is %d", code)
	}
	if err := os.Rename(away, a.cfg.Storage.Path); err != nil {
		t.Fatal(err)
	}
	if code, body := get(t, a.health.Addr(), api.ReadyPath); code != http.StatusOK {
		t.Errorf("got %d %s", code, body)
	}
}

func TestHealthFailsWhenTheMainLoopStands(t *testing.T) {
	a := startNode(t, "alpha", nil)
	a.options.HeartbeatInterval = -2 * stuckAfter // as if the last round was long ago
	code, body := get(t, a.health.Addr(), api.HealthPath)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "main loop") {
		t.Errorf("got %d %s", code, body)
	}
}

func TestStartNamesWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	cases := map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"no key":                   {func(c *config.Config) { c.Identity.Storage.Location = t.TempDir() }, "identity generate"},
		"a key of another type":    {func(c *config.Config) { c.Identity.KeyType = "secp256k1" }, "identity.key_type is secp256k1"},
		"a peer port in use":       {func(c *config.Config) { c.Network.Listen = append(c.Network.Listen, "/ip4/127.0.0.1/tcp/"+port) }, "network.listen: cannot listen on /ip4/127.0.0.1/tcp/" + port},
		"a health port in use":     {func(c *config.Config) { c.Monitoring.Health.Listen = taken.Addr().String() }, "monitoring.health.listen: cannot listen"},
		"a metrics port in use":    {func(c *config.Config) { c.Monitoring.Metrics.Listen = taken.Addr().String() }, "monitoring.metrics.listen: cannot listen"},
		"a storage that is a file": {func(c *config.Config) { c.Storage.Path = c.Peers.File }, "storage"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, "alpha", c.change)
			a, err := Start(n.cfg, slog.New(slog.DiscardHandler), Options{})
			if err == nil {
				t.Error("started", a.Stop())
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNothingIsWrittenOutsideTheStorage(t *testing.T) {
	a := newNode(t, "alpha", nil)
	dir := filepath.Dir(a.cfg.Peers.File)
	before := names(t, dir)
	a.start(t)
	time.Sleep(150 * time.Millisecond)
	a.stop(t)
	if after := names(t, dir); after != strings.TrimSpace(before+" data") && after != "data "+before {
		t.Errorf("before: %s, after: %s", before, after)
	}
	if got := names(t, a.cfg.Storage.Path); got != "state.json state.lock" {
		t.Errorf("in the storage: %s", got)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}
