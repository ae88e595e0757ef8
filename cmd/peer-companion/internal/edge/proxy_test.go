// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

func TestWhatPassesReachesThePeerAsItCameAndAsWhoItIs(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		p := newPeer(t, nil)
		r := serve(t, p.URL)
		client := r.client(local(5), func(tr *http.Transport) { tr.ForceAttemptHTTP2 = protocol == "HTTP/2.0" })
		request, err := http.NewRequest(http.MethodPost, "https://peer.example.com/api/v1/query?a=%2F&b", strings.NewReader(`{"source": "*balance*"}`))
		must(t, err)
		for name, value := range map[string]string{
			"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil", "X-Forwarded-Port": "1", "X-Forwarded-Client-Cert": "x", "Forwarded": "for=127.0.0.1",
			"X-Real-Ip": "127.0.0.1", "True-Client-Ip": "127.0.0.1", "X_Forwarded_For": "127.0.0.1", "Proxy": "http://evil", "Content-Type": "application/json", "Authorization": "Bearer mine", "X-Request-Id": "7",
		} {
			request.Header.Set(name, value)
		}
		response, err := client.Do(request)
		must(t, err)
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.Proto != protocol || response.StatusCode != http.StatusOK || string(text) != "ok" {
			t.Errorf("%s: answered with %s %s %q", protocol, response.Proto, response.Status, text)
		}
		seen := p.requests()[0]
		if seen.RequestURI != "/api/v1/query?a=%2F&b" || seen.Host != "peer.example.com" || seen.Method != http.MethodPost || seen.ContentLength != 23 {
			t.Errorf("%s: the peer sees %s %s of %s, %d bytes", protocol, seen.Method, seen.RequestURI, seen.Host, seen.ContentLength)
		}
		want := http.Header{
			"X-Forwarded-For": {local(5).String()}, "X-Real-Ip": {local(5).String()}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"peer.example.com"},
			"Content-Type": {"application/json"}, "Authorization": {"Bearer mine"}, "X-Request-Id": {"7"},
			"Content-Length": {"23"}, "User-Agent": {"Go-http-client/" + protocol[5:]}, "Accept-Encoding": {"gzip"},
		}
		for name, values := range seen.Header {
			if fmt.Sprint(values) != fmt.Sprint(want[name]) {
				t.Errorf("%s: the peer sees %s: %q, want %q", protocol, name, values, want[name])
			}
			delete(want, name)
		}
		if delete(want, "User-Agent"); len(want) > 0 {
			t.Errorf("%s: the peer does not see %v", protocol, want)
		}
	}
}

// What another server could take for the body of a request, or for its headers, is neither.
func TestWhatIsSmuggledIsJudgedByItself(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL)
	c := r.secured(local(1))
	_, err := io.WriteString(c, request("POST /api/v1/query", "Content-Length: 5", "Transfer-Encoding: chunked")+"0\r\n\r\n"+
		request("POST /api/v1/query", "Transfer-Encoding: chunked", "Trailer: X-Forwarded-For, X-Real-Ip")+"2\r\n{}\r\n0\r\nX-Forwarded-For: 127.0.0.1\r\nX-Real-Ip: 127.0.0.1\r\n\r\n"+
		request("POST /api/v1/peer/shutdown", "Content-Length: 0"))
	must(t, err)
	if got := fmt.Sprint(answers(c)); got != "[200 200 404]" {
		t.Errorf("answered with %s", got)
	}
	for _, seen := range p.requests() {
		if seen.RequestURI != "/api/v1/query" || seen.Header.Get("Content-Length") != "" || seen.Header.Get("X-Forwarded-For") != local(1).String() || len(seen.Trailer) > 0 {
			t.Errorf("the peer sees %s %v %v", seen.RequestURI, seen.Header, seen.Trailer)
		}
	}
	if n := len(p.requests()); n != 2 {
		t.Errorf("%d requests reached the peer", n)
	}
}

