// SPDX-License-Identifier: Apache-2.0

package sealingkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/peernode/operator/pkg/seal"
)

// Key is a sealing key. It never prints its private parts, whatever the verb, also inside other values.
type Key struct {
	number int
	opener seal.Opener
	ca     *x509.Certificate
	caPEM  string
	// signer is a function for the reason given in identity.Key.
	signer func() *ecdsa.PrivateKey
}

// Read reads a key from the files of its Secret. An error holds no part of them.
func Read(files map[string][]byte) (Key, error) {
	for _, name := range []string{FileIdentity, FileCA, FileCAKey} {
		if len(files[name]) == 0 {
			return Key{}, fmt.Errorf("there is no %s: this is not the Secret of a sealing key", name)
		}
	}
	opener, err := readOpener(files[FileIdentity])
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", FileIdentity, err)
	}
	ca, err := parseCA(files[FileCA])
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", FileCA, err)
	}
	signer, err := parseSigner(files[FileCAKey])
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", FileCAKey, err)
	}
	if !signer.PublicKey.Equal(ca.PublicKey) {
		return Key{}, fmt.Errorf("%s is not the key of the certificate in %s", FileCAKey, FileCA)
	}
	number, err := numberOf(ca)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", FileCA, err)
	}
	return Key{number, opener, ca, string(encodeCertificate(ca.Raw)), func() *ecdsa.PrivateKey { return signer }}, nil
}

func readOpener(text []byte) (seal.Opener, error) {
	openers, err := seal.ParseOpeners(bytes.NewReader(text))
	switch {
	case err != nil:
		return seal.Opener{}, err
	case len(openers) != 1:
		return seal.Opener{}, fmt.Errorf("there are %d private keys, and a sealing key is one", len(openers))
	case openers[0].Recipient().Family() != seal.Hybrid:
		return seal.Opener{}, errors.New("this private key is not hybrid; a sealing key begins with AGE-SECRET-KEY-PQ-1")
	}
	return openers[0], nil
}

// Number says which of the cluster's sealing keys it is. They count from 1.
func (k Key) Number() int { return k.number }

// Opener opens what is sealed to Recipient.
func (k Key) Opener() seal.Opener { return k.opener }

// Recipient is to whom the keys of peers are sealed.
func (k Key) Recipient() seal.Recipient { return k.opener.Recipient() }

// CA is the certificate of the authority, in PEM.
func (k Key) CA() []byte { return []byte(k.caPEM) }

// IsZero reports whether there is no key at all.
func (k Key) IsZero() bool { return k.signer == nil }

// String names the key by its public part.
func (k Key) String() string {
	if k.IsZero() {
		return "no sealing key"
	}
	return "sealing key of " + k.Recipient().Info().String()
}

// Format prints String for every verb, %#v and %x too.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText fails, and with it every encoder that asks for text.
func (Key) MarshalText() ([]byte, error) {
	return nil, errors.New("a sealing key is never written as text")
}
