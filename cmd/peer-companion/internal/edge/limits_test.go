// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

func TestAClientThatAsksTooMuchIsHeldUpAndThenBanned(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL, func(c *edge.Config) {
		c.Clients.RequestsPerMinute, c.Clients.Burst, c.Clients.Ban.Offences, c.Clients.Ban.Duration = 1, 10, 5, seconds(4)
	})
	client := r.client(local(1))
	for n := range 16 {
		response, err := client.Get("https://peer.example.com/api/v1/status")
		must(t, err)
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		want := "ok"
		switch {
		case n == 15:
			want = `{"refused":"Banned"}` + "\n"
		case n >= 10:
			want = `{"refused":"RateLimited"}` + "\n"
		}
		if string(text) != want {
			t.Fatalf("request %d: %s %q, want %q", n, response.Status, text, want)
		}
		if again, err := strconv.Atoi(response.Header.Get("Retry-After")); n >= 10 && (err != nil || again < 1 || again > 60) {
			t.Errorf("request %d: Retry-After %q", n, response.Header.Get("Retry-After"))
		}
	}
	if _, err := tls.Client(r.from(local(1)), r.as()).Write([]byte("x")); err == nil {
		t.Error("a banned client still shakes hands")
	}
	r.serves(r.client(local(2)))
	for _, line := range []string{"peernode_edge_bans_total 1", "peernode_edge_banned_clients 1", `peernode_edge_refusals_total{reason="RateLimited"} 5`, `peernode_edge_refusals_total{reason="Banned"} 1`} {
		r.until(line, func() bool { return r.metric(line) })
	}
	r.logged(`"reason":"RateLimited"`, `"ban":true`)
	r.until("the ban is over", func() bool {
		code, _, err := get(r.client(local(1)), "/api/v1/status")
		return err == nil && code == http.StatusOK
	})
}

func TestWhoTriesDoorsIsBanned(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) { c.Clients.Ban.Offences = 20 })
	client := r.client(local(1))
	for n := range 20 {
		if code, _, err := get(client, "/api/v1/peer/"+strconv.Itoa(n)); err != nil || code != http.StatusNotFound {
			t.Fatalf("closed door %d: %d %v", n, code, err)
		}
	}
	if code, text, err := get(client, "/api/v1/status"); err == nil {
		t.Errorf("after 20 closed doors, an open one: %d %q", code, text)
	}
	r.serves(r.client(local(2)))
}

func TestWhoOnlyConnectsIsBanned(t *testing.T) {
	proxy := netip.MustParseAddr("127.0.0.10")
	r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) {
		c.Clients.Ban.Offences = 30
		c.TrustedProxies = []netip.Prefix{netip.PrefixFrom(proxy, 32)}
	})
	for range 10 {
		must(t, r.from(local(1)).Close())
		must(t, r.secured(local(1)).Close())
		c := r.secured(local(1))
		_, _ = io.WriteString(c, "nonsense\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}
	r.until("it is banned", func() bool { return r.edge.guard.banned(edge.Group(local(1))) })
	if tls.Client(r.from(local(1)), r.as()).Handshake() == nil {
		t.Error("it still shakes hands")
	}
	if !strings.Contains(r.log.String(), `"client":"`+edge.Group(local(1)).String()) || !r.metric("peernode_edge_bans_total 1") {
		t.Errorf("nothing is said of it:\n%s", r.log)
	}
	// A proxy that opens connections to have them, and a client that asks on each.
	for range 40 {
		must(t, r.secured(proxy).Close())
		r.serves(r.client(local(2), func(tr *http.Transport) { tr.DisableKeepAlives = true }))
	}
	r.serves(r.client(proxy))
}

// slow says something at once and the rest byte by byte, and returns how long it was listened to.
func slow(c net.Conn, first, text string) time.Duration {
	begun := time.Now()
	_, _ = io.WriteString(c, first)
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, c)
		close(ended)
	}()
	for i := range len(text) {
		select {
		case <-ended:
			return time.Since(begun)
		case <-time.After(20 * time.Millisecond):
			_, _ = c.Write([]byte{text[i]})
		}
	}
	<-ended
	return time.Since(begun)
}

