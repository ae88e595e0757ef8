// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Verified is what may be known of a key in its file.
type Verified struct {
	Info

	// Mode, in octal digits, and Owner are those of the file, as the agent sees them.
	Mode  string `json:"mode"`
	Owner int    `json:"owner"`
}

// Verify loads the key in dir and compares it with what is expected; an empty
// expectation accepts any.
func Verify(dir, expectPeerID, expectType string) (Verified, error) {
	key, file, err := load(dir)
	if err != nil {
		return Verified{}, err
	}
	info, err := Describe(key)
	if err != nil {
		return Verified{}, err
	}
	if expectPeerID != "" {
		want, err := peer.Decode(expectPeerID)
		if err != nil {
			return Verified{}, fmt.Errorf("%q is not a peer ID: %w", expectPeerID, err)
		}
		if want != info.PeerID {
			return Verified{}, fmt.Errorf("the key in %s is that of %s, expected %s", dir, info.PeerID, want)
		}
	}
	if expectType != "" && expectType != info.KeyType {
		return Verified{}, fmt.Errorf("the key in %s is of type %s, expected %s", dir, info.KeyType, expectType)
	}
	return Verified{info, fmt.Sprintf("%04o", file.Mode().Perm()), ownerOf(file)}, nil
}
