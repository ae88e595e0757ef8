// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/pkg/backup"
)

// Place is where a bucket is.
type Place struct {
	// Endpoint is the URL of the store.
	Endpoint, Region, Bucket string
	// VirtualHost puts the name of the bucket before that of the host, and not into the path.
	VirtualHost bool
	// AllowHTTP lets an endpoint be without TLS.
	AllowHTTP bool
	// CAFile holds the certificates by which to know the store, and then no others count; empty for those of the system.
	CAFile string
	// Encryption is asked of the store for everything that is written.
	Encryption Encryption
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)
)

func (p Place) validate() error {
	if err := p.checkEndpoint(); err != nil {
		return err
	}
	if !regionName.MatchString(p.Region) {
		return fmt.Errorf("region %q is no name of a region; a store without regions takes us-east-1", p.Region)
	}
	if !bucketName.MatchString(p.Bucket) {
		return fmt.Errorf("bucket %q is not a name that a bucket can have: 3 to 63 small letters, digits, dots and hyphens", p.Bucket)
	}
	return p.Encryption.validate()
}

// checkEndpoint repeats no endpoint that holds a password.
func (p Place) checkEndpoint() error {
	u, err := url.Parse(p.Endpoint)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the endpoint is not a URL like https://HOST:PORT")
	}
	if u.User != nil {
		return errors.New("the endpoint holds credentials; they belong into the files of the credentials' Secret")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if p.AllowHTTP {
			return nil
		}
		return fmt.Errorf("the endpoint %s is without TLS: who is on the way could take the place of the store; use https, or allow http", p.Endpoint)
	default:
		return fmt.Errorf("the endpoint %s is neither https nor http", p.Endpoint)
	}
}

// Limits of what is taken from a store, and of its time to begin.
const (
	maxAnswer  = backup.PartSize + 1<<20
	maxHeaders = 64 << 10
	maxConnect = 5 * time.Second
)

func (p Place) transport() (http.RoundTripper, error) {
	roots, err := p.roots()
	if err != nil {
		return nil, err
	}
	return bounded{&http.Transport{
		DialContext:            (&net.Dialer{Timeout: maxConnect}).DialContext,
		TLSHandshakeTimeout:    maxConnect,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		MaxResponseHeaderBytes: maxHeaders,
		ForceAttemptHTTP2:      true,
	}}, nil
}

// roots are nil for those of the system.
func (p Place) roots() (*x509.CertPool, error) {
	if p.CAFile == "" {
		return nil, nil
	}
	ca, err := smallfile.Read(p.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the certificates by which to know the store: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate in PEM by which to know the store", p.CAFile)
	}
	return roots, nil
}

// bounded cuts answers off that are longer than any should be.
type bounded struct{ inner http.RoundTripper }

// RoundTrip is that of http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}
