// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

const (
	// caLife is how long peers can know the unsealer by one authority.
	caLife = 10 * 365 * 24 * time.Hour
	// ServingLife is how long a certificate of Serving is valid.
	ServingLife = 24 * time.Hour
	// skew is by how much the clocks of nodes may differ.
	skew = 5 * time.Minute
)

// newCA makes an authority that can vouch for nobody but the unsealer of the namespace.
func newCA(namespace string, number int, now time.Time) (certificate, key []byte, err error) {
	signer, serial, err := newSigner()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:                serial,
		Subject:                     pkix.Name{CommonName: nameOfCA(number)},
		NotBefore:                   now.Add(-skew),
		NotAfter:                    now.Add(caLife),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         Hosts(namespace),
	}
	raw, err := x509.CreateCertificate(nil, template, template, signer.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, nil, errors.New("the key cannot be written as PKCS #8")
	}
	return encodeCertificate(raw), pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: private}), nil
}

// nameOfCA is the subject of the authority that belongs to a sealing key.
func nameOfCA(number int) string { return fmt.Sprintf("%s sealing key %d", Name, number) }

// numberOf is that of the sealing key to which an authority belongs.
func numberOf(ca *x509.Certificate) (int, error) {
	var number int
	_, err := fmt.Sscanf(ca.Subject.CommonName, Name+" sealing key %d", &number)
	if err != nil || number < 1 || nameOfCA(number) != ca.Subject.CommonName {
		return 0, fmt.Errorf("the certificate is that of %q, and not of a sealing key", ca.Subject.CommonName)
	}
	return number, nil
}

// Serving makes a certificate under which the unsealer serves names, valid for ServingLife.
func (k Key) Serving(names []string, now time.Time) (tls.Certificate, error) {
	if !now.Before(k.ca.NotAfter) {
		return tls.Certificate{}, fmt.Errorf("the certificate authority of the unsealer was valid until %s; make another sealing key", k.ca.NotAfter.Format(time.DateOnly))
	}
	if len(names) == 0 {
		return tls.Certificate{}, errors.New("a certificate needs a name that it is for")
	}
	signer, serial, err := newSigner()
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: Name},
		DNSNames:     slices.Clone(names),
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(ServingLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if template.NotAfter.After(k.ca.NotAfter) {
		template.NotAfter = k.ca.NotAfter
	}
	raw, err := x509.CreateCertificate(nil, template, k.ca, signer.Public(), k.signer())
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign the certificate of the unsealer: %w", err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the certificate of the unsealer: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: signer, Leaf: leaf}, nil
}

// newSigner makes a key, and a serial number that no certificate of another key has.
func newSigner() (*ecdsa.PrivateKey, *big.Int, error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("make an ECDSA key: %w", err)
	}
	point, err := signer.PublicKey.Bytes()
	if err != nil {
		return nil, nil, fmt.Errorf("write an ECDSA key: %w", err)
	}
	sum := sha256.Sum256(point)
	return signer, new(big.Int).SetBytes(sum[:16]), nil
}

// Blocks of PEM.
const (
	blockCertificate = "CERTIFICATE"
	blockKey         = "PRIVATE KEY"
)

func encodeCertificate(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: raw})
}

// parseCA reads one certificate of an authority.
func parseCA(text []byte) (*x509.Certificate, error) {
	raw, err := onlyBlock(text, blockCertificate)
	if err != nil {
		return nil, err
	}
	return parseAuthority(raw)
}

// parseCAs reads one certificate or more.
func parseCAs(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for rest := text; len(bytes.TrimSpace(rest)) > 0 || out == nil; {
		var raw []byte
		var err error
		if raw, rest, err = nextBlock(rest, blockCertificate); err != nil {
			return nil, err
		}
		certificate, err := parseAuthority(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, certificate)
	}
	return out, nil
}

func parseAuthority(raw []byte) (*x509.Certificate, error) {
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, errors.New("the certificate is damaged")
	}
	if !certificate.IsCA {
		return nil, errors.New("the certificate is not that of a certificate authority")
	}
	return certificate, nil
}

func parseSigner(text []byte) (*ecdsa.PrivateKey, error) {
	raw, err := onlyBlock(text, blockKey)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(raw)
	signer, ok := key.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("the private key is damaged, or no ECDSA key")
	}
	return signer, nil
}

func onlyBlock(text []byte, kind string) ([]byte, error) {
	raw, rest, err := nextBlock(text, kind)
	if err == nil && len(bytes.TrimSpace(rest)) > 0 {
		err = fmt.Errorf("this is not one block of PEM of the type %s, but more", kind)
	}
	return raw, err
}

func nextBlock(text []byte, kind string) (raw, rest []byte, err error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, nil, fmt.Errorf("this is not one block of PEM of the type %s", kind)
	}
	return block.Bytes, rest, nil
}
