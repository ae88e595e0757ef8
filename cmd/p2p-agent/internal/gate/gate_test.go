// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	friend   = peer.ID("friend")
	stranger = peer.ID("stranger")
)

// recorder is an Observer that writes down what it is told.
type recorder struct{ events []string }

func (r *recorder) Refused(p peer.ID, reason Reason) {
	r.events = append(r.events, "refused "+string(p)+" "+string(reason))
}
func (r *recorder) Suspicious(p peer.ID, _ string) {
	r.events = append(r.events, "suspicious "+string(p))
}
func (r *recorder) Banned(p peer.ID, _ time.Time) {
	r.events = append(r.events, "banned "+string(p))
}

// connected is a network that has exactly these peers.
type connected []peer.ID

func (c connected) Peers() []peer.ID { return c }
func (c connected) Connectedness(p peer.ID) network.Connectedness {
	if slices.Contains(c, p) {
		return network.Connected
	}
	return network.NotConnected
}

func newGate(trust Trust, limits Limits) (*Gate, *recorder) {
	r := &recorder{}
	g := New(Config{Trust: trust, MaxPeers: 2, Limits: limits, Observer: r})
	g.SetAllowed(map[peer.ID]struct{}{friend: {}})
	return g, r
}

func TestWhoMayConnect(t *testing.T) {
	cases := map[string]struct {
		trust Trust
		peer  peer.ID
		conns connected
		banned,
		want, wantDial bool
		events []string
	}{
		"strict admits an allowed peer":              {trust: Strict, peer: friend, want: true, wantDial: true},
		"strict refuses an unknown peer":             {trust: Strict, peer: stranger, events: []string{"refused stranger not_allowed"}},
		"moderate admits an unknown peer, noting it": {trust: Moderate, peer: stranger, want: true, wantDial: true, events: []string{"suspicious stranger"}},
		"moderate notes nothing of allowed peers":    {trust: Moderate, peer: friend, want: true, wantDial: true},
		"relaxed admits anyone":                      {trust: Relaxed, peer: stranger, want: true, wantDial: true},
		"a ban beats the allow list":                 {trust: Strict, peer: friend, banned: true, events: []string{"refused friend banned"}},
		"a ban holds under relaxed, too":             {trust: Relaxed, peer: stranger, banned: true, events: []string{"refused stranger banned"}},
		"nobody new comes when all places are taken": {trust: Relaxed, peer: friend, conns: connected{"a", "b"}, events: []string{"refused friend max_peers"}},
		"a connected peer may add a connection":      {trust: Relaxed, peer: friend, conns: connected{"a", friend}, want: true, wantDial: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g, r := newGate(c.trust, Limits{BanFor: time.Hour})
			g.Attach(c.conns)
			if c.banned {
				g.quotas.ban(c.peer)
			}
			if got := g.InterceptSecured(network.DirInbound, c.peer, nil); got != c.want {
				t.Errorf("inbound: %v", got)
			}
			if got := g.InterceptPeerDial(c.peer); got != c.wantDial {
				t.Errorf("dial: %v", got)
			}
			if diff := cmp.Diff(c.events, r.events); diff != "" {
				t.Errorf("events, -want +got:\n%s", diff)
			}
		})
	}
}

func TestAListThatChangesIsInForceAtOnce(t *testing.T) {
	g, _ := newGate(Strict, Limits{})
	g.SetAllowed(map[peer.ID]struct{}{stranger: {}})
	if g.Permits(friend) || !g.Permits(stranger) {
		t.Errorf("friend %v, stranger %v", g.Permits(friend), g.Permits(stranger))
	}
}

func TestOverTheRateLimit(t *testing.T) {
	g, r := newGate(Strict, Limits{Enabled: true, PerMinute: 60, Burst: 20, BanFor: 100 * time.Millisecond})
	for i := range 20 {
		if !g.AllowRequest(friend) {
			t.Fatalf("request %d of the burst was refused", i+1)
		}
	}
	for range 3 {
		if g.AllowRequest(friend) {
			t.Fatal("a request over the limit was allowed")
		}
	}
	if g.Permits(friend) {
		t.Error("not banned")
	}
	if diff := cmp.Diff([]string{"banned friend"}, r.events); diff != "" {
		t.Errorf("one ban is reported once, -want +got:\n%s", diff)
	}
	time.Sleep(120 * time.Millisecond)
	if !g.InterceptSecured(network.DirInbound, friend, nil) {
		t.Error("still banned after the ban, or the old quota was kept")
	}
}

func TestTheQuotaIsPerPeerAndRefills(t *testing.T) {
	g, _ := newGate(Relaxed, Limits{Enabled: true, PerMinute: 6000, Burst: 20, BanFor: time.Nanosecond})
	for range 20 {
		g.AllowRequest(friend)
	}
	if !g.AllowRequest(stranger) {
		t.Error("another peer's requests were counted")
	}
	time.Sleep(50 * time.Millisecond) // 100 per second: five more
	if !g.AllowRequest(friend) {
		t.Error("nothing was refilled")
	}
}

func TestUnknownPeersGetLessUnderModerate(t *testing.T) {
	g, _ := newGate(Moderate, Limits{Enabled: true, PerMinute: 1000, Burst: 200, BanFor: time.Hour})
	count := func(p peer.ID) (n int) {
		for g.AllowRequest(p) {
			n++
		}
		return n
	}
	if got := count(stranger); got < 20 || got > 25 {
		t.Errorf("unknown: %d at once, want a tenth of 200", got)
	}
	if got := count(friend); got < 200 || got > 210 {
		t.Errorf("allowed: %d at once, want 200", got)
	}
}

func TestWithoutLimitsNobodyIsBanned(t *testing.T) {
	g, r := newGate(Strict, Limits{})
	for range 10000 {
		if !g.AllowRequest(friend) {
			t.Fatal("refused")
		}
	}
	if len(r.events) > 0 || len(g.quotas.buckets) > 0 {
		t.Errorf("events %v, %d buckets", r.events, len(g.quotas.buckets))
	}
}

func TestMemoryOfOldPeersIsFreed(t *testing.T) {
	q := newQuotas(Limits{Enabled: true, PerMinute: 60, Burst: 20, BanFor: time.Millisecond})
	q.take("idle", false)
	q.ban("banned")
	q.sweep(time.Now().Add(2 * sweepEvery))
	if len(q.buckets) != 0 || len(q.bans) != 0 {
		t.Errorf("%d buckets, %d bans", len(q.buckets), len(q.bans))
	}
}
