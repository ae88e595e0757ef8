// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const somePeer = "12D3KooWEaKdP2boYMwrTm1kgTaYnKCkWS88sfELZP3naqrR8G5v"

func TestParseAccepts(t *testing.T) {
	cases := map[string]struct {
		yaml string
		want func(*Config)
	}{
		"an empty file gives the defaults":      {"", func(*Config) {}},
		"a file of comments gives the defaults": {"# nothing\n", func(*Config) {}},
		"an empty section leaves its defaults":  {"security:\n", func(*Config) {}},
		"a list replaces the default list":      {"network: {listen: [/ip6/::/tcp/1]}", func(c *Config) { c.Network.Listen = []string{"/ip6/::/tcp/1"} }},
		"a duration with a unit":                {"security: {ddos: {blacklist_duration: 90m}}", func(c *Config) { c.Security.DDoS.BlacklistDuration = 90 * time.Minute }},
		"signing with the type of the key":      {"identity: {key_type: secp256k1}\nsecurity: {messages: {signing: secp256k1}}", func(c *Config) { c.Identity.KeyType = "secp256k1"; c.Security.Messages.Signing = "secp256k1" }},
		"limits are not looked at when off":     {"security: {ddos: {enabled: false, rate_limit: 0}}", func(c *Config) { c.Security.DDoS.Enabled = false; c.Security.DDoS.RateLimit = 0 }},
		"a section given by alias": {"monitoring:\n  health: &l {listen: \"127.0.0.1:1\"}\n  metrics: *l\n", func(c *Config) {
			c.Monitoring.Health.Listen = "127.0.0.1:1"
			c.Monitoring.Metrics.Listen = "127.0.0.1:1"
		}},
		"a static peer that is dialled": {"peers: {allowed_peers: [" + somePeer + "], bootstrap: [/dns4/b/tcp/1/p2p/" + somePeer + "]}", func(c *Config) {
			c.Peers.AllowedPeers = []string{somePeer}
			c.Peers.Bootstrap = []string{"/dns4/b/tcp/1/p2p/" + somePeer}
		}},
		"a static sibling": {"peers: {siblings: [/dns4/b/tcp/1/p2p/" + somePeer + "]}", func(c *Config) {
			c.Peers.Siblings = []string{"/dns4/b/tcp/1/p2p/" + somePeer}
		}},
		"a static member of another fleet": {"peers: {fleets: {peers/edge: [/dns4/b/tcp/1/p2p/" + somePeer + "]}}", func(c *Config) {
			c.Peers.Fleets = map[string][]string{"peers/edge": {"/dns4/b/tcp/1/p2p/" + somePeer}}
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(c.yaml))
			if err != nil {
				t.Fatal(err)
			}
			want := Default()
			c.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cases := map[string]struct{ yaml, want string }{
		"what is no YAML":                        {"a: [", "not YAML"},
		"two documents":                          {"agent: {}\n---\nagent: {}\n", "more than one YAML document"},
		"a file that is a list":                  {"[a]", "the file: must be a section with fields"},
		"an unknown section":                     {"nope: 1", "nope: unknown field; remove it (line 1)"},
		"an unknown field, with its path":        {"network:\n  max_peer: 5", "network.max_peer: unknown field; remove it (line 2)"},
		"a field in another case":                {"Agent: {name: a}", "Agent: unknown field"},
		"a merge key":                            {"x: &x {}\nagent: {<<: *x}", "agent.<<: unknown field"},
		"a key twice":                            {"agent: {name: a, name: b}", "already defined"},
		"a section that is a value":              {"security: strict", "security: must be a section with fields"},
		"a number that is a word":                {"network: {max_peers: many}", "network.max_peers: wrong type, want a whole number"},
		"a list that is a value":                 {"peers: {bootstrap: x}", "peers.bootstrap: wrong type, want a list of strings"},
		"a duration without a meaning":           {"security: {ddos: {blacklist_duration: soon}}", "security.ddos.blacklist_duration: wrong type, want a duration such as 1h"},
		"a duration without a unit":              {"security: {ddos: {blacklist_duration: 3600}}", "security.ddos.blacklist_duration: wrong type, want a duration such as 1h"},
		"a ban that ends at once":                {"security: {ddos: {blacklist_duration: 1ms}}", "security.ddos.blacklist_duration: must be at least 1s"},
		"an unknown log level":                   {"agent: {log_level: loud}", `agent.log_level: "loud" is not one of debug, info, warn, error`},
		"an RSA key":                             {"identity: {key_type: rsa}", "identity.key_type"},
		"another key strength":                   {"identity: {key_strength: 512}", "identity.key_strength: only 256"},
		"a relative keys folder":                 {"identity: {storage: {location: keys}}", "identity.storage.location"},
		"a relative storage path":                {"storage: {path: data}", "storage.path"},
		"a relative peers file":                  {"peers: {file: peers.yaml}", "peers.file"},
		"no listener":                            {"network: {listen: []}", "network.listen: at least one"},
		"a listener that is no multiaddr":        {"network: {listen: [\"0.0.0.0:80\"]}", "network.listen[0]: \"0.0.0.0:80\" is not a multiaddr"},
		"a listener of another transport":        {"network: {listen: [/ip4/0.0.0.0/udp/1/webrtc-direct]}", "network.listen[0]"},
		"a listener by name":                     {"network: {listen: [/dns4/a/tcp/1]}", "network.listen[0]"},
		"an announced host and port":             {"network: {announce: [\"peer.example.com:8000\"]}", "network.announce[0]"},
		"a relative file of announced addresses": {"network: {announce_file: announce.yaml}", "network.announce_file"},
		"no peer at all":                         {"network: {max_peers: 0}", "network.max_peers: 0 is not between 1 and 10000"},
		"an unknown trust level":                 {"peers: {trust_level: blind}", "peers.trust_level"},
		"no authentication":                      {"peers: {require_authentication: false}", "peers.require_authentication: only true is possible"},
		"a peer ID that is none":                 {"peers: {allowed_peers: [" + somePeer + ", bob]}", `peers.allowed_peers[1]: "bob" is not a peer ID`},
		"a bootstrap address without peer ID":    {"peers: {bootstrap: [/dns4/b/tcp/8000]}", "peers.bootstrap[0]"},
		"a bootstrap peer ID without address":    {"peers: {bootstrap: [/p2p/" + somePeer + "]}", "peers.bootstrap[0]"},
		"a sibling without peer ID":              {"peers: {siblings: [/dns4/b/tcp/8000]}", "peers.siblings[0]"},
		"a member without peer ID":               {"peers: {fleets: {peers/edge: [/dns4/b/tcp/8000]}}", "peers.fleets[peers/edge][0]"},
		"members in no fleet":                    {"peers: {fleets: [x]}", "peers.fleets: wrong type, want lists of strings by name"},
		"an older TLS":                           {"security: {communication: {encryption: tls1.2}}", "security.communication.encryption"},
		"lax certificate checks":                 {"security: {communication: {certificate_verification: none}}", "security.communication.certificate_verification"},
		"signing with another key type":          {"security: {messages: {signing: secp256k1}}", "security.messages.signing: must repeat identity.key_type (ed25519)"},
		"heartbeats that are never too old":      {"security: {messages: {max_age: 0}}", "security.messages.max_age"},
		"no transport encryption":                {"security: {data: {transport_encryption: false}}", "security.data.transport_encryption"},
		"no forward secrecy":                     {"security: {data: {perfect_forward_secrecy: false}}", "security.data.perfect_forward_secrecy"},
		"a rate below what heartbeats need":      {"security: {ddos: {rate_limit: 10}}", "security.ddos.rate_limit: 10 is not between 60"},
		"a burst below what a connection needs":  {"security: {ddos: {burst_limit: 1}}", "security.ddos.burst_limit"},
		"a health address without port":          {"monitoring: {health: {listen: localhost}}", "monitoring.health.listen"},
		"a metrics address without port":         {"monitoring: {metrics: {listen: localhost}}", "monitoring.metrics.listen"},
		"a security metric that is none":         {"monitoring: {metrics: {security: [bad_vibes]}}", "monitoring.metrics.security[0]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.yaml))
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to contain %q", err, c.want)
			}
		})
	}
}

func TestParseReportsEverythingAtOnce(t *testing.T) {
	_, err := Parse([]byte("tasks: {}\nnetwork: {nope: 1}\nsecurity: {rbac: {enabled: true}}\n"))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"tasks:", "network.nope:", "security.rbac:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %q", want, err)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.yaml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: got %v", err)
	}
	if err := os.WriteFile(path, []byte("nope: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a wrong file: got %v", err)
	}
}
