// SPDX-License-Identifier: Apache-2.0

// Package serving is how the unsealer serves: under which certificate, and for how long.
package serving

import (
	"crypto/tls"
	"sync"
	"time"

	"github.com/peernode/operator/pkg/sealingkey"
)

// Certificates makes the certificate under which the unsealer serves, in memory, and another one in time. It may be
// used by many connections at a time.
type Certificates struct {
	Ring  sealingkey.Ring
	Names []string
	Now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	until   time.Time
}

// Get is for tls.Config.GetCertificate.
func (c *Certificates) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if c.current != nil && now.Before(c.until) {
		return c.current, nil
	}
	made, err := c.Ring.Serving(c.Names, now)
	if err != nil {
		return nil, err
	}
	c.current, c.until = &made, now.Add(sealingkey.ServingLife/2)
	return c.current, nil
}

// TLS is the configuration of the server: TLS 1.3, whose key exchange withstands quantum computers where both sides
// know how, which Go does.
func (c *Certificates) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: c.Get, NextProtos: []string{"http/1.1"}}
}
