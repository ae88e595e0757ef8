// SPDX-License-Identifier: Apache-2.0

package p2pagent

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
)

// keyFile is the name of the key in its folder: base64 of a libp2p private key.
const keyFile = "identity.key"

// Key types of libp2p's protobuf (github.com/libp2p/specs, peer-ids).
const (
	protoEd25519   = 1
	protoSecp256k1 = 2
)

// libp2pKey keeps identities in libp2p's own encoding.
type libp2pKey struct{}

var _ peer.Key = libp2pKey{}

// New makes a key of type t.
func (libp2pKey) New(t v1alpha1.IdentityType, entropy io.Reader) (map[string][]byte, error) {
	raw, proto, err := newPrivateKey(t, entropy)
	if err != nil {
		return nil, err
	}
	// PrivateKey{Type: varint field 1, Data: bytes field 2}.
	encoded := binary.AppendUvarint([]byte{0x08, proto, 0x12}, uint64(len(raw)))
	encoded = append(encoded, raw...)
	file := base64.StdEncoding.AppendEncode(nil, encoded)
	return map[string][]byte{keyFile: append(file, '\n')}, nil
}

// Parse reads the JSON that `identity verify` leaves.
func (libp2pKey) Parse(message string) (peer.Identity, error) {
	var id peer.Identity
	if err := json.Unmarshal([]byte(message), &id); err != nil {
		return peer.Identity{}, fmt.Errorf("read identity from %q: %w", message, err)
	}
	if id.PeerID == "" {
		return peer.Identity{}, errors.New("read identity: the agent named no peerID")
	}
	return id, nil
}

func newPrivateKey(t v1alpha1.IdentityType, entropy io.Reader) (raw []byte, proto byte, err error) {
	switch t {
	case v1alpha1.IdentityEd25519:
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(entropy, seed); err != nil {
			return nil, 0, fmt.Errorf("read entropy: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), protoEd25519, nil
	case v1alpha1.IdentitySecp256k1:
		raw, err := secp256k1Scalar(entropy)
		return raw, protoSecp256k1, err
	default:
		return nil, 0, fmt.Errorf("identity type %q is not known to p2p-agents", t)
	}
}

// secp256k1Order is the order of the curve (SEC 2, section 2.4.1). A private key is a number from 1 to order-1.
var secp256k1Order, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", 16)

// secp256k1Scalar draws again in the one case in 2^128 in which 32 random bytes are no private key.
func secp256k1Scalar(entropy io.Reader) ([]byte, error) {
	for {
		raw := make([]byte, 32)
		if _, err := io.ReadFull(entropy, raw); err != nil {
			return nil, fmt.Errorf("read entropy: %w", err)
		}
		if n := new(big.Int).SetBytes(raw); n.Sign() > 0 && n.Cmp(secp256k1Order) < 0 {
			return raw, nil
		}
	}
}
