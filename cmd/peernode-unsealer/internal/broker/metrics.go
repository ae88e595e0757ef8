// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peernode/operator/pkg/unseal"
)

// Metrics count what was asked. The zero value is not ready; NewMetrics is.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_unsealer_requests_total",
			Help: "Requests for a key, by how they ended: Unsealed, or the reason of the refusal.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "peernode_unsealer_request_duration_seconds",
			Help:    "How long requests for a key took, whatever their end.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	// A rate of zero is there from the beginning, so that the first key that is handed out is seen as a change.
	m.requests.WithLabelValues(string(unseal.Unsealed))
	for _, c := range []prometheus.Collector{m.requests, m.seconds} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) count(result unseal.Reason, took time.Duration) {
	m.requests.WithLabelValues(string(result)).Inc()
	m.seconds.Observe(took.Seconds())
}
