// SPDX-License-Identifier: Apache-2.0

//go:build load

// What the edge takes at sizes that a unit test has no time for, of the program as a process of its own. Needs Linux and
// room for some 12,000 open files:
//
//	go test -tags load -run TestLoad -v ./cmd/peer-companion/internal/edge

package edge

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/edge"
)

// process is an edge as a program.
type process struct {
	*running

	cmd *exec.Cmd
}

func start(t *testing.T, peer string, change ...func(*edge.Config)) *process {
	t.Helper()
	r := &running{TB: t, authority: newAuthority(t), mount: &mount{dir: t.TempDir()}, access: &lines{}, log: &lines{}}
	cert, key := r.authority.issue(t, 1)
	r.mount.swap(t, map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": r.authority.pem})
	c := edge.Default()
	c.Listen, c.Metrics, c.Peer, c.Software = free(t), free(t), strings.TrimPrefix(peer, "http://"), edge.Convex
	c.TLS.Certificate, c.TLS.Key = r.mount.path("tls.crt"), r.mount.path("tls.key")
	c.Timeouts.Unready = seconds(0)
	for _, f := range change {
		f(&c)
	}
	r.edge = &Edge{Config: c}
	document, err := yaml.Marshal(c)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "edge.yaml"), document, 0o600))
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "peer-companion"), "github.com/peernode/operator/cmd/peer-companion")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := &process{running: r, cmd: exec.Command(filepath.Join(dir, "peer-companion"), "edge", "--config", filepath.Join(dir, "edge.yaml"))}
	p.cmd.Stderr = r.log
	must(t, p.cmd.Start())
	t.Cleanup(func() {
		must(t, p.cmd.Process.Signal(syscall.SIGTERM))
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("it ends with %v; log:\n%s", err, r.log)
		}
	})
	r.until("it is ready", func() bool { return r.plain("/readyz") == "ok\n" })
	return p
}

// memory is a line of the process's status, such as VmHWM, its highest resident memory.
func (p *process) memory(what string) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(p, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, what+":"); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return "unknown"
}

// legitimate are clients that go on asking while something happens: one that keeps its connection, and one that makes a
// new one each time.
func (p *process) legitimate(during func()) (report string) {
	p.Helper()
	stop := make(chan struct{})
	var all sync.WaitGroup
	reports := make([]string, 2)
	for i, name := range []string{"over a connection that lasts", "over new connections"} {
		all.Go(func() {
			client := p.client(local(100_000+i), func(t *http.Transport) { t.DisableKeepAlives = i == 1 })
			var took []time.Duration
			failed := 0
			for {
				select {
				case <-stop:
					slices.Sort(took)
					if len(took) > 0 {
						reports[i] = fmt.Sprintf("%s: %d served, %d failed, median %s, 99%% within %s", name, len(took), failed,
							took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond))
					}
					return
				case <-time.After(50 * time.Millisecond):
				}
				begun := time.Now()
				if code, _, err := get(client, "/api/v1/status"); err != nil || code != http.StatusOK {
					failed++
					p.Logf("%s: %d %v", name, code, err)
					continue
				}
				took = append(took, time.Since(begun))
			}
		})
	}
	during()
	close(stop)
	all.Wait()
	return strings.Join(reports, "\n    ")
}

// crowd opens n connections, spread over as many addresses as are needed for each to be below its share, and holds them.
func (p *process) crowd(n, perAddress, atOnce int, say func(int, net.Conn)) {
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: local(1000 + i/perAddress).AsSlice()}, Timeout: 20 * time.Second}
			c, err := dialer.Dial("tcp", p.edge.Config.Listen)
			if err != nil {
				return
			}
			p.Cleanup(func() { c.Close() })
			say(i, c)
		})
	}
	all.Wait()
}

func TestLoadTenThousandConnections(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*edge.Config)
		say    func(*process) func(int, net.Conn)
	}{
		"with the limits of the defaults, handshakes that never end": {func(*edge.Config) {}, func(*process) func(int, net.Conn) {
			return func(_ int, c net.Conn) { _, _ = c.Write([]byte("\x16\x03\x01\x02\x00\x01\x00")) }
		}},
		"with the limits of the defaults, and headers that never end": {func(*edge.Config) {}, func(p *process) func(int, net.Conn) {
			return p.headersWithoutEnd
		}},
		"with room for all of them, and headers that never end": {func(c *edge.Config) {
			c.Limits.Connections = 12_000
			c.Timeouts.Header, c.Timeouts.Request, c.Timeouts.Idle = seconds(300), seconds(300), seconds(300)
		}, func(p *process) func(int, net.Conn) { return p.headersWithoutEnd }},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, newPeer(t, nil).URL, c.change)
			before := p.memory("VmRSS")
			report := p.legitimate(func() {
				begun := time.Now()
				p.crowd(10_000, 50, 200, c.say(p))
				t.Logf("10,000 connections from 200 addresses in %s; open now: %d", time.Since(begun).Round(time.Millisecond), p.value("peernode_edge_connections"))
				time.Sleep(5 * time.Second)
			})
			t.Logf("resident memory: %s before, %s now, %s at most\n    %s", before, p.memory("VmRSS"), p.memory("VmHWM"), report)
			p.serves(p.client(local(200_000)))
		})
	}
}

