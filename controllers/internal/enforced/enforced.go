// SPDX-License-Identifier: Apache-2.0

// Package enforced holds what the operator knows of whether NetworkPolicies are enforced, between who finds out and who
// tells.
package enforced

import (
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/enforcement"
)

// State is the word that counts now.
type State struct {
	mu      sync.Mutex
	word    enforcement.Word
	changes chan event.GenericEvent
}

// New begins with a word.
func New(word enforcement.Word) *State {
	return &State{word: word, changes: make(chan event.GenericEvent, 1)}
}

// Word is what is known.
func (s *State) Word() enforcement.Word {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.word
}

// Set reports whether the word is another one than before; then there is a change for who follows them.
func (s *State) Set(word enforcement.Word) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.word == word {
		return false
	}
	s.word = word
	select {
	case s.changes <- event.GenericEvent{Object: &v1alpha1.PeerNode{}}:
	default: // The change before this one has not been seen yet; who sees it sees this word.
	}
	return true
}

// Changes has an event, about no PeerNode in particular, whenever the word has changed.
func (s *State) Changes() <-chan event.GenericEvent { return s.changes }
