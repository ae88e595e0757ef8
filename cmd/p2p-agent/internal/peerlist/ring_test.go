// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/peer"
)

// fleet makes the IDs of n peers, in no order.
func fleet(n int) []peer.ID {
	ids := make([]peer.ID, n)
	for i := range ids {
		sum := sha256.Sum256(fmt.Append(nil, i))
		ids[i] = peer.ID(sum[:])
	}
	return ids
}

func TestTheFingersOfAFleetHangTogether(t *testing.T) {
	cases := map[string]struct{ n, fingers int }{
		"one agent has nobody to connect to":                    {1, 0},
		"two connect to each other":                             {2, 1},
		"three all connect":                                     {3, 2},
		"sixteen all connect":                                   {16, 15},
		"seventeen, each with sixteen others, all connect":      {17, 16},
		"eighteen are the smallest fleet in which each chooses": {18, 5},
		"thirty-two, a power of two":                            {32, 5},
		"thirty-three, one more":                                {33, 6},
		"a hundred":                                             {100, 7},
		"a thousand":                                            {1000, 10},
		"two thousand, the largest fleet":                       {2000, 11},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ids := fleet(c.n)
			ring := NewRing(ids...)
			links := map[peer.ID][]peer.ID{}
			for _, self := range ids {
				fingers := ring.Fingers(self)
				if len(fingers) != c.fingers {
					t.Fatalf("%d fingers, want %d", len(fingers), c.fingers)
				}
				// The logarithm of n to the base of 2, rounded up.
				if bound := bits.Len(uint(c.n - 1)); c.n-1 > fullMesh && len(fingers) > bound {
					t.Fatalf("%d fingers, more than %d", len(fingers), bound)
				}
				if slices.Contains(fingers, self) {
					t.Fatal("an agent chose itself")
				}
				if len(NewRing(fingers...)) != len(fingers) {
					t.Fatal("an agent chose a sibling twice")
				}
				for _, other := range fingers {
					links[self] = append(links[self], other)
					links[other] = append(links[other], self)
				}
			}
			if got := reach(links, ids[0]); got != c.n {
				t.Errorf("from one agent %d of %d can be reached", got, c.n)
			}
		})
	}
}

// reach counts the agents that links lead to, the first included.
func reach(links map[peer.ID][]peer.ID, from peer.ID) int {
	seen := map[peer.ID]bool{from: true}
	for next := []peer.ID{from}; len(next) > 0; next = next[1:] {
		for _, id := range links[next[0]] {
			if !seen[id] {
				seen[id] = true
				next = append(next, id)
			}
		}
	}
	return len(seen)
}

func TestFingersAreThoseAtTheDistancesOfChord(t *testing.T) {
	ring := NewRing(large...)
	cases := map[string]struct {
		self peer.ID
		want []peer.ID
	}{
		"from the first on":                    {"a", []peer.ID{"b", "c", "e", "i", "q"}},
		"after the last comes the first":       {"q", []peer.ID{"r", "a", "c", "g", "o"}},
		"one that is not in the ring has none": {"x", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ring.Fingers(c.self)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLinkedSeesBothDirections(t *testing.T) {
	ring := NewRing(large...)
	cases := map[string]struct {
		a, b peer.ID
		want bool
	}{
		"the first is the other's finger":  {"a", "q", true},
		"the second is the other's finger": {"q", "a", true},
		"neither is the other's finger":    {"a", "d", false},
		"one of them is not in the ring":   {"a", "x", false},
		"an agent is not linked to itself": {"a", "a", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ring.Linked(c.a, c.b); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestTheOrderOfTheListDoesNotChangeTheFingers(t *testing.T) {
	for _, n := range []int{5, 100} {
		ids := fleet(n)
		want := NewRing(ids...).Fingers(ids[0])
		for seed := range uint64(5) {
			shuffled := slices.Concat(ids, ids[:3]) // some are listed twice
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if diff := cmp.Diff(want, NewRing(shuffled...).Fingers(ids[0])); diff != "" {
				t.Fatalf("%d agents: -want +got:\n%s", n, diff)
			}
		}
	}
}
