// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// started is a bed with the real programs, and with nginx where there is one.
func started(t *testing.T, limits edge.Config) *bed {
	t.Helper()
	o := options{rounds: 2, time: 300 * time.Millisecond, warm: 50 * time.Millisecond}
	if found, err := exec.LookPath("nginx"); err == nil {
		o.nginx = found
	} else {
		t.Log("there is no nginx here: the edge is tested alone")
	}
	b, err := prepare(t.Context(), o, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestAShortRunMeasuresEveryProgramInEveryWay(t *testing.T) {
	b := started(t, wide())
	f, err := b.measure(t.Context(), workloads(), []int{1, 20})
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*4*len(b.proxies) + 2*2; len(f.cells) != want {
		t.Errorf("%d figures, want %d", len(f.cells), want)
	}
	for _, c := range f.cells {
		if n := len(f.samples[c]); n != b.rounds {
			t.Errorf("%+v: %d samples, want %d", c, n, b.rounds)
		}
		for _, s := range f.samples[c] {
			if s.perSecond <= 0 || s.p50 <= 0 || s.p99 < s.p50 || s.errors > 0 {
				t.Errorf("%+v: %+v", c, s)
			}
		}
	}
	for _, m := range f.memory {
		if m.atRest == 0 || m.most < m.atRest {
			t.Errorf("memory: %+v", m)
		}
	}
	if report := f.markdown(b.options, b.where()); strings.Contains(report, "NaN") || strings.Contains(report, "Inf") {
		t.Errorf("the report divides by nothing:\n%s", report)
	}
}

func TestProxiesHoldAClientToTheSameRoutesAndRate(t *testing.T) {
	limits := edge.Default()
	limits.Clients.RequestsPerMinute = 1 // so that none comes back while the test runs
	b := started(t, limits)
	for _, p := range b.proxies {
		t.Run(p.name, func(t *testing.T) {
			client := b.client(workload{}, p)
			defer client.CloseIdleConnections()
			if got := status(t, client, http.MethodGet, p.url+"/metrics"); got != http.StatusNotFound {
				t.Errorf("a closed route: %d", got)
			}
			if got := status(t, client, http.MethodPost, p.url+identity); got != http.StatusMethodNotAllowed && got != http.StatusForbidden {
				t.Errorf("a closed method: %d", got)
			}
			counts := map[int]int{}
			for range limits.Clients.Burst + 1 {
				counts[status(t, client, http.MethodGet, p.url+identity)]++
			}
			// Those before took places, too: the two above, and those that saw it begin.
			served, refused := counts[http.StatusOK], counts[http.StatusTooManyRequests]
			if served < limits.Clients.Burst-10 || served > limits.Clients.Burst-1 || served+refused != limits.Clients.Burst+1 {
				t.Errorf("more than the burst: %v", counts)
			}
		})
	}
}

func TestAnAnswerThatIsNotTheOneAskedForIsAnError(t *testing.T) {
	b := started(t, wide())
	for _, p := range b.proxies {
		for name, ask := range map[string]func() error{
			"over another protocol": func() error {
				return b.ask(t.Context(), b.client(workload{}, p), workload{http2: true}, p)
			},
			"with another key exchange": func() error {
				return b.ask(t.Context(), b.client(workload{exchange: tls.CurveP256}, p), workload{exchange: tls.X25519}, p)
			},
			"from another peer": func() error {
				other := *b
				other.id = []byte("another peer")
				return other.ask(t.Context(), b.client(workload{}, p), workload{}, p)
			},
		} {
			t.Run(p.name+" "+name, func(t *testing.T) {
				if err := ask(); !errors.Is(err, errNotOK) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestTheEdgeTakesTheKeyExchangeThatWithstandsQuantumComputers(t *testing.T) {
	b := started(t, wide())
	w := workload{exchange: tls.X25519MLKEM768}
	if err := b.ask(t.Context(), b.client(w, b.proxies[0]), w, b.proxies[0]); err != nil {
		t.Error(err)
	}
}

func status(t *testing.T, client *http.Client, method, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
