// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
)

// certificate is for a server on loopback, and its own authority.
func certificate(t *testing.T, until time.Time, uses ...x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-2 * time.Hour), NotAfter: until, ExtKeyUsage: uses,
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestAStoreThatIsNotWhoItShouldBeIsNotWrittenTo(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	good := certificate(t, soon, x509.ExtKeyUsageServerAuth)
	for name, c := range map[string]struct {
		is, known tls.Certificate
		endpoint  func(url string) string
		max       uint16
		says      string
	}{
		"It is of another authority.":        {is: certificate(t, soon, x509.ExtKeyUsageServerAuth), known: good, says: "its certificate is of an unknown authority; name the authority's certificate"},
		"It has another name.":               {is: good, known: good, endpoint: func(url string) string { return strings.Replace(url, "127.0.0.1", "localhost", 1) }, says: "its certificate is not for localhost"},
		"Its certificate has expired.":       {is: certificate(t, time.Now().Add(-time.Hour)), says: "its certificate has expired or is not valid yet"},
		"Its certificate is one of clients.": {is: certificate(t, soon, x509.ExtKeyUsageClientAuth), says: "its certificate is not one for a server"},
		"It speaks an old TLS.":              {is: good, known: good, max: tls.VersionTLS11, says: "it does not agree on TLS"},
	} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%s it was sent something", name) }))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{c.is}, MinVersion: tls.VersionTLS10, MaxVersion: c.max}
		server.StartTLS()
		if c.known.PrivateKey == nil {
			c.known = c.is
		}
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.known.Certificate[0]})
		p := bucket.Place{Endpoint: server.URL, Region: "us-east-1", Bucket: "keys", CAFile: filepath.Join(folder(t, map[string]string{"ca.crt": string(ca)}), "ca.crt")}
		if c.endpoint != nil {
			p.Endpoint = c.endpoint(server.URL)
		}
		_, err := open(t, p).Create(t.Context(), "name", []byte("{}"))
		server.Close()
		says(t, err, c.says)
	}
}

func TestAStoreWithoutTLSIsNotWrittenTo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent something") }))
	defer server.Close()
	_, err := open(t, bucket.Place{Endpoint: strings.Replace(server.URL, "http", "https", 1), Region: "us-east-1", Bucket: "keys"}).Create(t.Context(), "name", []byte("{}"))
	says(t, err, "there is no TLS there; see the endpoint's port")
}
