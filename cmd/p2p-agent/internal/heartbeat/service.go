// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/peernode/operator/cmd/p2p-agent/internal/store"
)

// DefaultInterval is the time between two heartbeats.
const DefaultInterval = 5 * time.Second

// Observer is told of heartbeats that were refused.
type Observer interface {
	InvalidSignature(p peer.ID, err error)
	Suspicious(p peer.ID, why string)
}

// Config is what a service is made from.
type Config struct {
	Host     libp2phost.Host
	Key      crypto.PrivKey
	Name     string
	Store    *store.Store
	Interval time.Duration
	MaxAge   time.Duration
	Observer Observer
	Log      *slog.Logger
}

// Service sends and receives heartbeats.
type Service struct {
	Config
	lastTick atomic.Int64

	mu  sync.Mutex
	rtt map[peer.ID]time.Duration
}

// New returns a service that answers heartbeats from now on.
func New(config Config) *Service {
	s := &Service{Config: config, rtt: map[peer.ID]time.Duration{}}
	s.touch()
	s.Host.SetStreamHandler(ProtocolID, s.handle)
	return s
}

// Run sends heartbeats until ctx ends. It is the agent's main loop: /healthz
// looks at LastTick.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(s.Interval)
	defer ticker.Stop()
	for {
		s.touch()
		s.tick(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *Service) touch() { s.lastTick.Store(time.Now().UnixNano()) }

// LastTick is when the main loop last went round.
func (s *Service) LastTick() time.Time { return time.Unix(0, s.lastTick.Load()) }

// RTT is the round trip of p's last answered heartbeat.
func (s *Service) RTT(p peer.ID) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.rtt[p]
	return d, ok
}

// tick takes a new sequence number, durable before it is used, and sends it to
// everyone at once.
func (s *Service) tick(ctx context.Context) {
	sequence, err := s.Store.Next()
	if err != nil {
		s.Log.Error("no heartbeat sent: the sequence cannot be stored", "error", err)
		return
	}
	beat := Beat{PeerID: s.Host.ID(), Name: s.Name, Sequence: sequence, Time: time.Now().UTC()}
	data, err := Seal(beat, s.Key)
	if err != nil {
		s.Log.Error("no heartbeat sent", "error", err)
		return
	}
	peers := s.Host.Network().Peers()
	s.forgetOthers(peers)
	var wg sync.WaitGroup
	for _, p := range peers {
		wg.Go(func() { s.send(ctx, p, data) })
	}
	wg.Wait()
}

func (s *Service) send(ctx context.Context, p peer.ID, data []byte) {
	start := time.Now()
	if err := exchange(ctx, s.Host, p, data); err != nil {
		s.Log.Debug("heartbeat not delivered", "peer", p, "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rtt[p] = time.Since(start)
}

// forgetOthers keeps the round trips of connected peers only.
func (s *Service) forgetOthers(connected []peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := make(map[peer.ID]time.Duration, len(connected))
	for _, p := range connected {
		if d, ok := s.rtt[p]; ok {
			kept[p] = d
		}
	}
	s.rtt = kept
}
