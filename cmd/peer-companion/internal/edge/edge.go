// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/peernode/operator/pkg/edge"
)

// look is how often files are looked at.
const look = 5 * time.Second

// Edge serves one peer's API.
type Edge struct {
	// Config is a valid document.
	Config edge.Config
	// Log says what the edge does, Access what it is asked.
	Log, Access *slog.Logger

	// look is how often files are looked at, where tests do not want to wait.
	look time.Duration

	metrics      *metrics
	guard        *guard
	connections  *connections
	certificates *certificates
	tokens       *tokens
	ready        atomic.Bool
}

// Run serves once it has a certificate, until ctx ends. Then it says that it is not ready, goes on for as long as others
// need to see it, and ends what has begun.
func (e *Edge) Run(ctx context.Context) error {
	e.prepare()
	plain, err := listen(ctx, "metrics", e.Config.Metrics)
	if err != nil {
		return err
	}
	// What is followed, and the metrics, stay until the last request has ended.
	serving, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	side := &http.Server{Handler: e.side(), ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, ErrorLog: e.quiet()}
	defer side.Close()
	ended := make(chan error, 2)
	go func() { ended <- side.Serve(plain) }()
	if !e.awaitCertificate(ctx) {
		return nil
	}
	e.followAll(serving)
	api, err := listen(ctx, "listen", e.Config.Listen)
	if err != nil {
		return err
	}
	defer api.Close()
	server := e.server()
	go func() { ended <- server.ServeTLS(bounded{Listener: api, all: e.connections}, "", "") }()
	e.ready.Store(true)
	e.Log.Info("the edge serves", "listen", api.Addr().String(), "metrics", plain.Addr().String(), "peer", e.Config.Peer, "software", e.Config.Software)
	select {
	case err := <-ended:
		return fmt.Errorf("the edge ended by itself: %w", err)
	case <-ctx.Done():
		return e.stop(server)
	}
}

// awaitCertificate looks for the files of TLS until they can be served under, false if ctx ends before. They are made by
// others, who may be slow; until then the port is closed.
func (e *Edge) awaitCertificate(ctx context.Context) bool {
	files := source{what: "tls", load: e.certificates.load, every: e.look}
	return files.await(ctx, e.Log, e.metrics)
}

// prepare makes the parts.
func (e *Edge) prepare() {
	if e.look == 0 {
		e.look = look
	}
	e.metrics = newMetrics()
	e.guard = newGuard(e.Config)
	e.connections = newConnections(e.Config)
	e.connections.banned = e.guard.banned
	e.connections.count = func(reason string) { e.metrics.closed.WithLabelValues(reason).Inc() }
	e.connections.wasted = e.wasted
	e.certificates = &certificates{config: e.Config.TLS, metrics: e.metrics}
	if e.Config.JWT != nil {
		e.tokens = newTokens(*e.Config.JWT)
	}
	e.metrics.gauge("peernode_edge_connections", "Connections that are open.", func() float64 { return float64(e.connections.size()) })
	e.metrics.gauge("peernode_edge_clients", "Clients that are remembered.", func() float64 {
		clients, _ := e.guard.sizes()
		return float64(clients)
	})
	e.metrics.gauge("peernode_edge_banned_clients", "Clients that are banned.", func() float64 {
		_, bans := e.guard.sizes()
		return float64(bans)
	})
}

func listen(ctx context.Context, field, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return l, nil
}

func (e *Edge) followAll(ctx context.Context) {
	files := source{what: "tls", load: e.certificates.load, every: e.look}
	go files.follow(ctx, e.Log, e.metrics)
	if e.tokens != nil {
		// The first keys are fetched aside as well: the edge begins without them, and lets nobody in.
		e.tokens.want()
		keys := e.tokens.source(ctx)
		go keys.follow(ctx, e.Log, e.metrics)
	}
}

// server is that of the API.
func (e *Edge) server() *http.Server {
	limits, timeouts := e.Config.Limits, e.Config.Timeouts
	return &http.Server{
		Handler: &handler{
			config: e.Config, rules: edge.NewRules(e.Config), guard: e.guard, tokens: e.tokens,
			proxy: newProxy(e.Config, e.Log), metrics: e.metrics, access: e.Access,
		},
		TLSConfig:         e.certificates.serving(),
		ReadHeaderTimeout: timeouts.Header.Duration,
		ReadTimeout:       timeouts.Request.Duration,
		WriteTimeout:      timeouts.Response.Duration,
		IdleTimeout:       timeouts.Idle.Duration,
		MaxHeaderBytes:    limits.HeaderBytes,
		// What a connection of HTTP/2 may keep in memory is what many connections of HTTP/1.1 would.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: limits.RequestsPerClient, MaxReceiveBufferPerConnection: 128 << 10, MaxReceiveBufferPerStream: 64 << 10,
			SendPingTimeout: timeouts.Idle.Duration / 2, PingTimeout: timeouts.Header.Duration, WriteByteTimeout: timeouts.Header.Duration,
		},
		ConnContext: remember,
		ConnState:   e.state,
		ErrorLog:    e.quiet(),
		// OPTIONS * is for the rules to refuse.
		DisableGeneralOptionsHandler: true,
	}
}

// state counts the connections that never came to say anything.
func (e *Edge) state(c net.Conn, state http.ConnState) {
	if state == http.StateClosed && !secured(c).ConnectionState().HandshakeComplete {
		e.metrics.handshakes.Inc()
	}
}

// wasted holds a connection without a request against its client. There is no request whose line in the access log would
// tell of a ban.
func (e *Edge) wasted(group netip.Prefix) {
	if e.guard.offend(group) {
		e.metrics.bans.Inc()
		e.Log.Info("a client is banned for connections without a request", "client", group.String())
	}
}

// quiet takes what is wrong with single connections, which anybody can open.
func (e *Edge) quiet() *log.Logger { return slog.NewLogLogger(e.Log.Handler(), slog.LevelDebug) }

// side is what the pod's own network sees: no peer, no secrets.
func (e *Edge) side() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !e.ready.Load() {
			http.Error(w, "the edge has no certificate yet, or is stopping", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	return mux
}

// stop lets nobody be cut off who could not know.
func (e *Edge) stop(server *http.Server) error {
	e.ready.Store(false)
	e.Log.Info("the edge stops", "unready", e.Config.Timeouts.Unready.Duration.String(), "drain", e.Config.Timeouts.Drain.Duration.String())
	time.Sleep(e.Config.Timeouts.Unready.Duration)
	ending, cancel := context.WithTimeout(context.Background(), e.Config.Timeouts.Drain.Duration)
	defer cancel()
	err := server.Shutdown(ending)
	open := e.connections.size()
	e.connections.closeAll()
	if errors.Is(err, context.DeadlineExceeded) {
		e.Log.Warn("connections were cut off", "connections", open)
		return nil
	}
	return err
}
