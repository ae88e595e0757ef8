// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Fleets are the members of other fleets, by fleet. The name is only a label.
type Fleets map[string]Addresses

// parseFleets reads the multiaddrs of the named key. It goes through the fleets
// in order, so that a wrong file is always reported in the same words.
func parseFleets(key string, entries map[string][]string) (Fleets, error) {
	fleets := Fleets{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		members, err := parseAddresses(fmt.Sprintf("%s[%s]", key, name), entries[name])
		fleets[name] = members
		errs = append(errs, err)
	}
	return fleets, errors.Join(errs...)
}

func (f Fleets) merge(other Fleets) Fleets {
	merged := Fleets{}
	for _, fleets := range []Fleets{f, other} {
		for name, members := range fleets {
			merged[name] = merged[name].merge(members)
		}
	}
	return merged
}

func (f Fleets) without(id peer.ID) Fleets {
	rest := Fleets{}
	for name, members := range f {
		rest[name] = members.without(id)
	}
	return rest
}

// has says whether id is a member of one of the fleets.
func (f Fleets) has(id peer.ID) bool {
	for _, members := range f {
		if _, ok := members[id]; ok {
			return true
		}
	}
	return false
}

// contacts are the contacts of self among the members of another fleet, on the
// ring that they and self make.
func (a Addresses) contacts(self peer.ID) []peer.ID {
	atPlace := map[peer.ID]peer.ID{place(self): self}
	for id := range a {
		atPlace[place(id)] = id
	}
	contacts := NewRing(slices.Collect(maps.Keys(atPlace))...).Contacts(place(self))
	for i, p := range contacts {
		contacts[i] = atPlace[p]
	}
	return contacts
}

// place is what puts a peer in order with those of another fleet. Its ID would
// not do: it begins with the type of the key, so that all agents with keys of
// one type would precede a fleet of the other and choose the same members.
func place(id peer.ID) peer.ID {
	sum := sha256.Sum256([]byte(id))
	return peer.ID(sum[:])
}
