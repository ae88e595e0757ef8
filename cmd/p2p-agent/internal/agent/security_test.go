// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multistream"

	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
	"github.com/peernode/operator/cmd/p2p-agent/internal/heartbeat"
)

func TestStrictRefusesAStrangerOnEveryTransport(t *testing.T) {
	for _, transport := range []string{"/tcp/", "/ws", "/quic-v1"} {
		t.Run(transport, func(t *testing.T) {
			a := startNode(t, "alpha", nil)
			stranger := rogue(t)
			// The stranger may believe for a moment that it is connected.
			_ = connect(t, stranger, a.address(t, transport))
			waitFor(t, "the refusal is counted", func() bool { return a.metric(t, "auth_failures") == 1 })
			if got := a.metric(t, `p2p_agent_connections_refused_total{reason="not_allowed"}`); got != 1 {
				t.Errorf("refused_total %v", got)
			}
			if peers := a.host.Network().Peers(); len(peers) != 0 {
				t.Errorf("connected: %v", peers)
			}
		})
	}
}

func TestOtherTrustLevelsAdmitAStranger(t *testing.T) {
	cases := map[string]float64{"moderate": 1, "relaxed": 0}
	for trust, suspicious := range cases {
		t.Run(trust, func(t *testing.T) {
			a := startNode(t, "alpha", func(c *config.Config) { c.Peers.TrustLevel = trust })
			stranger := rogue(t)
			if err := connect(t, stranger, a.address(t, "/tcp/")); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "the stranger is connected", func() bool { return len(a.host.Network().Peers()) == 1 })
			if got := a.metric(t, "suspicious_peers"); got != suspicious {
				t.Errorf("suspicious_peers %v, want %v", got, suspicious)
			}
		})
	}
}

func TestAPeerOverTheRateLimitIsDisconnectedAndBannedForAWhile(t *testing.T) {
	a := startNode(t, "alpha", func(c *config.Config) {
		c.Peers.TrustLevel = "relaxed"
		c.Security.DDoS.RateLimit, c.Security.DDoS.BurstLimit = 60, 30
		c.Security.DDoS.BlacklistDuration = 2 * time.Second
	})
	flooder, quiet := rogue(t), rogue(t)
	for _, h := range []libp2phost.Host{flooder, quiet} {
		if err := connect(t, h, a.address(t, "/tcp/")); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	for range 200 {
		ctx, cancel := context.WithTimeout(network.WithNoDial(t.Context(), "flood"), time.Second)
		s, err := flooder.NewStream(ctx, a.id, heartbeat.ProtocolID)
		cancel()
		if err == nil {
			s.Reset()
		}
	}
	waitFor(t, "the ban", func() bool { return a.metric(t, "p2p_agent_bans_total") == 1 })
	waitFor(t, "the flooder is disconnected", func() bool {
		return a.host.Network().Connectedness(flooder.ID()) != network.Connected
	})
	if got := a.metric(t, "suspicious_peers"); got != 1 {
		t.Errorf("suspicious_peers %v", got)
	}
	if a.host.Network().Connectedness(quiet.ID()) != network.Connected {
		t.Error("another peer was disconnected, too")
	}
	_ = connect(t, flooder, a.address(t, "/tcp/"))
	waitFor(t, "the flooder is refused", func() bool {
		return a.metric(t, `p2p_agent_connections_refused_total{reason="banned"}`) > 0
	})
	waitFor(t, "the flooder is admitted after the ban", func() bool {
		_ = connect(t, flooder, a.address(t, "/tcp/"))
		return a.host.Network().Connectedness(flooder.ID()) == network.Connected
	})
	if held := time.Since(begin); held < 2*time.Second {
		t.Errorf("the ban was over after %s", held)
	}
}

func TestHeartbeatsThatAreWrong(t *testing.T) {
	key, self := newKey(t)
	otherKey, other := newKey(t)
	now := time.Now()
	good := heartbeat.Beat{PeerID: self, Name: "mallory", Sequence: 5, Time: now}
	seal := func(b heartbeat.Beat, k crypto.PrivKey) []byte {
		data, err := heartbeat.Seal(b, k)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	flipped := seal(good, key)
	flipped[len(flipped)-1] ^= 1
	cases := map[string]struct {
		send    [][]byte
		counter string
		want    float64
	}{
		"a good one counts nothing":       {[][]byte{seal(good, key)}, "invalid_signatures", 0},
		"a broken signature":              {[][]byte{flipped}, "invalid_signatures", 1},
		"another peer's signed heartbeat": {[][]byte{seal(heartbeat.Beat{PeerID: other, Time: now}, otherKey)}, "invalid_signatures", 1},
		"another peer's name":             {[][]byte{seal(heartbeat.Beat{PeerID: other, Time: now}, key)}, "suspicious_peers", 1},
		"an old one":                      {[][]byte{seal(heartbeat.Beat{PeerID: self, Time: now.Add(-time.Hour)}, key)}, "suspicious_peers", 1},
		"the same one twice":              {[][]byte{seal(good, key), seal(good, key)}, "suspicious_peers", 1},
		"what is no heartbeat":            {[][]byte{[]byte("hello")}, "suspicious_peers", 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, "alpha", func(c *config.Config) { c.Peers.AllowedPeers = []string{self.String()} })
			mallory := rogue(t, libp2p.Identity(key))
			if err := connect(t, mallory, a.address(t, "/tcp/")); err != nil {
				t.Fatal(err)
			}
			for _, data := range c.send {
				deliver(t, mallory, a.id, data)
			}
			if got := a.metric(t, c.counter); got != c.want {
				t.Errorf("%s is %v, want %v", c.counter, got, c.want)
			}
			if c.want == 0 {
				if seen, ok := a.store.Last(self); !ok || seen.Sequence != 5 || seen.Name != "mallory" {
					t.Errorf("not remembered: %+v", seen)
				}
			}
		})
	}
}