// headersWithoutEnd shakes hands and begins a request.
func (p *process) headersWithoutEnd(_ int, c net.Conn) {
	secured := tls.Client(c, p.as())
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if secured.Handshake() == nil {
		_, _ = io.WriteString(secured, "GET /api/v1/status HTTP/1.1\r\nHost: peer.example.com\r\nX-A: ")
	}
}

// value is a metric without labels.
func (p *process) value(name string) (value int) {
	for line := range strings.Lines(p.plain("/metrics")) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			_, _ = fmt.Sscan(rest, &value)
		}
	}
	return value
}

func TestLoadOfEveryKindOfAbuse(t *testing.T) {
	p := start(t, newPeer(t, nil).URL)
	before := p.memory("VmRSS")
	until := time.Now().Add(20 * time.Second)
	report := p.legitimate(func() {
		p.crowd(400, 4, 400, func(i int, c net.Conn) {
			for again := c; time.Now().Before(until); {
				switch i % 4 {
				case 0: // Malformed TLS.
					_, _ = again.Write([]byte("\x16\x03\x01\x00\xff\x01\x00" + strings.Repeat("x", 255)))
				case 1: // Bodies that are too long and say so late.
					if s := tls.Client(again, p.as()); s.Handshake() == nil {
						_, _ = io.WriteString(s, request("POST /api/v1/query", "Transfer-Encoding: chunked"))
						for range 40 {
							_, _ = io.WriteString(s, "10000\r\n"+strings.Repeat("a", 1<<16)+"\r\n")
						}
					}
				case 2: // Headers, slowly.
					if s := tls.Client(again, p.as()); s.Handshake() == nil {
						for range 50 {
							_, _ = io.WriteString(s, "G")
							time.Sleep(100 * time.Millisecond)
						}
					}
				case 3: // Doors.
					if s := tls.Client(again, p.as()); s.Handshake() == nil {
						_, _ = io.WriteString(s, request("POST /api/v1/peer/shutdown"))
						_, _ = io.Copy(io.Discard, s)
					}
				}
				again.Close()
				time.Sleep(50 * time.Millisecond)
				next, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: local(1000 + i/4).AsSlice()}}).Dial("tcp", p.edge.Config.Listen)
				if err != nil {
					return
				}
				again = next
			}
		})
	})
	t.Logf("resident memory: %s before, %s now, %s at most; %d handshakes failed, %d bans\n    %s", before, p.memory("VmRSS"), p.memory("VmHWM"),
		p.value("peernode_edge_handshake_failures_total"), p.value("peernode_edge_bans_total"), report)
}

func TestLoadOfRequestsWhileTheCertificateChanges(t *testing.T) {
	p := start(t, newPeer(t, nil).URL, generous)
	a := asking(p.running, 50)
	for serial := int64(2); serial < 8; serial++ {
		p.renews(serial)
	}
	asked, failed := a.end()
	t.Logf("50 requests per second, half of them over new connections: %d requests, %d failed, while the certificate changed 6 times", asked, failed)
	t.Logf("resident memory: %s at most", p.memory("VmHWM"))
}

// TestLoadOfOrdinaryRequests is what the edge costs, of one client at a time.
func TestLoadOfOrdinaryRequests(t *testing.T) {
	target := newPeer(t, nil)
	p := start(t, target.URL, generous)
	t.Logf("resident memory at rest: %s", p.memory("VmRSS"))
	measure := func(ask func() error) time.Duration {
		var took []time.Duration
		for range 2000 {
			begun := time.Now()
			must(t, ask())
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	client := p.client(local(1))
	through := measure(func() error {
		_, _, err := get(client, "/api/v1/status")
		return err
	})
	direct := measure(func() error {
		response, err := http.Get(target.URL + "/api/v1/status")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return err
	})
	t.Logf("median of 2000 requests: %s through the edge, %s without; resident memory %s at most", through, direct, p.memory("VmHWM"))
}
