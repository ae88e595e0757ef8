// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// renewal asks the edge all the time, over connections that last and over new ones, while its certificate changes.
type renewal struct {
	r              *running
	asked, failed  atomic.Int64
	stop, finished chan struct{}
	once           sync.Once
}

// asking begins to ask so many times a second, also where that is behind its time.
func asking(r *running, perSecond int) *renewal {
	a := &renewal{r: r, stop: make(chan struct{}), finished: make(chan struct{})}
	r.Cleanup(func() { a.end() })
	lasting := r.client(local(1))
	anew := r.client(local(2), func(t *http.Transport) { t.DisableKeepAlives = true })
	go func() {
		defer close(a.finished)
		var all sync.WaitGroup
		defer all.Wait()
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for begun, n := time.Now(), 0; ; {
			select {
			case <-a.stop:
				return
			case <-tick.C:
			}
			for due := int(time.Since(begun).Seconds() * float64(perSecond)); n < due; n++ {
				client := []*http.Client{lasting, anew}[n%2]
				all.Go(func() { a.ask(client) })
			}
		}
	}()
	return a
}

func (a *renewal) ask(client *http.Client) {
	a.asked.Add(1)
	if code, text, err := get(client, "/api/v1/status"); err != nil || code != http.StatusOK || text != "ok" {
		a.failed.Add(1)
		a.r.Errorf("while the certificate changes: %d %q %v", code, text, err)
	}
}

func (a *renewal) end() (asked, failed int64) {
	a.once.Do(func() { close(a.stop) })
	<-a.finished
	return a.asked.Load(), a.failed.Load()
}

// serial is the number of the certificate that a new connection gets. Each comes from another address: one would be
// banned for connections without a request.
func (r *running) serial() int64 {
	r.probes++
	c := r.secured(local(300_000 + r.probes))
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// renews exchanges the certificate as a kubelet does, and waits until it is served.
func (r *running) renews(serial int64) {
	r.Helper()
	cert, key := r.authority.issue(r, serial)
	r.mount.swap(r, map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": r.authority.pem})
	r.until("the new certificate is served", func() bool { return r.serial() == serial })
}

// generous are limits that one host with much to ask stays below.
func generous(c *edge.Config) {
	c.Clients.RequestsPerMinute, c.Clients.Burst = 1_000_000, 1_000_000
	c.Limits.ConnectionsPerClient = c.Limits.Connections
}

func TestACertificateIsRenewedWithoutAnybodyNoticing(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL, generous)
	lasting := r.secured(local(4))
	a := asking(r, 50)
	for serial := int64(2); serial < 7; serial++ {
		r.renews(serial)
		enough := a.asked.Load() + 20
		r.until("more requests were made", func() bool { return a.asked.Load() >= enough })
	}
	asked, failed := a.end()
	t.Logf("%d requests, %d failed, while the certificate changed 5 times", asked, failed)
	_, err := io.WriteString(lasting, request("GET /api/v1/status", "Connection: close"))
	must(t, err)
	if answer, err := io.ReadAll(lasting); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("over a connection of before: %q %v", answer, err)
	}
	if !r.metric(`peernode_edge_reloads_total{result="taken",what="tls"} 5`) {
		t.Error("the changes are not counted")
	}
}

func TestACertificateThatIsNoneLeavesTheOneOfBefore(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL)
	cert, _ := r.authority.issue(t, 2)
	_, key := r.authority.issue(t, 3)
	for name, files := range map[string]map[string][]byte{
		"a key of another certificate": {"tls.crt": cert, "tls.key": key},
		"nothing":                      {"tls.crt": nil, "tls.key": nil},
		"no files":                     {},
	} {
		before := strings.Count(r.log.String(), "what was there before stays in force")
		r.mount.swap(t, files)
		r.until("it is said of "+name, func() bool {
			return strings.Count(r.log.String(), "what was there before stays in force") > before
		})
		if r.serial() != 1 {
			t.Errorf("%s is served", name)
		}
	}
	r.renews(9)
}

func TestAnEdgeWithoutACertificateWaitsForOne(t *testing.T) {
	for name, content := range map[string]string{"nothing there": "", "nonsense": "nonsense"} {
		c := edge.Default()
		c.Metrics = "127.0.0.1:0"
		c.TLS.Certificate, c.TLS.Key = t.TempDir()+"/tls.crt", t.TempDir()+"/tls.key"
		if content != "" {
			must(t, os.WriteFile(c.TLS.Certificate, []byte(content), 0o600))
			must(t, os.WriteFile(c.TLS.Key, []byte(content), 0o600))
		}
		log := &lines{}
		e := &Edge{Config: c, look: time.Millisecond, Log: slog.New(slog.NewJSONHandler(log, nil))}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := e.Run(ctx); err != nil || ctx.Err() == nil {
			t.Errorf("%s: it ended with %v", name, err)
		}
		cancel()
		if said := strings.Count(log.String(), c.TLS.Certificate); said != 1 {
			t.Errorf("%s: it names the file %d times:\n%s", name, said, log)
		}
	}
}

