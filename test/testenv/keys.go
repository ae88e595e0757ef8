// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"slices"
	"sync"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

// Keys are all private keys that came to be in an environment, also those that nobody was given, for tests that look where
// they show.
type Keys struct {
	mu   sync.Mutex
	made []MadeKey
}

// MadeKey is a private key, and the peer and epoch that it was made for.
type MadeKey struct {
	identity.Key
	For seal.Binding
}

// Add takes note of a key. That has to be before anybody else has it.
func (k *Keys) Add(key identity.Key, of seal.Binding) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = append(k.made, MadeKey{Key: key, For: of})
}

// Since returns the keys after the first n, in the order in which they were made.
func (k *Keys) Since(n int) []MadeKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.made[n:])
}

// In returns the keys that were made for peers of a namespace.
func (k *Keys) In(namespace string) []MadeKey {
	return slices.DeleteFunc(k.Since(0), func(m MadeKey) bool { return m.For.Namespace != namespace })
}
