// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
)

// Check returns nil, or why something does not work.
type Check func() error

// Sources is where the handlers get their answers.
type Sources struct {
	// Healthy are the checks of /healthz: a failure means restart me.
	Healthy map[string]Check
	// Ready are the checks of /readyz. None may depend on other peers: a fleet
	// of strict peers that wait for each other would never become ready.
	Ready    map[string]Check
	Identity func() api.Identity
	Peers    func() []api.Peer
}

// APIHandler serves health and the read-only API.
func APIHandler(s Sources) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.HealthPath, serveChecks(s.Healthy))
	mux.HandleFunc("GET "+api.ReadyPath, serveChecks(s.Ready))
	mux.HandleFunc("GET "+api.IdentityPath, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.Identity())
	})
	mux.HandleFunc("GET "+api.PeersPath, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, api.PeerList{Peers: s.Peers()})
	})
	return mux
}

// MetricsHandler serves the registry in the classic text format: OpenMetrics
// would append _total to the guide's names.
func MetricsHandler(m *Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+api.MetricsPath, promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
	return mux
}

func serveChecks(checks map[string]Check) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		body := api.Health{Status: "ok", Checks: map[string]string{}}
		code := http.StatusOK
		for name, check := range checks {
			body.Checks[name] = "ok"
			if err := check(); err != nil {
				body.Checks[name] = err.Error()
				body.Status, code = "failing", http.StatusServiceUnavailable
			}
		}
		writeJSON(w, code, body)
	}
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The client may be gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}