func TestOnlyStrongTLSIsSpoken(t *testing.T) {
	weak := []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}
	strong := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
	for _, minimum := range []string{"1.2", "1.3"} {
		r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) { c.TLS.MinVersion = minimum })
		for name, c := range map[string]struct {
			low, high uint16
			suites    []uint16
			accepted  bool
		}{
			"TLS 1.0":              {tls.VersionTLS10, tls.VersionTLS10, nil, false},
			"TLS 1.1":              {tls.VersionTLS11, tls.VersionTLS11, nil, false},
			"TLS 1.2":              {tls.VersionTLS12, tls.VersionTLS12, strong, minimum == "1.2"},
			"TLS 1.2, weak suites": {tls.VersionTLS12, tls.VersionTLS12, weak, false},
			"TLS 1.3":              {tls.VersionTLS13, tls.VersionTLS13, nil, true},
		} {
			config := r.as("h2", "http/1.1")
			config.MinVersion, config.MaxVersion, config.CipherSuites = c.low, c.high, c.suites
			connection := tls.Client(r.from(local(1)), config)
			err := connection.Handshake()
			if (err == nil) != c.accepted || c.accepted && connection.ConnectionState().NegotiatedProtocol != "h2" {
				t.Errorf("minimum %s, %s: %v", minimum, name, err)
			}
		}
	}
}

func TestMalformedTLSIsCountedAndHurtsNobody(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL, generous, func(c *edge.Config) { c.Clients.Ban.Offences = 1000 })
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		c := r.from(local(1))
		noise := make([]byte, random.IntN(300))
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		// Every other one begins like a handshake.
		if n%2 == 0 {
			noise = append([]byte{0x16, 3, 1, 0, byte(random.IntN(250)), 1, 0}, noise...)
		}
		_, _ = c.Write(noise)
		must(t, c.Close())
	}
	r.serves(r.client(local(2)))
	r.until("all are counted", func() bool { return r.metric("peernode_edge_handshake_failures_total 200") })
	r.until("none is left", func() bool { return r.edge.connections.size() <= 1 })
}

// A session that is resumed shows no certificate again.
func TestSessionsAreResumedOnlyWhereNobodyHasToProveAnything(t *testing.T) {
	for _, proved := range []bool{false, true} {
		r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) {
			if proved {
				c.TLS.Clients = &edge.ClientCertificates{CA: strings.Replace(c.TLS.Certificate, "tls.crt", "ca.crt", 1), Optional: true}
			}
		})
		client := r.client(local(1), func(tr *http.Transport) {
			tr.TLSClientConfig.ClientSessionCache, tr.DisableKeepAlives = tls.NewLRUClientSessionCache(1), true
		})
		for n := range 2 {
			response, err := client.Get("https://peer.example.com/api/v1/status")
			must(t, err)
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if want := n == 1 && !proved; response.TLS.DidResume != want {
				t.Errorf("certificates of clients %t, connection %d: resumed %t", proved, n, response.TLS.DidResume)
			}
		}
	}
}

func TestClientsProveWhoTheyAre(t *testing.T) {
	for _, optional := range []bool{false, true} {
		r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) {
			c.TLS.Clients = &edge.ClientCertificates{CA: strings.Replace(c.TLS.Certificate, "tls.crt", "ca.crt", 1), Optional: optional}
		})
		with := func(a *authority) func(*http.Transport) {
			pair, err := tls.X509KeyPair(a.issue(t, 7))
			must(t, err)
			// Also where the edge names other authorities.
			return func(tr *http.Transport) {
				tr.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
				tr.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			}
		}
		stranger := newAuthority(t)
		known, unknown := r.client(local(1), with(r.authority)), r.client(local(2), with(stranger))
		r.serves(known)
		if _, _, err := get(unknown, "/api/v1/status"); err == nil {
			t.Errorf("optional %t: a certificate of a stranger was accepted", optional)
		}
		if _, _, err := get(r.client(local(3)), "/api/v1/status"); (err == nil) != optional {
			t.Errorf("optional %t: without a certificate, %v", optional, err)
		}
		// Another authority is trusted from now on, and the old one is not.
		cert, key := r.authority.issue(t, 2)
		r.mount.swap(t, map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": stranger.pem})
		r.until("the new authority is trusted", func() bool {
			code, _, err := get(unknown, "/api/v1/status")
			return err == nil && code == http.StatusOK
		})
		known.CloseIdleConnections()
		if _, _, err := get(known, "/api/v1/status"); err == nil {
			t.Errorf("optional %t: a certificate of the old authority was accepted", optional)
		}
	}
}
