// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/pkg/edge"
)

const (
	// maxToken and maxKeys are far more than tokens and sets of keys have.
	maxToken = 8 << 10
	maxKeys  = 256 << 10
	// fetchTimeout ends a fetch of keys.
	fetchTimeout = 10 * time.Second
	// fetchPause is between fetches that tokens with unknown keys ask for: anybody can make such tokens.
	fetchPause = 10 * time.Second
)

// tokens checks bearer tokens by the issuer's keys, which are fetched aside from requests.
type tokens struct {
	config     edge.JWT
	algorithms []jose.SignatureAlgorithm
	wanted     chan struct{}

	mu      sync.RWMutex
	raw     []byte
	keys    []jose.JSONWebKey
	fetched time.Time
}

func newTokens(c edge.JWT) *tokens {
	t := &tokens{config: c, wanted: make(chan struct{}, 1)}
	for _, a := range c.Algorithms {
		t.algorithms = append(t.algorithms, jose.SignatureAlgorithm(a))
	}
	return t
}

// check judges the Authorization of a request.
func (t *tokens) check(authorization string, now time.Time) edge.Reason {
	kind, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(kind, "Bearer") || token == "" {
		return edge.TokenMissing
	}
	keys := t.current(now)
	if keys == nil {
		t.want()
		return edge.KeysUnknown
	}
	if len(token) > maxToken {
		return edge.TokenInvalid
	}
	parsed, err := jwt.ParseSigned(token, t.algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return edge.TokenInvalid
	}
	var claims jwt.Claims
	if !t.verified(parsed, keys, &claims) {
		return edge.TokenInvalid
	}
	expected := jwt.Expected{Issuer: t.config.Issuer, AnyAudience: t.config.Audiences, Time: now}
	// A token that never ends is none: the library lets it pass.
	if claims.Expiry == nil || claims.ValidateWithLeeway(expected, t.config.Leeway.Duration) != nil {
		return edge.TokenInvalid
	}
	return ""
}

// verified takes the claims out of a token that one of the keys has signed.
func (t *tokens) verified(token *jwt.JSONWebToken, keys []jose.JSONWebKey, claims *jwt.Claims) bool {
	header, known := token.Headers[0], false
	for i := range keys {
		k := &keys[i]
		if header.KeyID != "" && k.KeyID != header.KeyID || k.Algorithm != "" && k.Algorithm != header.Algorithm {
			continue
		}
		known = true
		if token.Claims(k.Key, claims) == nil {
			return true
		}
	}
	if !known {
		t.want()
	}
	return false
}

// current are the keys, nil if there never were any or they are too old.
func (t *tokens) current(now time.Time) []jose.JSONWebKey {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.keys == nil || now.Sub(t.fetched) > t.config.MaxAge.Duration {
		return nil
	}
	return t.keys
}

// want asks for a fetch before its time.
func (t *tokens) want() {
	select {
	case t.wanted <- struct{}{}:
	default:
	}
}

// source is how the keys are followed.
func (t *tokens) source(ctx context.Context) source {
	now := make(chan struct{})
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.wanted:
			}
			select {
			case <-ctx.Done():
				return
			case now <- struct{}{}:
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(fetchPause):
			}
		}
	}()
	return source{what: "jwt.keys", load: t.load, every: t.config.Refresh.Duration, now: now}
}

// load fetches the keys.
func (t *tokens) load(ctx context.Context) (changed bool, err error) {
	raw, err := t.fetch(ctx)
	if err != nil {
		return false, fmt.Errorf("fetch the keys of %s: %w", t.config.Issuer, err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return false, fmt.Errorf("the keys of %s are no JSON Web Key Set: %w", t.config.Issuer, err)
	}
	// What only signs or encrypts, and what is secret, verifies nothing.
	keys := slices.DeleteFunc(set.Keys, func(k jose.JSONWebKey) bool {
		return !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig"
	})
	if len(keys) == 0 {
		return false, fmt.Errorf("the keys of %s hold no public key for signatures", t.config.Issuer)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	changed = !bytes.Equal(raw, t.raw)
	t.raw, t.keys, t.fetched = raw, keys, time.Now()
	return changed, nil
}

func (t *tokens) fetch(ctx context.Context) ([]byte, error) {
	client, err := t.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.config.Keys, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", t.config.Keys, response.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxKeys+1))
	if err == nil && len(raw) > maxKeys {
		err = fmt.Errorf("%s answers more than %d bytes", t.config.Keys, maxKeys)
	}
	return raw, err
}

// client is made for each fetch, so that a CA that has changed counts. It follows no redirects: the document names the
// place of the keys.
func (t *tokens) client() (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.config.CA != "" {
		pem, err := smallfile.Read(t.config.CA)
		if err != nil {
			return nil, fmt.Errorf("read jwt.ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("jwt.ca %s: holds no certificate in PEM", t.config.CA)
		}
	}
	return &http.Client{
		Timeout:   fetchTimeout,
		Transport: &http.Transport{TLSClientConfig: config},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("it redirects; put the last address into jwt.keys")
		},
	}, nil
}