func TestWhoIsSlowIsCutOff(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL, func(c *edge.Config) {
		c.Timeouts.Header, c.Timeouts.Request, c.Timeouts.Response, c.Timeouts.Idle = seconds(2), seconds(3), seconds(4), seconds(2)
	})
	cases := map[string]struct {
		connection  net.Conn
		first, text string
	}{
		"a handshake":               {r.from(local(1)), "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", strings.Repeat("a", 500)},
		"nothing at all":            {r.from(local(2)), "", ""},
		"nothing after a handshake": {r.secured(local(3)), "", ""},
		"headers":                   {r.secured(local(4)), "GET /api/v1/status HTTP/1.1\r\nHost: peer.example.com\r\n", strings.Repeat("X-A: b\r\n", 100)},
		"a body":                    {r.secured(local(5)), request("POST /api/v1/query", "Content-Length: 500"), strings.Repeat("a", 400)},
		"chunks":                    {r.secured(local(6)), request("POST /api/v1/query", "Transfer-Encoding: chunked"), strings.Repeat("1\r\na\r\n", 200)},
		"nothing after an answer":   {r.secured(local(7)), request("GET /api/v1/status"), ""},
		"nothing in HTTP/2":         {r.secured(local(8), "h2"), "", ""},
		"a preface of HTTP/2":       {r.secured(local(9), "h2"), "", "PRI * HTTP/2.0\r\n"},
		"half a frame of HTTP/2":    {r.secured(local(10), "h2"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x20\x01\x00\x00\x00", ""},
		"endless headers of HTTP/2": {r.secured(local(11), "h2"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82", strings.Repeat("\x00\x00\x00\x09\x00\x00\x00\x00\x01", 60)},
	}
	var all sync.WaitGroup
	for name, c := range cases {
		all.Go(func() {
			// HTTP/2 waits for its preface for ten seconds, which cannot be set.
			most := 8 * time.Second
			if strings.HasSuffix(name, "HTTP/2") {
				most = 15 * time.Second
			}
			if took := slow(c.connection, c.first, c.text); took > most {
				t.Errorf("%s: listened to for %s", name, took)
			}
		})
	}
	for n := range 10 {
		r.serves(r.client(local(100 + n)))
	}
	all.Wait()
	r.until("both bodies are counted", func() bool { return r.metric(`peernode_edge_refusals_total{reason="BodyTooSlow"} 2`) })
}

func TestOneClientHasItsShareOfConnectionsAndNoMore(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL, func(c *edge.Config) { c.Limits.ConnectionsPerClient = 5 })
	for range 5 {
		r.secured(local(1))
	}
	for range 50 {
		if tls.Client(r.from(local(1)), r.as()).Handshake() == nil {
			t.Fatal("it has more")
		}
	}
	r.serves(r.client(local(2)))
	r.until("all are counted", func() bool { return r.metric(`peernode_edge_connections_closed_total{reason="client"} 50`) })
}

func TestWhereThereIsNoRoomWhoRestsLongestMakesIt(t *testing.T) {
	goOn := make(chan struct{})
	begun := make(chan struct{}, 1)
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/blocks" {
			begun <- struct{}{}
			<-goOn
		}
		_, _ = io.WriteString(w, "ok")
	})
	r := serve(t, p.URL, func(c *edge.Config) {
		c.Limits.Connections, c.Limits.ConnectionsPerClient = 20, 20
		c.Timeouts.Header, c.Timeouts.Request = seconds(60), seconds(60)
	})
	answer := make(chan string, 1)
	go func() {
		_, text, err := get(r.client(local(0)), "/api/v1/blocks")
		if err != nil {
			text = err.Error()
		}
		answer <- text
	}()
	<-begun
	regular := r.client(local(1))
	r.serves(regular)
	for n := range 300 {
		_, _ = r.from(local(10 + n)).Write([]byte("\x16"))
		if n%10 == 0 {
			r.serves(regular)
		}
	}
	if opened := r.edge.connections.size(); opened != 20 {
		t.Errorf("%d connections are open", opened)
	}
	r.serves(r.client(local(2)))
	close(goOn)
	if text := <-answer; text != "ok" {
		t.Errorf("who had a request under way got %q", text)
	}
}

func TestWhereAllAreBusyNobodyIsCutOff(t *testing.T) {
	goOn, begun := make(chan struct{}), make(chan struct{}, 3)
	p := newPeer(t, func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-goOn
	})
	r := serve(t, p.URL, func(c *edge.Config) { c.Limits.Connections, c.Limits.ConnectionsPerClient = 3, 3 })
	done := make(chan int, 3)
	for n := range 3 {
		go func() {
			code, _, _ := get(r.client(local(n)), "/api/v1/status")
			done <- code
		}()
		<-begun
	}
	if tls.Client(r.from(local(9)), r.as()).Handshake() == nil {
		t.Error("a fourth one was let in")
	}
	close(goOn)
	for range 3 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("one that was under way: %d", code)
		}
	}
}
