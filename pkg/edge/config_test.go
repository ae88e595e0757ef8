// SPDX-License-Identifier: Apache-2.0

package edge_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/pkg/edge"
)

const document = `
software: Convex
tls: {certificate: /tls/tls.crt, key: /tls/tls.key}
`

func TestADocumentSaysOnlyWhatIsNotTheDefault(t *testing.T) {
	want := edge.Default()
	want.Software, want.TLS.Certificate, want.TLS.Key = edge.Convex, "/tls/tls.crt", "/tls/tls.key"
	for _, text := range []string{document, `{"software": "Convex", "tls": {"certificate": "/tls/tls.crt", "key": "/tls/tls.key"}}`} {
		got, err := edge.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestTheDefaultsAreThoseOfTheGuide(t *testing.T) {
	if c := edge.Default().Clients; c.RequestsPerMinute != 1000 || c.Burst != 100 || c.Ban.Duration.Duration != time.Hour {
		t.Errorf("%+v", c)
	}
}

func TestAPartOfASectionLeavesTheRestAsItIs(t *testing.T) {
	got, err := edge.Parse([]byte(document + `
clients: {ban: {duration: 5m}}
jwt: {issuer: "https://id.example.com", audiences: [peer], keys: "https://id.example.com/keys", leeway: 0s}
trustedProxies: [10.0.0.0/8, "fd00::/8"]
`))
	if err != nil {
		t.Fatal(err)
	}
	clients := edge.Default().Clients
	clients.Ban.Duration = metav1.Duration{Duration: 5 * time.Minute}
	jwt := edge.JWT{
		Issuer: "https://id.example.com", Audiences: []string{"peer"}, Keys: "https://id.example.com/keys", Algorithms: []string{"RS256", "ES256", "EdDSA"},
		Refresh: metav1.Duration{Duration: 15 * time.Minute}, MaxAge: metav1.Duration{Duration: 24 * time.Hour},
	}
	if diff := cmp.Diff(clients, got.Clients) + cmp.Diff(&jwt, got.JWT); diff != "" {
		t.Error(diff)
	}
	if len(got.TrustedProxies) != 2 || got.TrustedProxies[1] != netip.MustParsePrefix("fd00::/8") {
		t.Errorf("trusted proxies %v", got.TrustedProxies)
	}
}

func TestAWrongDocumentIsRefusedByItsField(t *testing.T) {
	for more, want := range map[string]string{
		"limit: {}":                                              `unknown field "limit"`,
		"Limits: {}":                                             `unknown field "Limits"`,
		"limits: {bodybytes: 5}":                                 `unknown field "limits.bodybytes"`,
		"listen: 1\nlisten: 2":                                   "listen",
		"listen: peer:8443":                                      "listen: ",
		"listen: 0.0.0.0:0":                                      "listen: ",
		"metrics: 0.0.0.0:8443":                                  "metrics: is the address of listen",
		"peer: 0.0.0.0:8443":                                     "peer: is an address of the edge itself",
		"routes: [{path: /a}]":                                   "routes[0].methods: is empty",
		"routes: [{path: a, methods: [GET]}]":                    "routes[0].path: ",
		"routes: [{path: /a/../b, methods: [GET]}]":              "routes[0].path: ",
		"routes: [{path: '/a/{}', methods: [GET]}]":              "routes[0].path: ",
		"routes: [{path: '/a{b}', methods: [GET]}]":              "routes[0].path: ",
		"routes: [{path: '/{b', methods: [GET]}]":                "routes[0].path: ",
		"routes: [{path: '/{b...}/c', methods: [GET]}]":          "routes[0].path: ",
		"routes: [{path: '/a*', methods: [GET]}]":                "routes[0].path: ",
		"routes: [{path: /mcp, methods: [POST]}]":                `routes[0].path: "/mcp" stays closed`,
		"routes: [{path: '/api/v1/Peer/{x}', methods: [POST]}]":  "stays closed",
		"routes: [{path: /a, methods: [CONNECT]}]":               `routes[0].methods: "CONNECT"`,
		"routes: [{path: /a, methods: [POST], webSocket: true}]": "routes[0].methods: a WebSocket begins with GET",
		"hosts: [Peer.example.com]":                              "hosts[0]: ",
		"hosts: ['peer.example.com:443']":                        "hosts[0]: ",
		"trustedProxies: [10.0.0.1/8]":                           "trustedProxies[0]: ",
		"trustedProxies: [0.0.0.0/0]":                            "trustedProxies[0]: 0.0.0.0/0 trusts everybody",
		"trustedProxies: [proxy]":                                "proxy",
		"clients: {burst: 0}":                                    "clients.burst: is 0",
		"clients: {requestsPerMinute: -1}":                       "clients.requestsPerMinute: ",
		"clients: {remembered: 1}":                               "clients.remembered: ",
		"clients: {ban: {offences: 0}}":                          "clients.ban.offences: ",
		"clients: {ban: {window: 0s}}":                           "clients.ban.window: ",
		"clients: {ban: {duration: 1}}":                          "not the document of an edge",
		"limits: {connections: 10}":                              "limits.connectionsPerClient: is 64, must be from 1 to 10",
		"limits: {requests: 10}":                                 "limits.requestsPerClient: ",
		"limits: {headerBytes: 10}":                              "limits.headerBytes: ",
		"limits: {targetBytes: 100000}":                          "limits.targetBytes: ",
		"limits: {bodyBytes: -1}":                                "limits.bodyBytes: ",
		"timeouts: {header: 0s}":                                 "timeouts.header: ",
		"timeouts: {request: 1s}":                                "timeouts.request: is 1s, less than timeouts.header",
		"timeouts: {drain: 1h}":                                  "timeouts.drain: ",
		"jwt: {}":                                                "jwt.issuer: is empty",
		"jwt: {audiences: ['']}":                                 "jwt.audiences: ",
		"jwt: {keys: 'http://id/keys'}":                          "jwt.keys: ",
		"jwt: {algorithms: [HS256]}":                             `jwt.algorithms[0]: "HS256"`,
		"jwt: {algorithms: [none]}":                              `jwt.algorithms[0]: "none"`,
		"jwt: {maxAge: 1s}":                                      "jwt.maxAge: ",
		"a: b: c":                                                "neither YAML nor JSON",
	} {
		if _, err := edge.Parse([]byte(document + more)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", more, err, want)
		}
	}
	for text, want := range map[string]string{
		"software: Bitcoin":                  `software: is "Bitcoin"`,
		"software: Custom":                   "routes: is empty",
		"tls: {key: a}":                      "tls.certificate: is empty",
		"tls: {minVersion: '1.1'}":           `tls.minVersion: is "1.1"`,
		"tls: {certificate: a, clients: {}}": "tls.clients.ca: is empty",
	} {
		if _, err := edge.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestEveryReasonHasAStatusAndOnlyTheClientsDoingIsAnOffence(t *testing.T) {
	for _, r := range edge.Reasons() {
		if s := r.Status(); s < 400 || s > 599 || r.Offence() != (s < 499 && r != edge.Banned) {
			t.Errorf("%s: status %d, offence %t", r, s, r.Offence())
		}
	}
	if edge.Reason("").Offence() {
		t.Error("what passes is an offence")
	}
}