func TestBehindATrustedProxyAClientIsWhoTheProxySays(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL, func(c *edge.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.10/32")}
		c.Clients.Burst, c.Clients.RequestsPerMinute = 3, 1
		c.Limits.ConnectionsPerClient = 1
	})
	proxy := netip.MustParseAddr("127.0.0.10")
	for n := range 20 {
		if code, _, err := get(r.client(proxy), "/api/v1/status", "X-Forwarded-For", fmt.Sprintf("6.6.6.6, 192.0.2.%d", n)); err != nil || code != http.StatusOK {
			t.Errorf("client %d behind the proxy: %d %v", n, code, err)
		}
	}
	if got := p.requests()[19].Header.Get("X-Forwarded-For"); got != "192.0.2.19" {
		t.Errorf("the peer sees %q", got)
	}
	liar := r.client(local(9))
	for n := range 4 {
		code, _, err := get(liar, "/api/v1/status", "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", 100+n))
		if want := map[bool]int{true: 200, false: 429}[n < 3]; err != nil || code != want {
			t.Errorf("request %d of who makes up addresses: %d %v", n, code, err)
		}
	}
}

func TestABodyEndsAtItsLimit(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL, func(c *edge.Config) { c.Limits.BodyBytes = 1000 })
	post := func(body io.Reader) (int, error) {
		response, err := r.client(local(1)).Post("https://peer.example.com/api/v1/query", "application/json", body)
		if err != nil {
			return 0, err
		}
		response.Body.Close()
		return response.StatusCode, nil
	}
	if code, err := post(bytes.NewReader(make([]byte, 1000))); err != nil || code != http.StatusOK {
		t.Errorf("a body that just fits: %d %v", code, err)
	}
	if code, err := post(io.MultiReader(bytes.NewReader(make([]byte, 1000)))); err != nil || code != http.StatusOK {
		t.Errorf("a body of unknown length that just fits: %d %v", code, err)
	}
	if code, err := post(bytes.NewReader(make([]byte, 1001))); err != nil || code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too long: %d %v", code, err)
	}
	if code, err := post(io.MultiReader(bytes.NewReader(make([]byte, 1<<20)))); err != nil || code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of unknown length that is too long: %d %v", code, err)
	}
	r.until("both are counted", func() bool { return r.metric(`peernode_edge_refusals_total{reason="BodyTooLarge"} 2`) })
}

func TestAPeerThatDoesNotAnswerIsSaidToBe(t *testing.T) {
	p := newPeer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := serve(t, p.URL, func(c *edge.Config) { c.Timeouts.Peer = seconds(0.2) })
	if code, text, err := get(r.client(local(1)), "/api/v1/status"); err != nil || code != http.StatusGatewayTimeout || text != `{"refused":"PeerTooSlow"}`+"\n" {
		t.Errorf("a slow peer: %d %q %v", code, text, err)
	}
	gone := serve(t, free(t))
	if code, text, err := get(gone.client(local(1)), "/api/v1/status"); err != nil || code != http.StatusBadGateway || text != `{"refused":"PeerUnreachable"}`+"\n" {
		t.Errorf("no peer: %d %q %v", code, text, err)
	}
}

func TestMoreRequestsThanThePeerMayHaveAreSentAway(t *testing.T) {
	begun, goOn := make(chan struct{}, 10), make(chan struct{})
	p := newPeer(t, func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-goOn
	})
	r := serve(t, p.URL, func(c *edge.Config) { c.Limits.Requests, c.Limits.RequestsPerClient = 3, 2 })
	done := make(chan int, 3)
	for _, source := range []int{1, 1, 2} {
		go func() {
			code, _, _ := get(r.client(local(source)), "/api/v1/status")
			done <- code
		}()
		<-begun
	}
	if code, text, err := get(r.client(local(1)), "/api/v1/status"); err != nil || code != http.StatusTooManyRequests || !strings.Contains(text, "ClientBusy") {
		t.Errorf("a client with two under way: %d %q %v", code, text, err)
	}
	if code, text, err := get(r.client(local(3)), "/api/v1/status"); err != nil || code != http.StatusServiceUnavailable || !strings.Contains(text, `"Busy"`) {
		t.Errorf("another one: %d %q %v", code, text, err)
	}
	close(goOn)
	for range 3 {
		if code := <-done; code != http.StatusOK {
			t.Errorf("one that was under way: %d", code)
		}
	}
	if code, _, err := get(r.client(local(1)), "/api/v1/status"); err != nil || code != http.StatusOK {
		t.Errorf("afterwards: %d %v", code, err)
	}
}

// echo is a peer that says back what it hears once it speaks WebSocket. What is in the frames is nothing to the edge.
func echo(w http.ResponseWriter, _ *http.Request) {
	c, rw, _ := http.NewResponseController(w).Hijack()
	defer c.Close()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = rw.Flush()
	_, _ = io.Copy(c, rw)
}

