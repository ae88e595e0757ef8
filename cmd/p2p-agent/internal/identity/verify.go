// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Verify loads the key in dir and compares it with what is expected; an empty
// expectation accepts any.
func Verify(dir, expectPeerID, expectType string) (Info, error) {
	key, err := Load(dir)
	if err != nil {
		return Info{}, err
	}
	info, err := Describe(key)
	if err != nil {
		return Info{}, err
	}
	if expectPeerID != "" {
		want, err := peer.Decode(expectPeerID)
		if err != nil {
			return Info{}, fmt.Errorf("%q is not a peer ID: %w", expectPeerID, err)
		}
		if want != info.PeerID {
			return Info{}, fmt.Errorf("the key in %s is that of %s, expected %s", dir, info.PeerID, want)
		}
	}
	if expectType != "" && expectType != info.KeyType {
		return Info{}, fmt.Errorf("the key in %s is of type %s, expected %s", dir, info.KeyType, expectType)
	}
	return info, nil
}
