// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// certified is a folder with a certificate that the client knows.
func certified(t *testing.T) (dir string, client *http.Client) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "tls.key": {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, server.Client()
}

// unused is an address that nobody listens on.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// within waits for something.
func within(patience time.Duration, happens func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if happens() {
			return true
		}
	}
	return false
}

// statusOf is that of a probe, 0 for none.
func statusOf(address, path string) int {
	response, err := http.Get("http://" + address + path)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestTheEdgeAsAProcess(t *testing.T) {
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) }))
	defer peer.Close()
	dir, client := certified(t)
	listen, metrics, late := unused(t), unused(t), filepath.Join(t.TempDir(), "late")
	document := fmt.Sprintf("software: P2PAgent\nlisten: %s\nmetrics: %s\npeer: %s\ntls: {certificate: %s/tls.crt, key: %[4]s/tls.key}\ntimeouts: {unready: 100ms}\n",
		listen, metrics, strings.TrimPrefix(peer.URL, "http://"), late)
	if err := os.WriteFile(filepath.Join(filepath.Dir(late), "edge.yaml"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "edge", "--config", filepath.Join(filepath.Dir(late), "edge.yaml"))
	var access, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &access, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ask := func(path string) (int, string, error) {
		response, err := client.Get("https://" + listen + path)
		if err != nil {
			return 0, "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return response.StatusCode, string(text), err
	}
	if !within(20*time.Second, func() bool { return statusOf(metrics, "/livez") == http.StatusOK }) || statusOf(metrics, "/readyz") != http.StatusServiceUnavailable {
		t.Errorf("without a certificate it is alive: %d, ready: %d", statusOf(metrics, "/livez"), statusOf(metrics, "/readyz"))
	}
	if _, _, err := ask("/"); err == nil {
		t.Error("it serves without a certificate")
	}
	if err := os.Rename(dir, late); err != nil {
		t.Fatal(err)
	}
	if !within(20*time.Second, func() bool { _, _, err := ask("/"); return err == nil }) || statusOf(metrics, "/readyz") != http.StatusOK {
		t.Error("with a certificate it does not serve:", &log)
	}
	if code, text, err := ask("/api/v1/identity"); err != nil || code != http.StatusOK || text != "/api/v1/identity" {
		t.Errorf("an open route: %d %q %v", code, text, err)
	}
	if code, _, err := ask("/metrics"); err != nil || code != http.StatusNotFound {
		t.Errorf("a closed one: %d %v", code, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, &log)
	}
	if !strings.Contains(access.String(), `"path":"/api/v1/identity"`) || strings.Contains(log.String(), `"path"`) || !strings.Contains(log.String(), "the edge stops") {
		t.Errorf("the access log is\n%s\nand the log\n%s", &access, &log)
	}
}

func TestAnEdgeThatCannotServeSaysWhy(t *testing.T) {
	dir, _ := certified(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct{ document, want string }{
		"No file.":                  {"", "no such file"},
		"A field that is misspelt.": {"softwares: Convex\n", `unknown field "softwares"`},
		"Several fields.":           {"software: Convex\nlimits: {requests: 0}\n", "limits.requests: is 0, must be from 1 to 10000"},
		"An address in use.":        {"software: Convex\nlisten: " + taken.Addr().String() + "\nmetrics: " + unused(t) + "\ntls: {certificate: DIR/tls.crt, key: DIR/tls.key}\n", "listen: listen tcp " + taken.Addr().String()},
	} {
		path := filepath.Join(t.TempDir(), "edge.yaml")
		if c.document != "" {
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(c.document, "DIR", dir)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, stdout, stderr := shell(t, dir, "peer-companion edge --config "+path); code != 1 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s exit code %d, stdout %q, stderr %q, want %q", name, code, stdout, stderr, c.want)
		}
	}
}
