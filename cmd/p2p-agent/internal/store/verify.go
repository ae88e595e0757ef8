// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Summary is what a storage holds, for whoever compares it with what it should.
type Summary struct {
	PeerID   peer.ID `json:"peerID"`
	Starts   uint64  `json:"starts"`
	Sequence uint64  `json:"sequence"`
	Peers    int     `json:"peers"`
}

// Verify reads the state below dir as the agent does when it starts, and checks what only a start would trip over. It
// writes nothing and needs no key. A storage on which no agent was ever started is refused.
func Verify(dir string) (Summary, error) {
	path := filepath.Join(dir, fileName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Summary{}, fmt.Errorf("there is no %s: no agent was ever started on this storage, or it was lost", path)
	}
	state, err := load(path)
	if err != nil {
		return Summary{}, err
	}
	if err := state.PeerID.Validate(); err != nil || state.Starts == 0 {
		return Summary{}, fmt.Errorf("%s is damaged: it names no agent that was started; restore it from a backup", path)
	}
	for id := range state.Peers {
		if _, err := peer.Decode(id); err != nil {
			return Summary{}, fmt.Errorf("%s is damaged: %q is no peer ID; restore it from a backup", path, id)
		}
	}
	return Summary{PeerID: state.PeerID, Starts: state.Starts, Sequence: state.Sequence, Peers: len(state.Peers)}, nil
}
