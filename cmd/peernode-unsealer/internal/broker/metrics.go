// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/peernode/operator/pkg/unseal"
)

// Metrics count what was asked. The zero value is not ready; NewMetrics is.
type Metrics struct {
	requests *prometheus.CounterVec
	opened   *prometheus.CounterVec
	seconds  prometheus.Histogram
}

// NewMetrics registers the metrics.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_unsealer_requests_total",
			Help: "Requests for a key, or for a signature, by how they ended: Unsealed, Signed, or the reason of the refusal.",
		}, []string{"result"}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "peernode_unsealer_opened_total",
			Help: "Keys that were handed out, by the number of the sealing key that opened the envelope.",
		}, []string{"sealing_key"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "peernode_unsealer_request_duration_seconds",
			Help:    "How long requests took, whatever their end.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	// A rate of zero is there from the beginning, so that the first key that is handed out is seen as a change.
	m.requests.WithLabelValues(string(unseal.Unsealed))
	for _, c := range []prometheus.Collector{m.requests, m.opened, m.seconds} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) count(result unseal.Reason, sealingKey int, took time.Duration) {
	m.requests.WithLabelValues(string(result)).Inc()
	if result == unseal.Unsealed {
		m.opened.WithLabelValues(strconv.Itoa(sealingKey)).Inc()
	}
	m.seconds.Observe(took.Seconds())
}
