// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Opener is a private key of age, which age calls an identity: it opens the envelopes that are sealed to its
// recipient. It never prints itself; Secret does.
type Opener struct {
	recipient Recipient
	// Both are functions for the reason given in identity.Key.
	identity func() age.Identity
	secret   func() string
}

// NewOpener makes a hybrid private key, with entropy that age draws from the operating system.
func NewOpener() (Opener, error) {
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return Opener{}, fmt.Errorf("make a hybrid private key of age: %w", err)
	}
	return hybridOpener(identity), nil
}

// ParseOpener reads a private key. An error holds no part of it.
func ParseOpener(text string) (Opener, error) {
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1"):
		identity, err := age.ParseHybridIdentity(text)
		if err != nil {
			return Opener{}, errors.New("this begins as a hybrid private key of age but is damaged or cut off")
		}
		return hybridOpener(identity), nil
	case strings.HasPrefix(text, "AGE-SECRET-KEY-1"):
		identity, err := age.ParseX25519Identity(text)
		if err != nil {
			return Opener{}, errors.New("this begins as a private key of age but is damaged or cut off")
		}
		return x25519Opener(identity), nil
	case strings.HasPrefix(text, "age-encryption.org/"), strings.HasPrefix(text, "-----BEGIN AGE"):
		return Opener{}, errors.New("this private key is itself encrypted; decrypt it first, with age -d, and hand over what comes out")
	case strings.HasPrefix(text, "age1"):
		return Opener{}, errors.New("this is a recipient of age; to open an envelope takes its private key, which begins with AGE-SECRET-KEY")
	default:
		return Opener{}, errors.New("this is no private key of age, which begins with AGE-SECRET-KEY-PQ-1 or AGE-SECRET-KEY-1")
	}
}

// ParseOpeners reads private keys as age-keygen writes them: one on a line, between comments that begin with #.
func ParseOpeners(r io.Reader) ([]Opener, error) {
	return parseLines(r, ParseOpener)
}

func hybridOpener(identity *age.HybridIdentity) Opener {
	recipient := identity.Recipient()
	return Opener{
		Recipient{Hybrid, recipient.String(), recipient},
		func() age.Identity { return identity }, identity.String,
	}
}

func x25519Opener(identity *age.X25519Identity) Opener {
	recipient := identity.Recipient()
	return Opener{
		Recipient{X25519, recipient.String(), recipient},
		func() age.Identity { return identity }, identity.String,
	}
}

// Recipient is the public key.
func (o Opener) Recipient() Recipient { return o.recipient }

// Secret is the private key in letters. Whoever calls this must not log it.
func (o Opener) Secret() string { return o.secret() }

// String names the private key by its public one.
func (o Opener) String() string { return "private key of " + o.recipient.Info().String() }

// Format prints String for every verb, %#v and %x too.
func (o Opener) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalText fails, and with it every encoder that asks for text.
func (o Opener) MarshalText() ([]byte, error) {
	return nil, errors.New("a private key of age is never written as text in passing")
}
