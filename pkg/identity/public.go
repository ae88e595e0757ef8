// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/peernode/operator/api/v1alpha1"
)

// Public is the public part of a key. Two are the same key exactly if they are ==.
type Public struct {
	keyType v1alpha1.IdentityType
	// raw are 32 bytes of Ed25519 (RFC 8032), or the 33 of a compressed point of secp256k1 (SEC 1). A string, so that
	// values compare and nobody changes them.
	raw string
}

// ParsePublic reads what Hex writes.
func ParsePublic(t v1alpha1.IdentityType, digits string) (Public, error) {
	if !known(t) {
		return Public{}, unknownType(t)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil || hex.EncodeToString(raw) != digits {
		return Public{}, errors.New("a public key is written in lower-case hexadecimal digits")
	}
	if t == v1alpha1.IdentityEd25519 {
		if len(raw) != ed25519.PublicKeySize {
			return Public{}, fmt.Errorf("an Ed25519 public key has %d bytes, not %d", ed25519.PublicKeySize, len(raw))
		}
		return Public{keyType: t, raw: string(raw)}, nil
	}
	if len(raw) != secp256k1.PubKeyBytesLenCompressed {
		return Public{}, fmt.Errorf("a compressed secp256k1 public key has %d bytes, not %d", secp256k1.PubKeyBytesLenCompressed, len(raw))
	}
	if _, err := secp256k1.ParsePubKey(raw); err != nil {
		return Public{}, errors.New("the public key is no point of the curve secp256k1")
	}
	return Public{keyType: t, raw: string(raw)}, nil
}

// Type is the algorithm of the key.
func (p Public) Type() v1alpha1.IdentityType { return p.keyType }

// Hex is the public key in lower-case hexadecimal digits, without anything before it.
func (p Public) Hex() string { return hex.EncodeToString([]byte(p.raw)) }

// ConvexAccountKey is the key as Convex names an account: the digits of an Ed25519 public key. Convex has no other
// type of key.
func (p Public) ConvexAccountKey() (string, error) {
	if p.keyType != v1alpha1.IdentityEd25519 {
		return "", fmt.Errorf("a key of type %q is no Convex account key: those are %s", p.keyType, v1alpha1.IdentityEd25519)
	}
	return p.Hex(), nil
}

// String is the type and the libp2p peer ID.
func (p Public) String() string {
	if p.raw == "" {
		return "no public key"
	}
	return fmt.Sprintf("%s %s", p.keyType, p.PeerID())
}
