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

func TestTheEdgeAsAProcess(t *testing.T) {
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) }))
	defer peer.Close()
	dir, client := certified(t)
	listen := unused(t)
	document := fmt.Sprintf("software: P2PAgent\nlisten: %s\nmetrics: %s\npeer: %s\ntls: {certificate: %s/tls.crt, key: %[4]s/tls.key}\ntimeouts: {unready: 100ms}\n",
		listen, unused(t), strings.TrimPrefix(peer.URL, "http://"), dir)
	if err := os.WriteFile(filepath.Join(dir, "edge.yaml"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "edge", "--config", filepath.Join(dir, "edge.yaml"))
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
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, _, err := ask("/"); err == nil {
			break
		}
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
		"No certificate.":           {"software: Convex\ntls: {certificate: /nothing/tls.crt, key: /nothing/tls.key}\n", "open /nothing/tls.crt: no such file"},
		"An address in use.":        {"software: Convex\nlisten: " + taken.Addr().String() + "\ntls: {certificate: DIR/tls.crt, key: DIR/tls.key}\n", "listen: listen tcp " + taken.Addr().String()},
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