func TestAWebSocketLivesOnUntilNothingIsSaid(t *testing.T) {
	p := newPeer(t, echo)
	r := serve(t, p.URL, open, func(c *edge.Config) {
		c.Timeouts.Header, c.Timeouts.Request, c.Timeouts.Response, c.Timeouts.Idle = seconds(1), seconds(1), seconds(1.2), seconds(1)
		c.Timeouts.WebSocket = seconds(2)
	})
	c := r.webSocket(local(1))
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		_, err := io.WriteString(c, "hello")
		must(t, err)
		heard := make([]byte, 5)
		if _, err := io.ReadFull(c, heard); err != nil || string(heard) != "hello" {
			t.Fatalf("%q, %v", heard, err)
		}
	}
	begun := time.Now()
	if _, err := c.Read(make([]byte, 1)); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("silence ends after %s with %v", time.Since(begun), err)
	}
	r.logged(`"status":101`, `"path":"/chat"`, `"bytes":`)
}

// webSocket makes a connection one.
func (r *running) webSocket(source netip.Addr) *tls.Conn {
	r.Helper()
	c := r.secured(source)
	_, err := io.WriteString(c, request("GET /chat", "Connection: Upgrade", "Upgrade: websocket"))
	must(r, err)
	response, err := http.ReadResponse(bufio.NewReaderSize(onlyHeader{c}, 16), nil)
	must(r, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		r.Fatal(response.Status)
	}
	return c
}

// onlyHeader reads byte by byte, so that nothing of what follows is taken along.
type onlyHeader struct{ net.Conn }

func (o onlyHeader) Read(p []byte) (int, error) { return o.Conn.Read(p[:1]) }

func TestAnEdgeThatStopsSaysSoAndThenEndsWhatHasBegun(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/chat") {
			echo(w, r)
			return
		}
		if r.URL.Path == "/slow" {
			close(begun)
			<-goOn
		}
		_, _ = io.WriteString(w, "ok")
	})
	r := serve(t, p.URL, open, func(c *edge.Config) { c.Timeouts.Unready = seconds(3) })
	socket := r.webSocket(local(3))
	slow := make(chan string, 1)
	go func() {
		_, text, err := get(r.client(local(1)), "/slow")
		slow <- fmt.Sprint(text, err)
	}()
	<-begun
	r.stop()
	r.until("it is not ready", func() bool { return strings.Contains(r.plain("/readyz"), "stopping") })
	r.serves(r.client(local(2)))
	if r.plain("/livez") != "ok\n" {
		t.Error("it does not live while it stops")
	}
	r.until("it takes nobody in any more", func() bool {
		c, err := net.DialTimeout("tcp", r.edge.Config.Listen, time.Second)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(goOn)
	if got := <-slow; got != "ok<nil>" {
		t.Errorf("what had begun ended with %s", got)
	}
	err := <-r.ended
	r.ended <- err
	must(t, err)
	if _, err := socket.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the WebSocket is still open: %v", err)
	}
}

func TestTheAccessLogHoldsNoSecret(t *testing.T) {
	const secret = "hunter2"
	p := newPeer(t, nil)
	r := serve(t, p.URL)
	client := r.client(local(1))
	request, err := http.NewRequest(http.MethodPost, "https://peer.example.com/api/v1/query?token="+secret, strings.NewReader(secret))
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Cookie", "session="+secret)
	response, err := client.Do(request)
	must(t, err)
	response.Body.Close()
	c := r.secured(local(2))
	_, _ = io.WriteString(c, "GET https://user:"+secret+"@peer.example.com/?"+secret+" HTTP/1.1\r\nHost: peer.example.com\r\n\r\n")
	_, _ = io.ReadAll(c)
	if code, _, err := get(client, "/nothing%0a{\"forged\":1}?"+secret); err != nil || code != http.StatusBadRequest {
		t.Errorf("%d %v", code, err)
	}
	r.logged(`"client":"127.0.0.3"`, `"method":"POST"`, `"path":"/api/v1/query"`, `"route":"/api/v1/query"`, `"protocol":"HTTP/2.0"`, `"status":200`, `"reason":""`, `"ban":false`, `"bytes":2`, `"seconds":`)
	r.logged(`"path":""`, `"reason":"TargetForm"`)
	r.logged(`"path":"/nothing%0A%7B%22forged%22:1%7D"`, `"reason":"PathAmbiguous"`)
	if all := r.access.String() + r.log.String(); strings.Contains(all, secret) {
		t.Errorf("the logs hold a secret:\n%s", all)
	}
}
