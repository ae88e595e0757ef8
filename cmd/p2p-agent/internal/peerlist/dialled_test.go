// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// addressed gives each peer the address of the given host.
func addressed(host string, ids ...peer.ID) Addresses {
	addresses := Addresses{}
	for _, id := range ids {
		addresses[id] = []multiaddr.Multiaddr{multiaddr.StringCast(fmt.Sprintf("/dns/%s/tcp/8000", host))}
	}
	return addresses
}

// large is a fleet in which each peer chooses among the others. The fingers of
// "a" are b, c, e, i and q; it is itself a finger of r, q, o, k and c.
var large = []peer.ID{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r"}

func TestDialledAreTheBootstrapPeersAndTheFingers(t *testing.T) {
	merge := func(a, b Addresses) Addresses { maps.Copy(a, b); return a }
	cases := map[string]struct{ bootstrap, siblings, want Addresses }{
		"without siblings the bootstrap peers": {
			addressed("boot", "b", "z"), nil, addressed("boot", "b", "z"),
		},
		"all of a small fleet, but not the agent itself": {
			Addresses{}, addressed("fleet", "a", "b", "c"), addressed("fleet", "b", "c"),
		},
		"an agent that the fleet's list does not hold yet dials all the same": {
			Addresses{}, addressed("fleet", "b", "c"), addressed("fleet", "b", "c"),
		},
		"the fingers in a large fleet": {
			Addresses{}, addressed("fleet", large...), addressed("fleet", "b", "c", "e", "i", "q"),
		},
		"bootstrap peers beside the fingers": {
			addressed("boot", "z"), addressed("fleet", large...),
			merge(addressed("fleet", "b", "c", "e", "i", "q"), addressed("boot", "z")),
		},
		"a sibling that is a bootstrap peer is dialled as one and keeps its place in the ring": {
			addressed("boot", "b", "d"), addressed("fleet", large...),
			merge(addressed("fleet", "c", "e", "i", "q"), addressed("boot", "b", "d")),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list := List{Bootstrap: c.bootstrap, Siblings: c.siblings}
			// An agent asks with and without itself in the list.
			for _, l := range []List{list, list.Without("a")} {
				if diff := cmp.Diff(c.want, l.Dialled("a")); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
			if _, ok := list.Bootstrap["c"]; ok {
				t.Error("the list was changed")
			}
		})
	}
}

func TestSpareAreTheSiblingsThatNeitherEndWouldDial(t *testing.T) {
	cases := map[string]struct {
		list            List
		connected, want []peer.ID
	}{
		"nobody in a small fleet": {
			List{Siblings: addressed("fleet", large[:17]...)}, large[1:17], nil,
		},
		"in a large fleet those that are linked in neither direction": {
			List{Siblings: addressed("fleet", large...)}, large[1:], []peer.ID{"d", "f", "g", "h", "j", "l", "m", "n", "p"},
		},
		"only those that are connected": {
			List{Siblings: addressed("fleet", large...)}, []peer.ID{"b", "d"}, []peer.ID{"d"},
		},
		"no bootstrap peer": {
			List{Bootstrap: addressed("boot", "d"), Siblings: addressed("fleet", large...)}, []peer.ID{"d", "f"}, []peer.ID{"f"},
		},
		"no member of another fleet, chosen or not": {
			List{Siblings: addressed("fleet", large...), Fleets: Fleets{"x": addressed("x", fleet(30)...)}}, fleet(30), nil,
		},
		"no sibling that is a member of another fleet as well": {
			List{Siblings: addressed("fleet", large...), Fleets: Fleets{"x": {}, "y": addressed("y", "d")}}, []peer.ID{"d", "f"}, []peer.ID{"f"},
		},
		"no peer of another kind": {
			List{Siblings: addressed("fleet", large...)}, []peer.ID{"x"}, nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := c.list.Spare("a", c.connected)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
