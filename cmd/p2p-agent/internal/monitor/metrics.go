// SPDX-License-Identifier: Apache-2.0

// Package monitor is what the agent shows of itself: metrics, health, and the
// read-only API.
package monitor

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/peernode/operator/cmd/p2p-agent/internal/gate"
	"github.com/peernode/operator/cmd/p2p-agent/internal/version"
)

// Metrics are the agent's own series. Those of libp2p join them in Registry.
type Metrics struct {
	Registry *prometheus.Registry

	// The four of the guide. Their names have no _total because the guide's
	// have none.
	AuthFailures      prometheus.Counter
	InvalidSignatures prometheus.Counter
	SuspiciousPeers   prometheus.Counter
	EncryptionErrors  prometheus.Counter

	Bans           prometheus.Counter
	ReloadFailures prometheus.Counter
	Refused        *prometheus.CounterVec
}

// NewMetrics returns the metrics, all at zero, in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		AuthFailures: counter("auth_failures",
			"Handshakes that proved an identity which is not accepted: a peer that is not on the allow list (strict), or another peer than the one dialled."),
		InvalidSignatures: counter("invalid_signatures",
			"Heartbeats whose signature is invalid or not that of the connected peer."),
		SuspiciousPeers: counter("suspicious_peers",
			"Suspicious acts of peers: exceeded the rate limit, connected unknown (moderate), sent a heartbeat that is malformed, in another's name, out of time or going back in sequence."),
		EncryptionErrors: counter("encryption_errors",
			"Security handshakes (Noise, TLS; QUIC only when dialled) that failed because of what was said in them, not because the connection was lost."),
		Bans:           counter("p2p_agent_bans_total", "Peers banned for exceeding the rate limit."),
		ReloadFailures: counter("p2p_agent_config_reload_failures_total", "Versions of the peer list, or of the announced addresses, that could not be read or parsed."),
		Refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "p2p_agent_connections_refused_total",
			Help: "Authenticated inbound connections that were closed, by reason.",
		}, []string{"reason"}),
	}
	for _, reason := range gate.Reasons {
		m.Refused.WithLabelValues(string(reason))
	}
	m.Registry.MustRegister(m.AuthFailures, m.InvalidSignatures, m.SuspiciousPeers, m.EncryptionErrors,
		m.Bans, m.ReloadFailures, m.Refused, buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// ObservePeers adds the gauge of connected peers.
func (m *Metrics) ObservePeers(count func() int) {
	m.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "p2p_agent_connected_peers",
		Help: "Peers with at least one connection.",
	}, func() float64 { return float64(count()) }))
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func buildInfo() prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "p2p_agent_build_info",
		Help: "Always 1; the labels say what was built.",
		ConstLabels: prometheus.Labels{
			"version": version.Version, "goversion": runtime.Version(), "libp2p": version.LibP2P(),
		},
	})
	g.Set(1)
	return g
}
