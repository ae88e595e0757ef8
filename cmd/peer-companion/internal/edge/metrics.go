// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/peernode/operator/pkg/edge"
)

// Why a connection is closed before it asked anything, as a label.
const (
	connectionsFull  = "full"
	connectionsShare = "client"
	connectionsBan   = "banned"
	connectionsRoom  = "evicted"
)

// metrics are what the edge counts. Every label has few values, all of them known beforehand.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	refusals   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	bans       prometheus.Counter
	handshakes prometheus.Counter
	closed     *prometheus.CounterVec
	reloads    *prometheus.CounterVec
	expiry     prometheus.Gauge
}

// newMetrics makes the metrics, all of them there from the beginning.
func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_edge_requests_total", Help: "Requests that were answered, by method and HTTP status.",
		}, []string{"method", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_edge_refusals_total", Help: "Requests that did not get an answer of the peer, by reason.",
		}, []string{"reason"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "peernode_edge_request_duration_seconds", Help: "How long requests took that the peer answered, by route. WebSockets are left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route"}),
		bans: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "peernode_edge_bans_total", Help: "Bans of clients that began.",
		}),
		handshakes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "peernode_edge_handshake_failures_total", Help: "Connections that ended before their TLS handshake was complete.",
		}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_edge_connections_closed_total",
			Help: "Connections that the edge closed to protect itself: full (no room for a new one), client (its share is used up), banned, evicted (without a request, made room).",
		}, []string{"reason"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_edge_reloads_total", Help: "Looks at what is read again while the edge runs: taken where it had changed, failed each time that it cannot be.",
		}, []string{"what", "result"}),
		expiry: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "peernode_edge_certificate_expiry_timestamp_seconds", Help: "When the certificate that is served runs out.",
		}),
	}
	for _, reason := range edge.Reasons() {
		m.refusals.WithLabelValues(string(reason))
	}
	for _, reason := range []string{connectionsFull, connectionsShare, connectionsBan, connectionsRoom} {
		m.closed.WithLabelValues(reason)
	}
	m.registry.MustRegister(m.requests, m.refusals, m.seconds, m.bans, m.handshakes, m.closed, m.reloads, m.expiry,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// gauge shows what is looked up when it is asked for.
func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// request counts a request that is over.
func (m *metrics) request(e *exchange, took time.Duration) {
	method := e.request.Method
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		method = "other"
	}
	m.requests.WithLabelValues(method, strconv.Itoa(e.status)).Inc()
	switch {
	case e.reason != "":
		m.refusals.WithLabelValues(string(e.reason)).Inc()
	case !e.verdict.WebSocket:
		m.seconds.WithLabelValues(e.verdict.Route).Observe(took.Seconds())
	}
}

// reload counts a change of a file, or of keys.
func (m *metrics) reload(what string, err error) {
	result := "taken"
	if err != nil {
		result = "failed"
	}
	m.reloads.WithLabelValues(what, result).Inc()
}
