// SPDX-License-Identifier: Apache-2.0

// Package agent puts the parts together: one identity, one host, one main loop.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/multiformats/go-multiaddr"

	"github.com/peernode/operator/cmd/p2p-agent/internal/config"
	"github.com/peernode/operator/cmd/p2p-agent/internal/follow"
	"github.com/peernode/operator/cmd/p2p-agent/internal/gate"
	"github.com/peernode/operator/cmd/p2p-agent/internal/heartbeat"
	"github.com/peernode/operator/cmd/p2p-agent/internal/host"
	"github.com/peernode/operator/cmd/p2p-agent/internal/identity"
	"github.com/peernode/operator/cmd/p2p-agent/internal/monitor"
	"github.com/peernode/operator/cmd/p2p-agent/internal/peerlist"
	"github.com/peernode/operator/cmd/p2p-agent/internal/store"
	"github.com/peernode/operator/cmd/p2p-agent/internal/version"
)

// Options are the times that tests shorten.
type Options struct {
	// HeartbeatInterval is heartbeat.DefaultInterval when zero.
	HeartbeatInterval time.Duration
	// PollInterval is follow.DefaultPoll when zero.
	PollInterval time.Duration
}

// Agent is a running agent.
type Agent struct {
	config  config.Config
	options Options
	log     *slog.Logger
	name    string
	info    identity.Info
	started time.Time

	store   *store.Store
	metrics *monitor.Metrics
	gate    *gate.Gate
	host    libp2phost.Host
	beats   *heartbeat.Service
	dialer  *host.Dialer
	health  *monitor.Server
	prom    *monitor.Server

	static peerlist.List
	// announcedAlways are of the configuration, announcedNow of the file.
	announcedAlways []multiaddr.Multiaddr
	announcedNow    atomic.Pointer[[]multiaddr.Multiaddr]

	cancel   context.CancelFunc
	stopping atomic.Bool
	failed   chan error
	wg       sync.WaitGroup
}

// Run starts an agent and stops it when ctx ends. It returns an error when the
// agent could not start or could not go on.
func Run(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	a, err := Start(cfg, log, Options{})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("asked to stop")
		err = nil
	case err = <-a.failed:
	}
	return errors.Join(err, a.Stop())
}

// Start returns once the agent listens everywhere. What was started is undone
// when a later part fails.
func Start(cfg config.Config, log *slog.Logger, options Options) (*Agent, error) {
	ctx, cancel := context.WithCancel(context.Background())
	a := &Agent{
		config: cfg, options: options.withDefaults(), log: log, cancel: cancel,
		name: cfg.Agent.Name, started: time.Now().UTC(),
		metrics: monitor.NewMetrics(), failed: make(chan error, 2),
	}
	if a.name == "" {
		a.name, _ = os.Hostname() // a nameless agent works as well
	}
	if err := a.build(); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	a.launch(ctx)
	log.Info("agent started", "peerID", a.info.PeerID, "name", a.name, "version", version.Version,
		"addresses", a.host.Addrs(), "health", a.health.Addr(), "metrics", a.prom.Addr(), "trust", cfg.Peers.TrustLevel)
	return a, nil
}

func (o Options) withDefaults() Options {
	if o.HeartbeatInterval == 0 {
		o.HeartbeatInterval = heartbeat.DefaultInterval
	}
	if o.PollInterval == 0 {
		o.PollInterval = follow.DefaultPoll
	}
	return o
}

// build makes the parts in the order in which they need each other.
func (a *Agent) build() error {
	key, err := identity.Load(a.config.Identity.Storage.Location)
	if err != nil {
		return err
	}
	if a.info, err = identity.Describe(key); err != nil {
		return err
	}
	if want := a.config.Identity.KeyType; a.info.KeyType != want {
		return fmt.Errorf("identity.key_type is %s but the key in %s is of type %s", want, a.config.Identity.Storage.Location, a.info.KeyType)
	}
	if a.static, err = a.config.Peers.List(); err != nil {
		return err
	}
	if a.announcedAlways, err = a.config.Network.Announced(); err != nil {
		return err
	}
	if a.store, err = store.Open(a.config.Storage.Path, a.info.PeerID); err != nil {
		return err
	}
	a.gate = gate.New(a.gateConfig())
	// Before the host listens, or the first peers would be judged by no list.
	a.gate.SetAllowed(a.static.Allowed)
	if a.host, err = host.New(a.hostConfig(key)); err != nil {
		return err
	}
	a.gate.Attach(a.host.Network())
	a.host.Network().Notify(a.enforcer())
	a.metrics.ObservePeers(func() int { return len(a.host.Network().Peers()) })
	a.beats = heartbeat.New(a.heartbeatConfig(key))
	a.dialer = host.NewDialer(a.host, a.gate.Permits, a.handshakeFailed, a.log)
	return a.listen()
}

func (a *Agent) listen() error {
	var err error
	a.health, err = monitor.Listen("monitoring.health.listen", a.config.Monitoring.Health.Listen, monitor.APIHandler(a.sources()))
	if err != nil {
		return err
	}
	a.prom, err = monitor.Listen("monitoring.metrics.listen", a.config.Monitoring.Metrics.Listen, monitor.MetricsHandler(a.metrics))
	return err
}

// launch starts everything that runs beside.
func (a *Agent) launch(ctx context.Context) {
	a.applyList(ctx, peerlist.List{})
	a.wg.Go(func() { a.beats.Run(ctx) })
	for _, server := range []*monitor.Server{a.health, a.prom} {
		a.wg.Go(func() {
			if err := server.Serve(); err != nil {
				a.failed <- err
			}
		})
	}
	a.follow(ctx)
}
