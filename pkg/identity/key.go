// SPDX-License-Identifier: Apache-2.0

// Package identity is the key material of peers: making a private key from entropy, checking one that is handed in,
// and what follows from it for everybody to know. How a software keeps its key in files is the business of pkg/peer,
// how a key is sealed that of pkg/seal.
//
// There is no way to wipe a key from memory: encoders, the encryption and the garbage collector have made copies by
// then that nobody can reach, and a wipe would promise what it does not keep. Programs that hold keys end soon.
package identity

import (
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/peernode/operator/api/v1alpha1"
)

// SecretSize is the number of bytes of a private key of either type: the seed of an Ed25519 key (RFC 8032), the
// scalar of a secp256k1 key, big-endian.
const SecretSize = 32

// Key is a private key. It never prints its private part, whatever the verb, also inside other values.
type Key struct {
	public Public
	// secret returns a copy of the private part. It is a function because fmt asks no method of what it finds in
	// unexported fields of other types: it goes through them, through pointers too where the verb does not fit, and
	// only of a function does it never print more than the address.
	secret func() []byte
}

// New draws a key of type t from entropy.
func New(t v1alpha1.IdentityType, entropy io.Reader) (Key, error) {
	if !known(t) {
		return Key{}, unknownType(t)
	}
	for {
		secret := make([]byte, SecretSize)
		if _, err := io.ReadFull(entropy, secret); err != nil {
			return Key{}, fmt.Errorf("read entropy: %w", err)
		}
		key, err := Parse(t, secret)
		// The one case in 2^128 in which 32 random bytes are no private key of secp256k1: draw again.
		if errors.Is(err, errOutOfRange) {
			continue
		}
		return key, err
	}
}

var errOutOfRange = errors.New("a secp256k1 private key is a number from 1 to the order of the curve less one; this is none")

// Parse checks the private part of a key of type t and derives its public part.
func Parse(t v1alpha1.IdentityType, secret []byte) (Key, error) {
	if !known(t) {
		return Key{}, unknownType(t)
	}
	if len(secret) != SecretSize {
		return Key{}, fmt.Errorf("the private part of a key of type %s has %d bytes, not %d", t, SecretSize, len(secret))
	}
	own := [SecretSize]byte(secret)
	key := Key{secret: func() []byte { return append([]byte(nil), own[:]...) }}
	if t == v1alpha1.IdentityEd25519 {
		full := ed25519.NewKeyFromSeed(secret)
		key.public = Public{keyType: t, raw: string(full[ed25519.SeedSize:])}
		return key, nil
	}
	var scalar secp256k1.ModNScalar
	if overflows := scalar.SetByteSlice(secret); overflows || scalar.IsZero() {
		return Key{}, errOutOfRange
	}
	key.public = Public{keyType: t, raw: string(secp256k1.NewPrivateKey(&scalar).PubKey().SerializeCompressed())}
	return key, nil
}

// IsZero reports whether there is no key at all.
func (k Key) IsZero() bool { return k.secret == nil }

// Public is what everybody may know of the key.
func (k Key) Public() Public { return k.public }

// Secret is the private part, SecretSize bytes, nil of the zero Key. Whoever calls this must neither log nor keep it.
func (k Key) Secret() []byte {
	if k.IsZero() {
		return nil
	}
	return k.secret()
}

// Equal reports whether both are the same key, in a time that does not tell where they differ.
func (k Key) Equal(other Key) bool {
	return k.public == other.public && subtle.ConstantTimeCompare(k.Secret(), other.Secret()) == 1
}

func known(t v1alpha1.IdentityType) bool {
	return t == v1alpha1.IdentityEd25519 || t == v1alpha1.IdentitySecp256k1
}

func unknownType(t v1alpha1.IdentityType) error {
	return fmt.Errorf("identity type %q is not known: it is %s or %s", t, v1alpha1.IdentityEd25519, v1alpha1.IdentitySecp256k1)
}
