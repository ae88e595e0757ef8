// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/peernode/operator/pkg/edge"
)

// issuer publishes keys and signs tokens.
type issuer struct {
	*httptest.Server

	fetches atomic.Int64
	mu      sync.Mutex
	keys    jose.JSONWebKeySet
	down    bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(i.keys)
	}))
	t.Cleanup(i.Close)
	return i
}

// set changes what is published.
func (i *issuer) set(down bool, keys ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down, i.keys.Keys = down, keys
}

func public(key *ecdsa.PrivateKey, id string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"}
}

// asks sets the edge to ask for the issuer's tokens.
func (i *issuer) asks(t *testing.T) func(*edge.Config) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw}), 0o600))
	return func(c *edge.Config) {
		c.JWT = &edge.JWT{
			Issuer: "https://id.example.com", Audiences: []string{"peer", "other-peer"}, Keys: i.URL, CA: ca,
			Algorithms: []string{"ES256"}, Refresh: seconds(3600), MaxAge: seconds(7200),
		}
	}
}

// signed is a token with these claims.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
	must(t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(t, err)
	return token
}

// claims are those of a token that nothing is wrong with, but for what is changed.
func claims(change ...func(*jwt.Claims)) jwt.Claims {
	c := jwt.Claims{Issuer: "https://id.example.com", Audience: jwt.Audience{"peer"}, Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute))}
	for _, f := range change {
		f(&c)
	}
	return c
}

