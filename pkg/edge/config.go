// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Config is the document of an edge. What it leaves out is as Default says.
type Config struct {
	// Listen is where the API is served under TLS.
	Listen string `json:"listen"`
	// Metrics is where /metrics, /livez and /readyz are served, in plain.
	Metrics string `json:"metrics"`
	// Peer is the peer's plain port.
	Peer string `json:"peer"`

	// Software chooses the routes, and those that no document opens.
	Software Software `json:"software"`
	// Routes are open besides those of the software.
	Routes []Route `json:"routes"`
	// Hosts are the names under which the API is asked for. Empty: any.
	Hosts []string `json:"hosts"`

	TLS            TLS            `json:"tls"`
	JWT            *JWT           `json:"jwt"`
	TrustedProxies []netip.Prefix `json:"trustedProxies"`

	Clients  Clients  `json:"clients"`
	Limits   Limits   `json:"limits"`
	Timeouts Timeouts `json:"timeouts"`
}

// TLS is how the API is served.
type TLS struct {
	// Certificate and Key are files in PEM. They are read again when they change.
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	// MinVersion is 1.2 or 1.3.
	MinVersion string `json:"minVersion"`
	// Clients asks clients for certificates.
	Clients *ClientCertificates `json:"clients"`
}

// ClientCertificates says whose certificates are accepted.
type ClientCertificates struct {
	// CA is a file with certificates in PEM, by one of which a client's must be signed.
	CA string `json:"ca"`
	// Optional lets in clients without a certificate. A wrong one is refused all the same.
	Optional bool `json:"optional"`
}

// JWT says which bearer tokens are accepted. Where it is given, no request passes without one.
type JWT struct {
	// Issuer is what a token must name as its iss.
	Issuer string `json:"issuer"`
	// Audiences are what a token must name one of in its aud.
	Audiences []string `json:"audiences"`
	// Keys is the URL of the issuer's keys, a JSON Web Key Set.
	Keys string `json:"keys"`
	// CA is a file with the certificates by which the server of the keys is known, where it is none that all know.
	CA string `json:"ca"`
	// Algorithms are those with which a token may be signed.
	Algorithms []string `json:"algorithms"`
	// Leeway is by how much clocks may differ.
	Leeway metav1.Duration `json:"leeway"`
	// Refresh is how often the keys are fetched, MaxAge how long they are good for if that fails.
	Refresh metav1.Duration `json:"refresh"`
	MaxAge  metav1.Duration `json:"maxAge"`
}

// Clients limits what one client may ask. A client is an IPv4 address, or a /64 of IPv6.
type Clients struct {
	// RequestsPerMinute and Burst are the rate, and what may come at once.
	RequestsPerMinute int `json:"requestsPerMinute"`
	Burst             int `json:"burst"`
	// Remembered is how many clients, and how many bans, are kept in memory.
	Remembered int `json:"remembered"`
	Ban        Ban `json:"ban"`
}

// Ban says when a client is refused whatever it asks, and for how long.
type Ban struct {
	// Offences within Window lead to it: every request that is refused by the client's own doing is one, and every
	// connection without a request.
	Offences int             `json:"offences"`
	Window   metav1.Duration `json:"window"`
	Duration metav1.Duration `json:"duration"`
}

// Limits bound what all clients together take.
type Limits struct {
	Connections          int `json:"connections"`
	ConnectionsPerClient int `json:"connectionsPerClient"`
	// Requests are those under way at a time.
	Requests          int   `json:"requests"`
	RequestsPerClient int   `json:"requestsPerClient"`
	TargetBytes       int   `json:"targetBytes"`
	HeaderBytes       int   `json:"headerBytes"`
	BodyBytes         int64 `json:"bodyBytes"`
}

// Timeouts end what is slow.
type Timeouts struct {
	// Header is for the TLS handshake, and again for the headers of a request.
	Header metav1.Duration `json:"header"`
	// Request is for a whole request, its body included.
	Request metav1.Duration `json:"request"`
	// Response is from the end of the headers of a request to the end of the answer.
	Response metav1.Duration `json:"response"`
	// Idle is for a connection without a request.
	Idle metav1.Duration `json:"idle"`
	// WebSocket is for a WebSocket on which neither side says anything.
	WebSocket metav1.Duration `json:"webSocket"`
	// Connect and Peer are for the connection to the peer, and until it begins to answer.
	Connect metav1.Duration `json:"connect"`
	Peer    metav1.Duration `json:"peer"`
	// Unready is how long the edge goes on serving as not ready before it stops, Drain how long requests then may take.
	Unready metav1.Duration `json:"unready"`
	Drain   metav1.Duration `json:"drain"`
}

// Default is what a document leaves out. The rate and the ban are those of the guide that operators are given.
func Default() Config {
	return Config{
		Listen:  "0.0.0.0:8443",
		Metrics: "0.0.0.0:9095",
		Peer:    "127.0.0.1:8080",
		TLS:     TLS{MinVersion: "1.2"},
		Clients: Clients{
			RequestsPerMinute: 1000, Burst: 100, Remembered: 16384,
			Ban: Ban{Offences: 100, Window: duration(time.Minute), Duration: duration(time.Hour)},
		},
		Limits: Limits{
			Connections: 1024, ConnectionsPerClient: 64, Requests: 256, RequestsPerClient: 32,
			TargetBytes: 4 << 10, HeaderBytes: 16 << 10, BodyBytes: 1 << 20,
		},
		Timeouts: Timeouts{
			Header: duration(5 * time.Second), Request: duration(20 * time.Second), Response: duration(time.Minute),
			Idle: duration(time.Minute), WebSocket: duration(5 * time.Minute),
			Connect: duration(3 * time.Second), Peer: duration(30 * time.Second),
			Unready: duration(5 * time.Second), Drain: duration(20 * time.Second),
		},
	}
}

// DefaultJWT is what the document leaves out once it asks for tokens.
func DefaultJWT() *JWT {
	return &JWT{
		Algorithms: []string{"RS256", "ES256", "EdDSA"},
		Leeway:     duration(30 * time.Second),
		Refresh:    duration(15 * time.Minute),
		MaxAge:     duration(24 * time.Hour),
	}
}

func duration(d time.Duration) metav1.Duration { return metav1.Duration{Duration: d} }
