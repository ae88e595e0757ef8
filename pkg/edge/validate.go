// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// problems gathers what is wrong with a document, each with its field.
type problems []error

func (p *problems) checkf(ok bool, field, format string, args ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
}

func (p *problems) between(field string, value, low, high int64) {
	p.checkf(low <= value && value <= high, field, "is %d, must be from %d to %d", value, low, high)
}

func (p *problems) lasts(field string, d metav1.Duration, low, high time.Duration) {
	p.checkf(low <= d.Duration && d.Duration <= high, field, "is %s, must be from %s to %s", d.Duration, low, high)
}

// Validate names every field that is wrong.
func (c *Config) Validate() error {
	var p problems
	p.address("listen", c.Listen)
	p.address("metrics", c.Metrics)
	p.address("peer", c.Peer)
	p.checkf(c.Listen != c.Metrics, "metrics", "is the address of listen; the metrics need one of their own, which is not exposed")
	p.checkf(c.Listen != c.Peer && c.Metrics != c.Peer, "peer", "is an address of the edge itself")
	p.routes(c)
	for i, host := range c.Hosts {
		p.checkf(validHost(host) && !strings.Contains(host, ":") && host == strings.ToLower(host), fmt.Sprintf("hosts[%d]", i), "%q is no host name in lower case without a port", host)
	}
	p.tls(c.TLS)
	if c.JWT != nil {
		p.jwt(*c.JWT)
	}
	for i, proxy := range c.TrustedProxies {
		field := fmt.Sprintf("trustedProxies[%d]", i)
		p.checkf(proxy.IsValid() && proxy == proxy.Masked() && !proxy.Addr().Is4In6(), field, "%s is no network such as 10.0.0.0/8", proxy)
		p.checkf(proxy.Bits() > 0, field, "%s trusts everybody, who could then choose their address", proxy)
	}
	p.clients(c.Clients)
	p.limits(c.Limits)
	p.timeouts(c.Timeouts)
	return errors.Join(p...)
}

func (p *problems) address(field, address string) {
	parsed, err := netip.ParseAddrPort(address)
	p.checkf(err == nil && parsed.Port() != 0, field, "%q is no IP address with a port, such as 127.0.0.1:8080", address)
}

func (p *problems) tls(t TLS) {
	p.checkf(t.Certificate != "", "tls.certificate", "is empty; name the file of the certificate")
	p.checkf(t.Key != "", "tls.key", "is empty; name the file of the certificate's private key")
	p.checkf(t.MinVersion == "1.2" || t.MinVersion == "1.3", "tls.minVersion", "is %q, must be 1.2 or 1.3 (in quotes)", t.MinVersion)
	if t.Clients != nil {
		p.checkf(t.Clients.CA != "", "tls.clients.ca", "is empty; name the file of the certificates that sign those of clients")
	}
}

// algorithms are those of which the key cannot be had by who verifies: none of them is symmetric.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func (p *problems) jwt(j JWT) {
	p.checkf(j.Issuer != "", "jwt.issuer", "is empty; say what tokens name as iss")
	p.checkf(len(j.Audiences) > 0 && !slices.Contains(j.Audiences, ""), "jwt.audiences", "needs at least one, none of them empty: a token for somebody else must not be good here")
	keys, err := url.Parse(j.Keys)
	p.checkf(err == nil && keys.Scheme == "https" && keys.Host != "" && keys.User == nil, "jwt.keys", "is no URL that begins with https://, of the issuer's JSON Web Key Set")
	p.checkf(len(j.Algorithms) > 0, "jwt.algorithms", "needs at least one")
	for i, a := range j.Algorithms {
		p.checkf(slices.Contains(algorithms, a), fmt.Sprintf("jwt.algorithms[%d]", i), "%q is none of %s", a, strings.Join(algorithms, ", "))
	}
	p.lasts("jwt.leeway", j.Leeway, 0, 5*time.Minute)
	p.lasts("jwt.refresh", j.Refresh, 10*time.Second, 24*time.Hour)
	p.lasts("jwt.maxAge", j.MaxAge, j.Refresh.Duration, 30*24*time.Hour)
}

func (p *problems) clients(c Clients) {
	p.between("clients.requestsPerMinute", int64(c.RequestsPerMinute), 1, 10_000_000)
	p.between("clients.burst", int64(c.Burst), 1, 1_000_000)
	p.between("clients.remembered", int64(c.Remembered), 16, 1<<20)
	p.between("clients.ban.offences", int64(c.Ban.Offences), 1, 1_000_000)
	p.lasts("clients.ban.window", c.Ban.Window, time.Second, 24*time.Hour)
	p.lasts("clients.ban.duration", c.Ban.Duration, time.Second, 30*24*time.Hour)
}

func (p *problems) limits(l Limits) {
	p.between("limits.connections", int64(l.Connections), 1, 100_000)
	p.between("limits.connectionsPerClient", int64(l.ConnectionsPerClient), 1, int64(l.Connections))
	p.between("limits.requests", int64(l.Requests), 1, 10_000)
	p.between("limits.requestsPerClient", int64(l.RequestsPerClient), 1, int64(l.Requests))
	p.between("limits.targetBytes", int64(l.TargetBytes), 64, int64(l.HeaderBytes))
	p.between("limits.headerBytes", int64(l.HeaderBytes), 4<<10, 1<<20)
	p.between("limits.bodyBytes", l.BodyBytes, 0, 1<<30)
}

func (p *problems) timeouts(t Timeouts) {
	for _, f := range []struct {
		name string
		d    metav1.Duration
	}{
		{"header", t.Header}, {"request", t.Request}, {"response", t.Response}, {"idle", t.Idle}, {"webSocket", t.WebSocket}, {"connect", t.Connect}, {"peer", t.Peer},
	} {
		p.lasts("timeouts."+f.name, f.d, 100*time.Millisecond, 24*time.Hour)
	}
	p.lasts("timeouts.unready", t.Unready, 0, 10*time.Minute)
	p.lasts("timeouts.drain", t.Drain, 0, 10*time.Minute)
	p.checkf(t.Header.Duration <= t.Request.Duration, "timeouts.request", "is %s, less than timeouts.header, which is a part of it", t.Request.Duration)
}

// validHost says whether a Host is a name or an address, with or without a port, and nothing else.
func validHost(host string) bool {
	if host == "" || len(host) > 260 {
		return false
	}
	if host[0] == '[' {
		if _, err := netip.ParseAddrPort(host); err == nil {
			return true
		}
		address, closed := strings.CutSuffix(host[1:], "]")
		_, err := netip.ParseAddr(address)
		return closed && err == nil
	}
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	}) < 0
}