// deliver sends data as a heartbeat and waits until it was dealt with.
func deliver(t *testing.T, h libp2phost.Host, to peer.ID, data []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s, err := h.NewStream(ctx, to, heartbeat.ProtocolID)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherPeerThanTheOneDialledIsAnAuthenticationFailure(t *testing.T) {
	for _, transport := range []string{"/tcp/", "/ws", "/quic-v1"} {
		t.Run(transport, func(t *testing.T) {
			_, expected := newKey(t)
			impostor := startNode(t, "impostor", func(c *config.Config) { c.Peers.TrustLevel = "relaxed" })
			where, _, _ := strings.Cut(impostor.address(t, transport), "/p2p/")
			a := startNode(t, "alpha", func(c *config.Config) {
				c.Peers.AllowedPeers = []string{expected.String()}
				c.Peers.Bootstrap = []string{where + "/p2p/" + expected.String()}
			})
			waitFor(t, "the failure is counted", func() bool { return a.metric(t, "auth_failures") >= 1 })
			if got := a.metric(t, "encryption_errors"); got != 0 {
				t.Errorf("encryption_errors %v", got)
			}
		})
	}
}

func TestABrokenHandshakeIsAnEncryptionError(t *testing.T) {
	for _, protocol := range []string{libp2ptls.ID, noise.ID} {
		t.Run(protocol, func(t *testing.T) {
			a := startNode(t, "alpha", nil)
			conn := dialRaw(t, a)
			if err := multistream.SelectProtoOrFail(protocol, conn); err != nil {
				t.Fatal(err)
			}
			// For Noise: a frame of 48 bytes that is no second message of it.
			garbage := append([]byte{0, 48}, strings.Repeat("x", 48)...)
			fmt.Fprintf(conn, "%s%s", garbage, garbage)
			waitFor(t, "the error is counted", func() bool { return a.metric(t, "encryption_errors") == 1 })
		})
	}
}

// A probe that connects and leaves, or a connection that is lost, is nothing to
// be alarmed about.
func TestALostConnectionIsNoEncryptionError(t *testing.T) {
	a := startNode(t, "alpha", nil)
	for _, protocol := range []string{"", libp2ptls.ID, noise.ID} {
		conn := dialRaw(t, a)
		if protocol != "" {
			if err := multistream.SelectProtoOrFail(protocol, conn); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
	}
	time.Sleep(300 * time.Millisecond)
	if got := a.metric(t, "encryption_errors"); got != 0 {
		t.Errorf("encryption_errors %v", got)
	}
}

func dialRaw(t *testing.T, a *node) net.Conn {
	t.Helper()
	addr, err := multiaddr.NewMultiaddr(a.address(t, "/tcp/"))
	if err != nil {
		t.Fatal(err)
	}
	port, err := addr.ValueForProtocol(multiaddr.P_TCP)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestNoMorePeersThanMaxPeers(t *testing.T) {
	a := startNode(t, "alpha", func(c *config.Config) {
		c.Peers.TrustLevel = "relaxed"
		c.Network.MaxPeers = 2
	})
	for range 4 {
		_ = connect(t, rogue(t), a.address(t, "/tcp/"))
	}
	waitFor(t, "two are refused", func() bool {
		return a.metric(t, `p2p_agent_connections_refused_total{reason="max_peers"}`) >= 2
	})
	if got := len(a.host.Network().Peers()); got != 2 {
		t.Errorf("%d peers", got)
	}
}

func TestTheChosenEncryptionIsTheOnlyOneOffered(t *testing.T) {
	cases := map[string]struct {
		setting string
		client  libp2p.Option
		want    bool
	}{
		"tls1.3 with TLS":    {"tls1.3", libp2p.Security(libp2ptls.ID, libp2ptls.New), true},
		"tls1.3 with Noise":  {"tls1.3", libp2p.Security(noise.ID, noise.New), false},
		"noise with Noise":   {"noise", libp2p.Security(noise.ID, noise.New), true},
		"noise with TLS":     {"noise", libp2p.Security(libp2ptls.ID, libp2ptls.New), false},
		"default with TLS":   {"", libp2p.Security(libp2ptls.ID, libp2ptls.New), true},
		"default with Noise": {"", libp2p.Security(noise.ID, noise.New), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, "alpha", func(cfg *config.Config) {
				cfg.Peers.TrustLevel = "relaxed"
				cfg.Security.Communication.Encryption = c.setting
			})
			err := connect(t, rogue(t, c.client), a.address(t, "/tcp/"))
			if got := err == nil; got != c.want {
				t.Errorf("connected: %v (%v)", got, err)
			}
		})
	}
}

func newKey(t *testing.T) (crypto.PrivKey, peer.ID) {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, id
}
