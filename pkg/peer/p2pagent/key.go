// SPDX-License-Identifier: Apache-2.0

package p2pagent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer"
)

// keyFile is the name of the key in its folder: one line, base64 of a libp2p private key.
const keyFile = "identity.key"

// libp2pKey keeps identities in libp2p's own encoding.
type libp2pKey struct{}

var _ peer.Key = libp2pKey{}

// Network is that of all libp2p software.
func (libp2pKey) Network() string { return "libp2p" }

// Public reads what Identity writes.
func (libp2pKey) Public(publicKey string) (identity.Public, error) {
	return identity.ParsePublicLibP2P(publicKey)
}

// SwitchesFreely says yes: agents know each other by their lists alone.
func (libp2pKey) SwitchesFreely() bool { return true }

// Identity is the peer ID, and the public key as libp2p encodes it.
func (libp2pKey) Identity(key identity.Public) peer.Identity {
	return peer.Identity{PeerID: key.PeerID(), PublicKey: key.LibP2P()}
}

// Files writes key as an agent reads it.
func (libp2pKey) Files(key identity.Key) map[string][]byte {
	line := base64.StdEncoding.AppendEncode(nil, key.LibP2P())
	return map[string][]byte{keyFile: append(line, '\n')}
}

// Read takes what an agent takes. No part of a file may show in an error: it may be a private key.
func (libp2pKey) Read(files map[string][]byte) (identity.Key, error) {
	line, ok := files[keyFile]
	if !ok {
		return identity.Key{}, fmt.Errorf("there is no %s, in which a p2p-agent keeps its key", keyFile)
	}
	encoded, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(line)))
	if err != nil {
		return identity.Key{}, fmt.Errorf("%s is not one line of base64", keyFile)
	}
	key, err := identity.ParseLibP2P(encoded)
	if err != nil {
		return identity.Key{}, fmt.Errorf("%s: %w", keyFile, err)
	}
	return key, nil
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
