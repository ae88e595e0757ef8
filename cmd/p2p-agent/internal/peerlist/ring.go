// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// fullMesh is how many other siblings an agent connects to without choosing.
// With more, a mesh would need max_peers and heartbeats to grow with the fleet.
const fullMesh = 16

// maxContacts is how many members of another fleet an agent connects to: enough
// to still have one while another restarts and a third is away. Each more would
// cost a small fleet a connection for every agent of a large one.
const maxContacts = 3

// Ring is a fleet in the order of its peer IDs, each once. The order closes: the
// first follows the last. Agents with the same list have the same ring, so they
// agree on who connects to whom without asking each other.
type Ring []peer.ID

// NewRing puts the peers of a fleet in order.
func NewRing(ids ...peer.ID) Ring {
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// Fingers are the siblings that self keeps a connection to: everybody in a small
// fleet, else those that follow at the distances 1, 2, 4, 8 and so on, as in
// Chord. The first of them alone holds the ring together; the others keep it
// together when peers are away, and any two peers a few steps apart.
func (r Ring) Fingers(self peer.ID) []peer.ID {
	return r.choose(self, fullMesh, len(r))
}

// Contacts are the members of another fleet that self keeps a connection to, on
// the ring of that fleet and self: everybody in the smallest fleets, else the
// first three that would be fingers. Agents that stand apart choose apart, which
// spreads a large fleet over the other one.
func (r Ring) Contacts(self peer.ID) []peer.ID {
	return r.choose(self, maxContacts, maxContacts)
}

// choose returns everybody but self when they are no more than all, else those
// that follow self at the distances 1, 2, 4, 8 and so on, as many as limit.
func (r Ring) choose(self peer.ID, all, limit int) []peer.ID {
	at, ok := slices.BinarySearch(r, self)
	if !ok {
		return nil
	}
	if len(r)-1 <= all {
		return slices.Concat(r[:at], r[at+1:])
	}
	var chosen []peer.ID
	for distance := 1; distance < len(r) && len(chosen) < limit; distance *= 2 {
		chosen = append(chosen, r[(at+distance)%len(r)])
	}
	return chosen
}

// Linked says whether one of the two keeps a connection to the other.
func (r Ring) Linked(a, b peer.ID) bool {
	return slices.Contains(r.Fingers(a), b) || slices.Contains(r.Fingers(b), a)
}
