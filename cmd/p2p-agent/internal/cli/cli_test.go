// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/identity"
)

// call runs a command line as main does.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Main(args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandsThatDoNotExistSaySo(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"emergency-shutdown with its flag": {"emergency-shutdown --reason security_incident", "emergency-shutdown does not exist; instead: stop the process"},
		"secure-recovery":                  {"secure-recovery --verify-integrity", "identity verify"},
		"security-scan":                    {"security-scan --type full", "does not exist"},
		"security-report":                  {"security-report --format pdf", "auth_failures"},
		"export-audit-logs":                {"export-audit-logs --start 2024-01-01", "JSON log"},
		"check-vulnerabilities":            {"check-vulnerabilities", "does not exist"},
		"config set":                       {"config set a b", "p2p-agent config set does not exist"},
		"config reload":                    {"config reload", "peers.file"},
		"a command nobody knows":           {"dance", `unknown command "dance"`},
		"an unknown identity command":      {"identity steal", `unknown command "steal"`},
		"an unknown storage command":       {"storage steal", `unknown command "steal"`},
		"an unknown config command":        {"config steal", `unknown command "steal"`},
		"an unknown flag":                  {"start --force", "unknown flag: --force"},
		"an argument too many":             {"start now", "unknown command"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := call(strings.Fields(c.line)...)
			if code != 1 || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}

func TestIdentityCommands(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	termination := filepath.Join(t.TempDir(), "termination-log")
	made := succeed(t, "identity", "generate", "--keys", keys, "--type", "secp256k1")
	if made.KeyType != "secp256k1" || made.PublicKey == "" {
		t.Errorf("generated %+v", made)
	}
	if code, _, stderr := call("identity", "generate", "--keys", keys); code != 1 || !strings.Contains(stderr, "never overwritten") {
		t.Errorf("generated twice: exit %d, %s", code, stderr)
	}
	verified := succeed(t, "identity", "verify", "--keys", keys, "--expect", made.PeerID.String(), "--termination-log", termination)
	if verified != made {
		t.Errorf("generated %+v, verified %+v", made, verified)
	}
	var told identity.Info
	if err := json.Unmarshal(read(t, termination), &told); err != nil || told != made {
		t.Errorf("termination message %+v, %v", told, err)
	}
	rotated := succeed(t, "identity", "rotate", "--keys", keys)
	if rotated.PeerID == made.PeerID {
		t.Error("rotated to the same key")
	}
	code, stdout, stderr := call("identity", "verify", "--keys", keys, "--expect", made.PeerID.String(), "--termination-log", termination)
	message := string(read(t, termination))
	if code != 1 || stdout != "" || !strings.Contains(stderr, "expected "+made.PeerID.String()) {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if strings.Count(message, "\n") != 1 || !strings.Contains(message, "expected "+made.PeerID.String()) {
		t.Errorf("termination message %q", message)
	}
	if code, _, stderr := call("identity", "backup", "--keys", keys); code != 1 || !strings.Contains(stderr, "required flag") {
		t.Errorf("a backup to nobody: exit %d, %s", code, stderr)
	}
}

func succeed(t *testing.T, args ...string) identity.Info {
	t.Helper()
	code, stdout, stderr := call(args...)
	if code != 0 {
		t.Fatalf("%v: exit %d, %s", args, code, stderr)
	}
	var info identity.Info
	if err := json.Unmarshal([]byte(stdout), &info); err != nil {
		t.Fatalf("%v printed %q: %v", args, stdout, err)
	}
	return info
}

func TestConfigValidate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agent.yaml")
	for content, want := range map[string]string{"agent: {name: a}": "", "tasks: {}": "tasks: this agent processes no tasks"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := call("config", "validate", "--config", file)
		if want == "" && (code != 0 || !strings.Contains(stdout, "is valid")) {
			t.Errorf("%q: exit %d, %q", content, code, stderr)
		}
		if want != "" && (code != 1 || !strings.Contains(stderr, want)) {
			t.Errorf("%q: exit %d, %q", content, code, stderr)
		}
	}
}

func TestPeers(t *testing.T) {
	id, err := peer.Decode("12D3KooWEaKdP2boYMwrTm1kgTaYnKCkWS88sfELZP3naqrR8G5v")
	if err != nil {
		t.Fatal(err)
	}
	list := api.PeerList{Peers: []api.Peer{{
		PeerID: id, Addresses: []string{"/ip4/10.0.0.1/tcp/8000"}, Direction: "inbound", Transport: "tcp",
		ConnectedSince: time.Now().Add(-time.Minute), RTTMillis: new(1.25), Name: "beta", Sequence: 9,
	}}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != api.PeersPath {
			t.Errorf("asked for %s", r.URL.Path)
		}
		json.NewEncoder(w).Encode(list)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")

	_, table, _ := call("peers", "--address", address)
	for _, want := range []string{"PEER ID", "beta", "inbound", "tcp", "1.2ms", "1m0s", "/ip4/10.0.0.1/tcp/8000"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is missing in\n%s", want, table)
		}
	}
	_, text, _ := call("peers", "--address", address, "-o", "json")
	var got api.PeerList
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Peers) != 1 || got.Peers[0].Name != "beta" {
		t.Errorf("json: %v in %q", err, text)
	}
	if code, _, stderr := call("peers", "--address", address, "-o", "xml"); code != 1 || !strings.Contains(stderr, "not one of table, json") {
		t.Errorf("xml: exit %d, %s", code, stderr)
	}
	server.Close()
	if code, _, stderr := call("peers", "--address", address); code != 1 || !strings.Contains(stderr, "no agent answers") {
		t.Errorf("no agent: exit %d, %s", code, stderr)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
