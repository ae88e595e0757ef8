// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/pkg/edge"
)

// peer records all that reaches it.
type peer struct {
	*httptest.Server

	mu   sync.Mutex
	seen []*http.Request
}

// newPeer answers with ok, or as handle does.
func newPeer(t testing.TB, handle http.HandlerFunc) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.Clone(context.Background()))
		p.mu.Unlock()
		if handle != nil {
			handle(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate with a serial number, and its key, in PEM.
func (a *authority) issue(t testing.TB, serial int64) (cert, key []byte) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "edge"}, DNSNames: []string{"peer.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	private := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// mount is a folder as a kubelet fills it: names are links through ..data, which is exchanged in one step.
type mount struct {
	dir      string
	versions int
}

func (m *mount) path(name string) string { return filepath.Join(m.dir, name) }

// swap puts other files in the place of those that are there.
func (m *mount) swap(t testing.TB, files map[string][]byte) {
	t.Helper()
	m.versions++
	version := fmt.Sprintf("..%d", m.versions)
	must(t, os.Mkdir(m.path(version), 0o755))
	for name, content := range files {
		must(t, os.WriteFile(filepath.Join(m.path(version), name), content, 0o600))
		if m.versions == 1 {
			must(t, os.Symlink(filepath.Join("..data", name), m.path(name)))
		}
	}
	must(t, os.Symlink(version, m.path("..new")))
	must(t, os.Rename(m.path("..new"), m.path("..data")))
	if m.versions > 1 {
		must(t, os.RemoveAll(m.path(fmt.Sprintf("..%d", m.versions-1))))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// running is an edge that serves, and what it says.
type running struct {
	testing.TB

	edge      *Edge
	authority *authority
	mount     *mount
	access    *lines
	log       *lines
	stop      context.CancelFunc
	ended     chan error
	probes    int
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve starts an edge for Convex in front of the peer, and waits until it serves.
func serve(t testing.TB, peer string, change ...func(*edge.Config)) *running {
	t.Helper()
	r := &running{TB: t, authority: newAuthority(t), mount: &mount{dir: t.TempDir()}, access: &lines{}, log: &lines{}, ended: make(chan error, 1)}
	cert, key := r.authority.issue(t, 1)
	r.mount.swap(t, map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": r.authority.pem})
	c := edge.Default()
	c.Listen, c.Metrics, c.Peer = free(t), free(t), strings.TrimPrefix(peer, "http://")
	c.Software = edge.Convex
	c.TLS.Certificate, c.TLS.Key = r.mount.path("tls.crt"), r.mount.path("tls.key")
	c.Timeouts.Unready = seconds(0)
	for _, f := range change {
		f(&c)
	}
	must(t, c.Validate())
	r.edge = &Edge{
		Config: c, look: 20 * time.Millisecond,
		Log: slog.New(slog.NewJSONHandler(r.log, nil)), Access: slog.New(slog.NewJSONHandler(r.access, nil)),
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- r.edge.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	r.until("it is ready", func() bool { return r.plain("/readyz") == "ok\n" })
	return r
}

func seconds(s float64) metav1.Duration {
	return metav1.Duration{Duration: time.Duration(s * float64(time.Second))}
}

// free is an address that nobody listens on.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// until waits for what must come.
func (r *running) until(what string, is func() bool) {
	r.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	r.Fatalf("it never came that %s; log:\n%s", what, r.log)
}

// plain asks the port of the metrics. Nothing while it does not answer.
func (r *running) plain(path string) string {
	response, err := http.Get("http://" + r.edge.Config.Metrics + path)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

// metric is whether the metrics have a line.
func (r *running) metric(line string) bool {
	return strings.Contains(r.plain("/metrics"), "\n"+line+"\n")
}

// logged waits for a line of the access log: a request is logged once its answer is sent.
func (r *running) logged(parts ...string) {
	r.Helper()
	r.until("the access log has "+strings.Join(parts, " and "), func() bool {
		for line := range strings.Lines(r.access.String()) {
			all := true
			for _, p := range parts {
				all = all && strings.Contains(line, p)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// as is the TLS of a client that knows the edge.
func (r *running) as(protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: r.authority.pool(), ServerName: "peer.example.com", NextProtos: protocols}
}

// from dials from an address of the loopback network, each of which is another client.
func (r *running) from(source netip.Addr) net.Conn {
	r.Helper()
	dialer := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0)), Timeout: 10 * time.Second}
	c, err := dialer.Dial("tcp", r.edge.Config.Listen)
	must(r, err)
	r.Cleanup(func() { c.Close() })
	return c
}

// local is the nth address of the loopback network.
func local(n int) netip.Addr {
	n += 2
	return netip.AddrFrom4([4]byte{127, byte(n >> 16), byte(n >> 8), byte(n)})
}

// secured is a TLS connection from there.
func (r *running) secured(source netip.Addr, protocols ...string) *tls.Conn {
	r.Helper()
	c := tls.Client(r.from(source), r.as(protocols...))
	must(r, c.SetDeadline(time.Now().Add(20*time.Second)))
	must(r, c.Handshake())
	return c
}

// client speaks HTTP from the address.
func (r *running) client(source netip.Addr, change ...func(*http.Transport)) *http.Client {
	transport := &http.Transport{
		TLSClientConfig: r.as(), ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			dialer := &net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))}
			return dialer.DialContext(ctx, network, r.edge.Config.Listen)
		},
	}
	for _, f := range change {
		f(transport)
	}
	r.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// get asks for a path, and returns status and body.
func get(c *http.Client, path string, headers ...string) (int, string, error) {
	request, err := http.NewRequest(http.MethodGet, "https://peer.example.com"+path, nil)
	if err != nil {
		return 0, "", err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// serves fails unless the client gets the status of the peer.
func (r *running) serves(c *http.Client) {
	r.Helper()
	if code, text, err := get(c, "/api/v1/status"); err != nil || code != http.StatusOK || text != "ok" {
		r.Errorf("a legitimate client gets %d %q %v", code, text, err)
	}
}
