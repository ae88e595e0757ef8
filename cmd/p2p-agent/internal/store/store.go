// SPDX-License-Identifier: Apache-2.0

// Package store keeps what an agent must not forget over a restart: how often
// it started, the sequence number of its heartbeats, and whom it saw last. It is
// the only code that writes below storage.path.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	fileName = "state.json"
	lockName = "state.lock"
	// formatVersion is raised when an older agent could not read the file.
	formatVersion = 1
	// maxPeers bounds the file under trust level relaxed, where anyone may come.
	maxPeers = 1000
)

// State is the content of state.json.
type State struct {
	Version int     `json:"version"`
	PeerID  peer.ID `json:"peerID"`
	// Starts counts the starts on this storage.
	Starts uint64 `json:"starts"`
	// Sequence is that of the last heartbeat; it never goes back.
	Sequence uint64 `json:"sequence"`
	// Peers has the text form of peer IDs as keys: as a key, encoding/json
	// would write the bytes of a peer.ID, which are no valid text.
	Peers map[string]LastSeen `json:"peers"`
}

// LastSeen is what a peer's last valid heartbeat said.
type LastSeen struct {
	Name     string    `json:"name"`
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
}

// Store holds the state in memory and on disk.
type Store struct {
	dir  string
	lock *os.File

	mu    sync.Mutex
	state State
}

// Open reads the state below dir, counts the start and writes it back. Two
// agents on one storage would both use one sequence, so the second is refused.
func Open(dir string, id peer.ID) (*Store, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the storage folder: %w", err)
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock}
	if err := s.start(id); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) start(id peer.ID) error {
	state, err := load(filepath.Join(s.dir, fileName))
	if err != nil {
		return err
	}
	// After a rotation the key is new but the agent, its volume and so its
	// counters are the same.
	state.Version, state.PeerID = formatVersion, id
	state.Starts++
	s.state = state
	return s.save()
}

func acquire(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("storage %s is not writable: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("storage %s is in use by another p2p-agent; stop that one or give this one its own storage.path: %w", dir, err)
	}
	return f, nil
}

// load fails on a damaged file instead of starting over: a sequence that went
// back to zero would look like a replay to every other agent.
func load(path string) (State, error) {
	empty := State{Peers: map[string]LastSeen{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read the state: %w", err)
	}
	state := empty
	if err := json.Unmarshal(data, &state); err != nil {
		return State{}, fmt.Errorf("%s is damaged; restore it from a backup, or delete it to start with sequence 0: %w", path, err)
	}
	if state.Peers == nil {
		state.Peers = empty.Peers
	}
	if state.Version != formatVersion {
		return State{}, fmt.Errorf("%s has format version %d, this agent reads %d; use the agent version that wrote it", path, state.Version, formatVersion)
	}
	return state, nil
}

// Next raises the sequence and returns it once it is durable: a number that was
// sent is never used again, whatever happens to the process or the machine.
func (s *Store) Next() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Sequence++
	if err := s.save(); err != nil {
		return 0, err
	}
	return s.state.Sequence, nil
}

// Seen remembers p's heartbeat; the next save writes it.
func (s *Store) Seen(p peer.ID, seen LastSeen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.state.Peers[p.String()]; !ok && len(s.state.Peers) >= maxPeers {
		s.forgetOldest()
	}
	s.state.Peers[p.String()] = seen
}

func (s *Store) forgetOldest() {
	var oldest string
	for p, seen := range s.state.Peers {
		if oldest == "" || seen.Time.Before(s.state.Peers[oldest].Time) {
			oldest = p
		}
	}
	delete(s.state.Peers, oldest)
}

// Last returns what is remembered of p.
func (s *Store) Last(p peer.ID) (LastSeen, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, ok := s.state.Peers[p.String()]
	return seen, ok
}

// Counters returns the number of starts and the last sequence.
func (s *Store) Counters() (starts, sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Starts, s.state.Sequence
}

// Close writes the state a last time and lets the storage go.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.save(), s.lock.Close())
}
