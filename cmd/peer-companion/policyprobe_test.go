// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/enforcement"
)

// probing starts the probe, waits until it answers on both ports, and returns their addresses.
func probing(t *testing.T) (open, closed string) {
	t.Helper()
	open, closed = unused(t), unused(t)
	cmd := exec.Command(binary, "policy-probe", "--open="+open, "--closed="+closed)
	// A proxy would get out in the place of the pod.
	cmd.Env = append(cmd.Environ(), "HTTP_PROXY=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the probe ends with %v: %s", err, &stderr)
		}
	})
	for _, address := range []string{open, closed} {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if response, err := http.Get("http://" + address + "/healthz"); err == nil {
				_ = response.Body.Close()
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the probe does not answer at %s: %s", address, &stderr)
			}
		}
	}
	return open, closed
}

// probed asks the probe.
func probed(t *testing.T, address, query string) (int, enforcement.Answer) {
	t.Helper()
	response, err := http.Get("http://" + address + enforcement.Path + query)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer enforcement.Answer
	if err := json.Unmarshal(text, &answer); err != nil && response.StatusCode == http.StatusOK {
		t.Errorf("%s%s is answered with %q: %v", address, query, text, err)
	}
	return response.StatusCode, answer
}

func TestThePolicyProbeSaysWhoAskedAndWhetherItGotOut(t *testing.T) {
	open, closed := probing(t)
	answers := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, c := range map[string]struct {
		address, connect string
		status           int
		want             enforcement.Answer
	}{
		"It is asked on its open port.":                  {open, "", http.StatusOK, enforcement.Answer{Client: "127.0.0.1"}},
		"It is asked on its closed port.":                {closed, "", http.StatusOK, enforcement.Answer{Client: "127.0.0.1"}},
		"It gets out.":                                   {open, answers(http.StatusOK), http.StatusOK, enforcement.Answer{Client: "127.0.0.1", Connected: true}},
		"It gets out to who has nothing for it.":         {open, answers(http.StatusNotFound), http.StatusOK, enforcement.Answer{Client: "127.0.0.1", Connected: true}},
		"A sidecar says that it cannot get out.":         {open, answers(http.StatusServiceUnavailable), http.StatusOK, enforcement.Answer{Client: "127.0.0.1"}},
		"Nobody listens.":                                {open, unused(t), http.StatusOK, enforcement.Answer{Client: "127.0.0.1"}},
		"Whoever takes the connection never says a word": {open, silent.Addr().String(), http.StatusOK, enforcement.Answer{Client: "127.0.0.1"}},
		"It goes nowhere by name.":                       {open, "localhost:80", http.StatusBadRequest, enforcement.Answer{}},
		"It goes to no path of others.":                  {open, "127.0.0.1:80/admin", http.StatusBadRequest, enforcement.Answer{}},
	} {
		query := ""
		if c.connect != "" {
			query = "?" + enforcement.ConnectTo + "=" + c.connect
		}
		status, got := probed(t, c.address, query)
		if diff := cmp.Diff(c.want, got); status != c.status || diff != "" {
			t.Errorf("%s Status %d, want %d; answer (-want +got):\n%s", name, status, c.status, diff)
		}
	}
}

func TestAPolicyProbeThatCannotListenSaysWhere(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for arguments, want := range map[string]string{
		"--open=" + address + " --closed=127.0.0.1:0": "listen on the open port: listen tcp " + address,
		"--open=127.0.0.1:0 --closed=" + address:      "listen on the closed port: listen tcp " + address,
		"8080":                                        "unknown command",
	} {
		code, stdout, stderr := shell(t, t.TempDir(), "peer-companion policy-probe "+arguments)
		if code != 1 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("policy-probe %s: exit code %d, stdout %q, stderr %q, want %q", arguments, code, stdout, stderr, want)
		}
	}
}
