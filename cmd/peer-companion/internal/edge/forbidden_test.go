// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/edge"
)

// open lets everything through that is not closed for good: what is refused below is refused by nothing else.
func open(c *edge.Config) {
	c.Routes = []edge.Route{
		{Path: "/chat", Methods: []string{"GET"}, WebSocket: true},
		{Path: "/{all...}", Methods: []string{"GET", "POST", "OPTIONS"}},
	}
}

// request writes one of HTTP/1.1. Lines are given as they go over the wire.
func request(line string, headers ...string) string {
	return line + " HTTP/1.1\r\n" + strings.Join(append([]string{"Host: peer.example.com"}, headers...), "\r\n") + "\r\n\r\n"
}

// forbidden is what must never reach a peer, byte by byte.
var forbidden = map[string]string{
	"shutdown":                              request("POST /api/v1/peer/shutdown", "Content-Length: 0"),
	"shutdown in other case":                request("POST /api/v1/PEER/Shutdown", "Content-Length: 0"),
	"shutdown by GET":                       request("GET /api/v1/peer/shutdown"),
	"shutdown with a slash":                 request("POST /api/v1/peer/shutdown/", "Content-Length: 0"),
	"shutdown with a query":                 request("POST /api/v1/peer/shutdown?a=b", "Content-Length: 0"),
	"shutdown by an absolute target":        request("POST http://peer.example.com/api/v1/peer/shutdown", "Content-Length: 0"),
	"shutdown by the peer's own address":    request("POST http://127.0.0.1:8080/api/v1/peer/shutdown", "Content-Length: 0"),
	"an absolute target that would be open": request("GET https://peer.example.com/api/v1/status"),
	"an absolute target with a password":    request("GET https://u:secret@peer.example.com/api/v1/status"),
	"the peer":                              request("GET /api/v1/peer"),
	"transact":                              request("POST /api/v1/transact", "Content-Length: 2") + "{}",
	"transact below":                        request("POST /api/v1/transact/x", "Content-Length: 2") + "{}",
	"message":                               request("POST /api/v1/message", "Content-Length: 2") + "{}",
	"faucet":                                request("POST /api/v1/faucet", "Content-Length: 2") + "{}",
	"createAccount":                         request("POST /api/v1/createAccount", "Content-Length: 2") + "{}",
	"mcp":                                   request("POST /mcp", "Content-Length: 2") + "{}",
	"mcp below":                             request("GET /mcp/tools"),
	"CONNECT":                               "CONNECT 127.0.0.1:8080 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
	"CONNECT with a path":                   request("CONNECT /api/v1/peer/shutdown"),
	"TRACE":                                 request("TRACE /api/v1/status"),
	"OPTIONS of all":                        request("OPTIONS *"),
	"DEBUG":                                 request("DEBUG /api/v1/status"),
	"PRI in the wrong place":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"a lower method":                        request("post /api/v1/query", "Content-Length: 2") + "{}",
	"two slashes first":                     request("POST //api/v1/peer/shutdown", "Content-Length: 0"),
	"two slashes within":                    request("POST /api//v1/peer/shutdown", "Content-Length: 0"),
	"three slashes":                         request("GET /api/v1///status"),
	"a dot segment":                         request("GET /api/./v1/status"),
	"a way up":                              request("POST /api/v1/status/../peer/shutdown", "Content-Length: 0"),
	"a way up to the root":                  request("GET /../api/v1/status"),
	"an encoded slash":                      request("POST /api/v1%2fpeer%2Fshutdown", "Content-Length: 0"),
	"an encoded letter":                     request("POST /api/v1/p%65er/shutdown", "Content-Length: 0"),
	"encoded dots":                          request("POST /api/v1/status/%2e%2e/peer/shutdown", "Content-Length: 0"),
	"dots encoded twice":                    request("POST /api/v1/status/%252e%252e/peer/shutdown", "Content-Length: 0"),
	"an overlong slash":                     request("POST /api/v1/status/..%c0%afpeer/shutdown", "Content-Length: 0"),
	"an encoded line end":                   request("GET /api/v1/status%0d%0aX-A:b"),
	"an encoded NUL":                        request("POST /api/v1/peer%00/shutdown", "Content-Length: 0"),
	"a NUL":                                 request("POST /api/v1/peer\x00/shutdown", "Content-Length: 0"),
	"a backslash":                           request(`POST /api/v1\peer\shutdown`, "Content-Length: 0"),
	"an encoded backslash":                  request("POST /api/v1%5cpeer%5cshutdown", "Content-Length: 0"),
	"a semicolon":                           request("POST /api/v1/status;/../peer/shutdown", "Content-Length: 0"),
	"a semicolon with dots":                 request("POST /api/v1/status/..;/peer/shutdown", "Content-Length: 0"),
	"a fragment":                            request("GET /api/v1/status#x"),
	"bytes beyond ASCII":                    request("GET /api/v1/st\xc3\xa4tus"),
	"a space in the target":                 request("GET /api/v1/status /x"),
	"a tab in the target":                   request("GET /api/v1/status\t"),
	"a query with a method":                 request("GET /api/v1/status?_method=POST"),
	"a query with a semicolon":              request("GET /api/v1/status?a;b"),
	"X-HTTP-Method-Override":                request("GET /api/v1/status", "X-HTTP-Method-Override: POST"),
	"x_http_method_override":                request("GET /api/v1/status", "x_http_method_override: POST"),
	"X-Method-Override":                     request("GET /api/v1/status", "X-Method-Override: DELETE"),
	"X-HTTP-Method":                         request("GET /api/v1/status", "X-HTTP-Method: PUT"),
	"X-Original-URL":                        request("GET /api/v1/status", "X-Original-URL: /api/v1/peer/shutdown"),
	"X-Rewrite-URL":                         request("GET /api/v1/status", "X-Rewrite-URL: /api/v1/peer/shutdown"),
	"two hosts":                             request("GET /api/v1/status", "Host: other.example.com"),
	"no host":                               "GET /api/v1/status HTTP/1.1\r\n\r\n",
	"a host with a path":                    "GET /api/v1/status HTTP/1.1\r\nHost: peer.example.com/../\r\n\r\n",
	"a host with a user":                    "GET /api/v1/status HTTP/1.1\r\nHost: a@peer.example.com\r\n\r\n",
	"HTTP/2 in plain":                       request("GET /api/v1/status", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
	"an upgrade to what nobody knows":       request("GET /api/v1/status", "Connection: Upgrade", "Upgrade: tcp"),
	"a WebSocket where there is none":       request("GET /api/v1/status", "Connection: Upgrade", "Upgrade: websocket"),
	"a WebSocket and HTTP/2":                request("GET /chat", "Connection: Upgrade", "Upgrade: websocket, h2c"),
	"a header dropped by Connection":        request("GET /api/v1/status", "Connection: close, X-Forwarded-For"),
	"two lengths":                           request("POST /api/v1/query", "Content-Length: 2", "Content-Length: 3") + "{}x",
	"a length and chunks, smuggling":        request("POST /api/v1/query", "Content-Length: 4", "Transfer-Encoding: xchunked") + "0\r\n\r\n" + request("POST /api/v1/peer/shutdown"),
	"chunks encoded twice":                  request("POST /api/v1/query", "Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n",
	"chunks behind a space":                 request("POST /api/v1/query", "Transfer-Encoding : chunked") + "0\r\n\r\n",
	"chunks behind a tab":                   request("POST /api/v1/query", "Transfer-Encoding:\x0bchunked") + "0\r\n\r\n",
	"a negative length":                     request("POST /api/v1/query", "Content-Length: -1"),
	"a length with a sign":                  request("POST /api/v1/query", "Content-Length: +2") + "{}",
	"a body of GET, smuggling":              request("GET /api/v1/status", "Content-Length: 48") + request("POST /api/v1/peer/shutdown"),
	"a folded header":                       "GET /api/v1/status HTTP/1.1\r\n folded: x\r\nHost: peer.example.com\r\n\r\n",
	"a header without a colon":              request("GET /api/v1/status", "nonsense"),
	"a header with a NUL":                   request("GET /api/v1/status", "X-A: a\x00b"),
	"no version":                            "GET /api/v1/status\r\n\r\n",
	"a version that nobody knows":           "GET /api/v1/status HTTP/1.7.3\r\nHost: peer.example.com\r\n\r\n",
	"two tokens":                            request("GET /api/v1/status", "Authorization: Bearer a", "Authorization: Bearer b"),
	"no HTTP at all":                        "\x16\x03\x01\x00\x00\r\n\r\n",
	"a body that is too long":               request("POST /api/v1/query", "Content-Length: 9999999"),
	"a target that is too long":             request("GET /" + strings.Repeat("a", 6000)),
	"headers that are too long":             request("GET /api/v1/status", "X-A: "+strings.Repeat("a", 40<<10)),
}

func TestNothingForbiddenReachesThePeer(t *testing.T) {
	if len(forbidden) < 60 {
		t.Fatalf("%d cases", len(forbidden))
	}
	p := newPeer(t, nil)
	r := serve(t, p.URL, open)
	n := 0
	for name, text := range forbidden {
		n++
		c := r.secured(local(n))
		if _, err := io.WriteString(c, text); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// An answer, and an end; or nothing but the end. Whatever else came along must get no second answer.
		must(t, c.CloseWrite())
		for _, status := range answers(c) {
			if status < 400 {
				t.Errorf("%s is answered with %d", name, status)
			}
		}
		for _, seen := range p.requests() {
			t.Fatalf("%s reached the peer as %s %s", name, seen.Method, seen.RequestURI)
		}
	}
	r.serves(r.client(local(0)))
}

// answers are the statuses of all that comes until the connection ends.
func answers(c io.Reader) (statuses []int) {
	reader := bufio.NewReader(c)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
}

// fields is a request of HTTP/2, in the order of the wire.
type fields [][2]string

// ordinary is one that nothing is wrong with, but for what is changed.
func ordinary(change fields) fields {
	f := fields{{":method", "GET"}, {":scheme", "https"}, {":authority", "peer.example.com"}, {":path", "/api/v1/status"}}
	for _, c := range change {
		replaced := false
		for i := range f {
			if f[i][0] == c[0] {
				f[i], replaced = c, true
			}
		}
		if !replaced {
			f = append(f, c)
		}
	}
	return f
}

var forbiddenInHTTP2 = map[string]fields{
	"shutdown":                          ordinary(fields{{":method", "POST"}, {":path", "/api/v1/peer/shutdown"}}),
	"a way up":                          ordinary(fields{{":path", "/api/v1/status/../peer/shutdown"}}),
	"encoded":                           ordinary(fields{{":path", "/api/v1/%70eer/shutdown"}}),
	"two slashes":                       ordinary(fields{{":path", "//api/v1/peer/shutdown"}}),
	"an absolute path":                  ordinary(fields{{":path", "http://127.0.0.1:8080/api/v1/peer/shutdown"}}),
	"a path without a slash":            ordinary(fields{{":path", "api/v1/peer/shutdown"}}),
	"a star":                            ordinary(fields{{":path", "*"}, {":method", "OPTIONS"}}),
	"an empty path":                     ordinary(fields{{":path", ""}}),
	"a path with a line end":            ordinary(fields{{":path", "/api/v1/status HTTP/1.1\r\nx: y"}}),
	"a path with a space":               ordinary(fields{{":path", "/api/v1/status HTTP/1.1"}}),
	"a method with a line end":          ordinary(fields{{":method", "POST /api/v1/peer/shutdown HTTP/1.1\r\nA: b\r\n\r\nGET"}}),
	"a method with a space":             ordinary(fields{{":method", "GET /api/v1/peer/shutdown"}}),
	"CONNECT":                           {{":method", "CONNECT"}, {":authority", "127.0.0.1:8080"}},
	"CONNECT to a WebSocket":            ordinary(fields{{":method", "CONNECT"}, {":protocol", "websocket"}, {":path", "/chat"}}),
	"a host that contradicts":           ordinary(fields{{"host", "other.example.com"}}),
	"an authority with a user":          ordinary(fields{{":authority", "a@peer.example.com"}}),
	"an authority with a path":          ordinary(fields{{":authority", "peer.example.com/api/v1/peer"}}),
	"no authority":                      {{":method", "GET"}, {":scheme", "https"}, {":path", "/api/v1/status"}},
	"two paths":                         append(ordinary(nil), [2]string{":path", "/api/v1/peer/shutdown"}),
	"two methods":                       append(ordinary(nil), [2]string{":method", "POST"}),
	"a pseudo header after others":      append(fields{{"x-a", "b"}}, ordinary(nil)...),
	"a pseudo header that nobody knows": append(ordinary(nil), [2]string{":target", "/api/v1/peer"}),
	"a response's pseudo header":        append(ordinary(nil), [2]string{":status", "200"}),
	"a header in capitals":              append(ordinary(nil), [2]string{"X-Http-Method-Override", "POST"}),
	"a header with a line end":          append(ordinary(nil), [2]string{"x-a", "b\r\nX-Original-URL: /api/v1/peer"}),
	"a header's name with a colon":      append(ordinary(nil), [2]string{"x-a: b\r\nx", "c"}),
	"another method":                    append(ordinary(nil), [2]string{"x-http-method-override", "POST"}),
	"another target":                    append(ordinary(nil), [2]string{"x-original-url", "/api/v1/peer/shutdown"}),
	"chunks":                            append(ordinary(nil), [2]string{"transfer-encoding", "chunked"}),
	"a connection":                      append(ordinary(nil), [2]string{"connection", "x-forwarded-for"}),
	"an upgrade":                        append(ordinary(nil), [2]string{"upgrade", "h2c"}),
	"a length without a body":           append(ordinary(nil), [2]string{"content-length", "50"}),
	"no method":                         {{":scheme", "https"}, {":authority", "peer.example.com"}, {":path", "/api/v1/status"}},
	"a scheme with a target":            ordinary(fields{{":scheme", "https://peer.example.com/api/v1/peer/shutdown?"}, {":path", "/%2e%2e"}}),
}

func TestNothingForbiddenReachesThePeerByHTTP2(t *testing.T) {
	p := newPeer(t, nil)
	r := serve(t, p.URL, open)
	n := 0
	for name, f := range forbiddenInHTTP2 {
		n++
		if status := r.speak(local(n), f); status != "" && status < "400" {
			t.Errorf("%s is answered with %s", name, status)
		}
		for _, seen := range p.requests() {
			t.Fatalf("%s reached the peer as %s %s", name, seen.Method, seen.RequestURI)
		}
	}
	if status := r.speak(local(0), ordinary(nil)); status != "200" {
		t.Errorf("an ordinary request is answered with %q", status)
	}
}