func TestOnlyWhoHasATokenComesIn(t *testing.T) {
	key, other := newKey(t), newKey(t)
	i := newIssuer(t)
	i.set(false, public(key, "a"))
	p := newPeer(t, nil)
	r := serve(t, p.URL, i.asks(t))
	r.until("there are keys", func() bool { return r.edge.tokens.current(time.Now()) != nil })
	good := signed(t, jose.ES256, key, "a", claims())
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	now := time.Now()
	for name, c := range map[string]struct {
		authorization string
		want          int
	}{
		"A good token.":                          {"Bearer " + good, 200},
		"A good token, in other case.":           {"bearer " + good, 200},
		"A token without a key's name.":          {"Bearer " + signed(t, jose.ES256, key, "", claims()), 200},
		"A token for the other audience.":        {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Audience = jwt.Audience{"x", "other-peer"} })), 200},
		"Nothing.":                               {"", 401},
		"Another scheme.":                        {"Basic dTpw", 401},
		"A scheme alone.":                        {"Bearer", 401},
		"Nonsense.":                              {"Bearer a.b.c", 401},
		"Two tokens in one.":                     {"Bearer " + good + " " + good, 401},
		"A token that is too long.":              {"Bearer " + strings.Repeat("a", 9<<10), 401},
		"A token of another key.":                {"Bearer " + signed(t, jose.ES256, other, "a", claims()), 401},
		"A token of a key that nobody knows.":    {"Bearer " + signed(t, jose.ES256, other, "z", claims()), 401},
		"A token of another issuer.":             {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Issuer = "https://evil.example.com" })), 401},
		"A token for somebody else.":             {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Audience = jwt.Audience{"bank"} })), 401},
		"A token for nobody.":                    {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Audience = nil })), 401},
		"A token that has run out.":              {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Expiry = jwt.NewNumericDate(now.Add(-time.Minute)) })), 401},
		"A token that never ends.":               {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.Expiry = nil })), 401},
		"A token of tomorrow.":                   {"Bearer " + signed(t, jose.ES256, key, "a", claims(func(c *jwt.Claims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Hour)) })), 401},
		"A token that nobody signed.":            {"Bearer " + none, 401},
		"A token with other claims.":             {"Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://id.example.com"}`)) + "." + parts[2], 401},
		"A token signed with what is published.": {"Bearer " + signed(t, jose.HS256, []byte("0123456789abcdef0123456789abcdef"), "a", claims()), 401},
	} {
		before := len(p.requests())
		code, text, err := get(r.client(local(1)), "/api/v1/status", "Authorization", c.authorization)
		if err != nil || code != c.want {
			t.Errorf("%s %d %q %v, want %d", name, code, text, err, c.want)
		}
		if reached := len(p.requests()) - before; (reached == 1) != (c.want == 200) {
			t.Errorf("%s %d requests reached the peer", name, reached)
		}
	}
	for _, seen := range p.requests() {
		if seen.Header.Get("Authorization") != "" {
			t.Error("the peer was given the token")
		}
	}
}

func TestWithoutKeysNobodyComesIn(t *testing.T) {
	key := newKey(t)
	i := newIssuer(t)
	i.set(true, public(key, "a"))
	p := newPeer(t, nil)
	r := serve(t, p.URL, i.asks(t))
	r.until("a fetch has failed", func() bool { return strings.Contains(r.log.String(), "503 Service Unavailable") })
	token := "Bearer " + signed(t, jose.ES256, key, "a", claims())
	if code, text, err := get(r.client(local(1)), "/api/v1/status", "Authorization", token); err != nil || code != http.StatusServiceUnavailable || !strings.Contains(text, "KeysUnknown") {
		t.Errorf("%d %q %v", code, text, err)
	}
	if len(p.requests()) > 0 {
		t.Error("a request reached the peer")
	}
}

func TestKeysOfAnIssuerChange(t *testing.T) {
	first, second := newKey(t), newKey(t)
	i := newIssuer(t)
	i.set(false, public(first, "1"), jose.JSONWebKey{Key: []byte("secret"), KeyID: "s"}, jose.JSONWebKey{Key: second.Public(), KeyID: "e", Use: "enc"})
	c := edge.Default()
	i.asks(t)(&c)
	keys := newTokens(*c.JWT)
	check := func(key *ecdsa.PrivateKey, id string, at time.Time) edge.Reason {
		return keys.check("Bearer "+signed(t, jose.ES256, key, id, claims()), at)
	}
	load := func() error {
		_, err := keys.load(t.Context())
		return err
	}
	now := time.Now()
	must(t, load())
	if got := []edge.Reason{check(first, "1", now), check(second, "2", now), check(second, "e", now)}; got[0] != "" || got[1] != edge.TokenInvalid || got[2] != edge.TokenInvalid {
		t.Errorf("at first, %q", got)
	}
	if len(keys.wanted) != 1 {
		t.Error("a key that is not known is not asked for")
	}
	i.set(false, public(second, "2"))
	must(t, load())
	if got := []edge.Reason{check(first, "1", now), check(second, "2", now)}; got[0] != edge.TokenInvalid || got[1] != "" {
		t.Errorf("afterwards, %q", got)
	}
	for what, set := range map[string]func(){"down": func() { i.set(true) }, "without keys": func() { i.set(false) }} {
		set()
		if err := load(); err == nil {
			t.Errorf("%s: no error", what)
		}
		if got := check(second, "2", now); got != "" {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := check(second, "2", now.Add(3*time.Hour)); got != edge.KeysUnknown {
		t.Errorf("long after the last fetch: %q", got)
	}
}

// Tokens with made-up keys do not make the edge ask the issuer each time.
func TestStrangersDoNotMakeTheEdgeAskTheIssuer(t *testing.T) {
	key := newKey(t)
	i := newIssuer(t)
	i.set(false, public(key, "a"))
	r := serve(t, newPeer(t, nil).URL, i.asks(t), generous, func(c *edge.Config) { c.Clients.Ban.Offences = 1000 })
	r.until("there are keys", func() bool { return r.edge.tokens.current(time.Now()) != nil })
	client := r.client(local(1))
	for range 50 {
		if code, _, err := get(client, "/api/v1/status", "Authorization", "Bearer "+signed(t, jose.ES256, key, "unknown", claims())); err != nil || code != 401 {
			t.Fatalf("%d %v", code, err)
		}
	}
	if n := i.fetches.Load(); n > 2 {
		t.Errorf("the issuer was asked %d times", n)
	}
}
