// SPDX-License-Identifier: Apache-2.0

// Package policyprobe is a pod to which a NetworkPolicy leaves one port, and no way out. It answers on two, and says who
// asked and whether it got out, so that the operator sees what of the policy is enforced.
package policyprobe

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/peernode/operator/pkg/enforcement"
)

// patience is how long the way out may take: where packets are dropped there is never an answer.
const patience = 2 * time.Second

// Probe answers on two ports.
type Probe struct {
	// Open and Closed are the addresses at which it listens. Which of them is closed is up to a policy.
	Open, Closed string
	// Log says when it answers.
	Log *slog.Logger
}

// Run answers until ctx ends.
func (p Probe) Run(ctx context.Context) error {
	ended := make(chan error, 2)
	server := &http.Server{
		Handler: handler(), ReadTimeout: patience, WriteTimeout: 2 * patience, IdleTimeout: patience, MaxHeaderBytes: 4 << 10,
		ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
	}
	defer server.Close()
	for _, port := range []struct{ name, address string }{{"open", p.Open}, {"closed", p.Closed}} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", port.address)
		if err != nil {
			return fmt.Errorf("listen on the %s port: %w", port.name, err)
		}
		p.Log.Info("the probe answers", "port", port.name, "address", listener.Addr().String())
		go func() { ended <- server.Serve(listener) }()
	}
	select {
	case err := <-ended: // One port alone would look like one that a policy closes.
		return fmt.Errorf("the probe ended by itself: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// handler is that of both ports.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+enforcement.Path, answer)
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	return mux
}

func answer(w http.ResponseWriter, r *http.Request) {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := enforcement.Answer{Client: client.Addr().Unmap().WithZone("").String()}
	if to := r.URL.Query().Get(enforcement.ConnectTo); to != "" {
		target, err := netip.ParseAddrPort(to)
		if err != nil {
			http.Error(w, "connect: not an address and a port", http.StatusBadRequest)
			return
		}
		out.Connected = connects(r.Context(), target)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // Who asked has gone.
}

// outwards makes a new connection each time, because policies are asked about those alone, and goes by no proxy.
var outwards = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// connects reports whether a server of HTTP answers, and nothing of the answer. A connection alone is no proof: what stands
// in for others, such as the sidecar of a mesh, takes any, and then says that it came to nothing. That who asks chooses where
// to does not help anybody: where the pod's policy is enforced it gets nowhere, and where it is not everybody gets there.
func connects(ctx context.Context, to netip.AddrPort) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+to.String()+enforcement.WayOutPath, http.NoBody) //nolint:gosec // See above.
	if err != nil {
		return false
	}
	request.Header.Set("User-Agent", enforcement.Name)
	response, err := outwards.Do(request) //nolint:gosec // See above.
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < http.StatusInternalServerError
}
