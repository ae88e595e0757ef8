// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/pkg/edge"
)

// certificates are the files under which the edge serves. Handshakes take those of the moment; connections that are
// open go on under those with which they began.
type certificates struct {
	config  edge.TLS
	metrics *metrics

	read    [3][]byte
	current atomic.Pointer[tls.Config]
}

// load reads the files. While a kubelet exchanges them the certificate may be of before and the key of after; that is
// an error here, and gone with the next look.
func (c *certificates) load(context.Context) (changed bool, err error) {
	var read [3][]byte
	paths := []string{c.config.Certificate, c.config.Key}
	if c.config.Clients != nil {
		paths = append(paths, c.config.Clients.CA)
	}
	for i, path := range paths {
		if read[i], err = smallfile.Read(path); err != nil {
			return false, fmt.Errorf("read the files of tls: %w", err)
		}
		changed = changed || !bytes.Equal(read[i], c.read[i])
	}
	if !changed {
		return false, nil
	}
	made, err := c.configuration(read)
	if err != nil {
		return false, err
	}
	c.read = read
	c.current.Store(made)
	c.metrics.expiry.Set(float64(made.Certificates[0].Leaf.NotAfter.Unix()))
	return true, nil
}

func (c *certificates) configuration(read [3][]byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(read[0], read[1])
	if err != nil {
		return nil, fmt.Errorf("tls.certificate %s and tls.key %s: %w", c.config.Certificate, c.config.Key, err)
	}
	made := c.base()
	made.Certificates = []tls.Certificate{pair}
	if c.config.Clients == nil {
		return made, nil
	}
	made.ClientCAs = x509.NewCertPool()
	if !made.ClientCAs.AppendCertsFromPEM(read[2]) {
		return nil, fmt.Errorf("tls.clients.ca %s: holds no certificate in PEM", c.config.Clients.CA)
	}
	made.ClientAuth = tls.RequireAndVerifyClientCert
	if c.config.Clients.Optional {
		made.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return made, nil
}

// base is what does not change. The suites of TLS 1.2 are those with forward secrecy and authenticated encryption; Go
// fixes those of TLS 1.3.
func (c *certificates) base() *tls.Config {
	version := uint16(tls.VersionTLS12)
	if c.config.MinVersion == "1.3" {
		version = tls.VersionTLS13
	}
	return &tls.Config{
		MinVersion: version,
		NextProtos: []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		// A session that is taken up again would pass by certificates of clients that are no longer accepted.
		SessionTicketsDisabled: c.config.Clients != nil,
	}
}

// serving is the configuration of the server, which asks for the files of the moment at each handshake.
func (c *certificates) serving() *tls.Config {
	config := c.base()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil }
	return config
}
