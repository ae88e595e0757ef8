// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/mr-tron/base58"

	"github.com/peernode/operator/api/v1alpha1"
)

// What follows is libp2p's specification of peer IDs (github.com/libp2p/specs, peer-ids): both halves of a key are a
// protobuf of a type, varint field 1, and data, bytes field 2, and a key has exactly one encoding.

// Key types of that protobuf.
const (
	protoEd25519   = 1
	protoSecp256k1 = 2
)

// identityMultihash begins a multihash that is not hashed at all, as is that of a key of at most 42 bytes.
const identityMultihash = 0x00

var errNotLibP2P = errors.New("not a libp2p private key of type Ed25519 or secp256k1")

var errNotLibP2PPublic = errors.New("not a libp2p public key of type Ed25519 or Secp256k1 in base64")

// LibP2P is the private key in libp2p's encoding. Whoever calls this must neither log nor keep it.
func (k Key) LibP2P() []byte {
	data := k.Secret()
	if k.public.keyType == v1alpha1.IdentityEd25519 {
		data = append(data, k.public.raw...) // libp2p, as Go, keeps both halves of an Ed25519 key.
	}
	return message(k.public.keyType, data)
}

// ParseLibP2P reads what LibP2P writes. It refuses an Ed25519 key whose public half is not that of the private one,
// which libp2p itself takes: it would sign as somebody else than the peer ID says.
func ParseLibP2P(encoded []byte) (Key, error) {
	switch t, data := parseMessage(encoded); t {
	case v1alpha1.IdentityEd25519:
		return parseEd25519(data)
	case v1alpha1.IdentitySecp256k1:
		return Parse(t, data)
	default:
		return Key{}, errNotLibP2P
	}
}

func parseEd25519(data []byte) (Key, error) {
	// The form of old libraries: the public half twice.
	if len(data) == ed25519.PrivateKeySize+ed25519.PublicKeySize && slices.Equal(data[32:64], data[64:]) {
		data = data[:ed25519.PrivateKeySize]
	}
	if len(data) != ed25519.PrivateKeySize {
		return Key{}, errNotLibP2P
	}
	key, err := Parse(v1alpha1.IdentityEd25519, data[:SecretSize])
	if err != nil {
		return Key{}, err
	}
	if key.public.raw != string(data[SecretSize:]) {
		return Key{}, errors.New("the public half of the Ed25519 key does not belong to its private half")
	}
	return key, nil
}

// LibP2P is the public key as libp2p software prints it: base64 of its protobuf.
func (p Public) LibP2P() string {
	return base64.StdEncoding.EncodeToString(message(p.keyType, []byte(p.raw)))
}

// ParsePublicLibP2P reads what LibP2P writes.
func ParsePublicLibP2P(text string) (Public, error) {
	encoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Public{}, errNotLibP2PPublic
	}
	t, data := parseMessage(encoded)
	public, err := ParsePublic(t, hex.EncodeToString(data))
	// The decoder takes line breaks; written again they would be gone.
	if err != nil || public.LibP2P() != text {
		return Public{}, errors.Join(errNotLibP2PPublic, err)
	}
	return public, nil
}

// PeerID is the name that libp2p derives from the key.
func (p Public) PeerID() string {
	encoded := message(p.keyType, []byte(p.raw))
	return base58.Encode(append(binary.AppendUvarint([]byte{identityMultihash}, uint64(len(encoded))), encoded...))
}

// message writes the protobuf {Type: t, Data: data}.
func message(t v1alpha1.IdentityType, data []byte) []byte {
	proto := byte(protoEd25519)
	if t == v1alpha1.IdentitySecp256k1 {
		proto = protoSecp256k1
	}
	return append(binary.AppendUvarint([]byte{0x08, proto, 0x12}, uint64(len(data))), data...)
}

// parseMessage reads what message writes; the type is "" where it is something else, or of a type that is not known.
func parseMessage(encoded []byte) (v1alpha1.IdentityType, []byte) {
	if len(encoded) < 4 || encoded[0] != 0x08 || encoded[2] != 0x12 || int(encoded[3]) != len(encoded)-4 {
		return "", nil
	}
	switch encoded[1] {
	case protoEd25519:
		return v1alpha1.IdentityEd25519, encoded[4:]
	case protoSecp256k1:
		return v1alpha1.IdentitySecp256k1, encoded[4:]
	default:
		return "", nil
	}
}
