// SPDX-License-Identifier: Apache-2.0

package policyprobe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/settings"
)

// serving is a server of a test, and its port.
func serving(t *testing.T, handler http.HandlerFunc) int {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).Port
}

// nobody is a port on which nobody listens.
func nobody(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func refuses(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// Whatever stands in for the probe, or for the operator, must not pass for an answer. That the probe itself is understood
// shows test/crash.
func TestOnlyWhatTheProbeSaysCounts(t *testing.T) {
	healthy := serving(t, says("ok"))
	kept, connected := `{"client":"127.0.0.1","connected":false}`, `{"client":"127.0.0.1","connected":true}`
	for name, c := range map[string]struct {
		open, closed http.HandlerFunc
		wayOut       int
		self         []string
		want         enforcement.Verdict
		failure      string
	}{
		"The probe answers, and its closed port is silent.": {says(kept), nil, healthy, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Egress: "Yes", Sources: "Yes"}, ""},
		"The closed port answers as well.":                  {says(kept), says(kept), healthy, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "No", Egress: "Yes", Sources: "Yes"}, ""},
		"The probe got out.":                                {says(connected), nil, healthy, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Egress: "No", Sources: "Yes"}, ""},
		"The operator arrives by another address.":          {says(`{"client":"192.0.2.1"}`), nil, healthy, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Egress: "Yes", Sources: "No"}, ""},
		"Nobody listens.":                                   {nil, nil, healthy, []string{"127.0.0.1"}, enforcement.Verdict{}, "connection refused"},
		"A sidecar answers in the place of the closed port": {says(kept), refuses(http.StatusServiceUnavailable), healthy, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Egress: "Yes", Sources: "Yes"}, ""},
		"A sidecar answers in the place of the open port":   {refuses(http.StatusServiceUnavailable), nil, healthy, []string{"127.0.0.1"}, enforcement.Verdict{}, "answers with 503"},
		"Somebody else answers.":                            {says("welcome to nginx"), says("welcome to nginx"), healthy, []string{"127.0.0.1"}, enforcement.Verdict{}, "what is not the probe's"},
		"The operator does not answer at its own port.":     {says(kept), nil, nobody(t), []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Sources: "Yes"}, ""},
		"The operator is not well at its own port.":         {says(kept), nil, serving(t, refuses(http.StatusInternalServerError)), []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Sources: "Yes"}, ""},
		"The operator has no such port.":                    {says(kept), nil, 0, []string{"127.0.0.1"}, enforcement.Verdict{Ingress: "Yes", Sources: "Yes"}, ""},
		"The operator has an address of the other family":   {says(kept), nil, healthy, []string{"::1"}, enforcement.Verdict{Ingress: "Yes", Sources: "No"}, ""},
		"The operator knows no address of its own.":         {says(kept), nil, healthy, nil, enforcement.Verdict{Ingress: "Yes"}, ""},
	} {
		p := &Prober{Probe: settings.Probe{Host: "127.0.0.1", OpenPort: port(t, c.open), ClosedPort: port(t, c.closed), Self: c.self, WayOut: c.wayOut}}
		got, err := p.look(t.Context())
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s Verdict (-want +got):\n%s", name, diff)
		}
		if text := fmt.Sprint(err); c.failure == "" && err != nil || !strings.Contains(text, c.failure) {
			t.Errorf("%s The failure is %q, want %q", name, text, c.failure)
		}
	}
}

func port(t *testing.T, handler http.HandlerFunc) int {
	t.Helper()
	if handler == nil {
		return nobody(t)
	}
	return serving(t, handler)
}

func TestTheProbeIsToldWhereToTryToGetOut(t *testing.T) {
	var asked []string
	healthy := serving(t, says("ok"))
	open := serving(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		_, _ = io.WriteString(w, `{"client":"127.0.0.1"}`)
	})
	p := &Prober{Probe: settings.Probe{Host: "127.0.0.1", OpenPort: open, ClosedPort: nobody(t), Self: []string{"::1", "127.0.0.1"}, WayOut: healthy}}
	if _, err := p.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{fmt.Sprintf("/probe?connect=127.0.0.1%%3A%d", healthy)}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("it is asked (-want +got):\n%s", diff)
	}
}

func TestAProbeWithoutAnAddressIsUnreachable(t *testing.T) {
	p := &Prober{Probe: settings.Probe{Host: "peernode-policy-probe.invalid", OpenPort: 8080, ClosedPort: 8081}}
	got, err := p.look(t.Context())
	if err == nil || got != (enforcement.Verdict{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOneReplicaAsksUntilItIsToldToStop(t *testing.T) {
	state := enforced.New(enforcement.Word{Asked: true})
	pace := enforcement.Pace{Confirm: 2, Soon: time.Millisecond, Settled: time.Hour}
	p := &Prober{
		Probe: settings.Probe{Host: "127.0.0.1", OpenPort: serving(t, says(`{"client":"127.0.0.1"}`)), ClosedPort: nobody(t), Pace: pace},
		State: state, Now: time.Now,
	}
	if !p.NeedLeaderElection() {
		t.Error("every replica would ask")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- p.Start(ctx) }()
	<-state.Changes()
	if got := state.Word(); got.Verdict.Ingress != enforcement.Yes {
		t.Errorf("the word is %+v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}
