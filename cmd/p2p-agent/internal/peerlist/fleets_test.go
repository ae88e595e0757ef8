// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestContactsAreAllOrThree(t *testing.T) {
	cases := map[string]struct{ members, want int }{
		"nobody in an empty fleet": {0, 0},
		"the only member":          {1, 1},
		"all three":                {3, 3},
		"three of the four":        {4, 3},
		"three of sixteen, too few to choose among siblings": {16, 3},
		"three of the largest fleet":                         {2000, 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ids := fleet(c.members + 1)
			self, members := ids[0], addressed("edge", ids[1:]...)
			contacts := members.contacts(self)
			if len(contacts) != c.want || len(NewRing(contacts...)) != c.want {
				t.Fatalf("got %d contacts, want %d: %v", len(contacts), c.want, contacts)
			}
			for _, id := range contacts {
				if _, ok := members[id]; !ok {
					t.Errorf("%s is not a member", id)
				}
			}
			// As in the file, an agent may find itself among the members.
			if diff := cmp.Diff(contacts, addressed("edge", ids...).contacts(self)); diff != "" {
				t.Errorf("listed itself: -want +got:\n%s", diff)
			}
		})
	}
}

func TestContactsFollowAtTheDistancesOneTwoFour(t *testing.T) {
	cases := map[string]struct {
		ring Ring
		self peer.ID
		want []peer.ID
	}{
		"from the first on":                    {NewRing(large...), "a", []peer.ID{"b", "c", "e"}},
		"after the last comes the first":       {NewRing(large...), "q", []peer.ID{"r", "a", "c"}},
		"in the smallest fleet with a choice":  {NewRing(large[:5]...), "c", []peer.ID{"d", "e", "b"}},
		"in the largest fleet without one":     {NewRing(large[:4]...), "c", []peer.ID{"a", "b", "d"}},
		"one that is not in the ring has none": {NewRing(large...), "x", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.ring.Contacts(c.self)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestALargeFleetSpreadsOverTheOther(t *testing.T) {
	const agents, members, most = 300, 30, 4
	cases := map[string]struct{ agents, members keyType }{
		"keys of one type":                     {ed25519Key, ed25519Key},
		"keys of the other type":               {secp256k1Key, secp256k1Key},
		"a type whose IDs precede the other's": {ed25519Key, secp256k1Key},
		"a type whose IDs follow the other's":  {secp256k1Key, ed25519Key},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			other := addressed("edge", keyed(t, c.members, "member", members)...)
			chosen := map[peer.ID]int{}
			for _, self := range keyed(t, c.agents, "agent", agents) {
				for _, id := range other.contacts(self) {
					chosen[id]++
				}
			}
			mean := agents * maxContacts / members
			if got := slices.Max(slices.Collect(maps.Values(chosen))); got > most*mean {
				t.Errorf("one member is chosen by %d agents, more than %d times the mean of %d", got, most, mean)
			}
			if len(chosen) < members*9/10 {
				t.Errorf("only %d of %d members are chosen at all", len(chosen), members)
			}
		})
	}
}

type keyType func(seed []byte) (crypto.PubKey, error)

func ed25519Key(seed []byte) (crypto.PubKey, error) {
	return crypto.UnmarshalEd25519PublicKey(ed25519.NewKeyFromSeed(seed)[ed25519.SeedSize:])
}

func secp256k1Key(seed []byte) (crypto.PubKey, error) {
	key, err := crypto.UnmarshalSecp256k1PrivateKey(seed)
	if err != nil {
		return nil, err
	}
	return key.GetPublic(), nil
}

// keyed makes the IDs of n peers with keys of the type, always the same ones.
// Unlike those of fleet, they begin as real ones do.
func keyed(t *testing.T, public keyType, name string, n int) []peer.ID {
	t.Helper()
	ids := make([]peer.ID, n)
	for i := range ids {
		seed := sha256.Sum256(fmt.Append(nil, name, i))
		key, err := public(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		if ids[i], err = peer.IDFromPublicKey(key); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

func TestDialledInOtherFleets(t *testing.T) {
	cases := map[string]struct{ list, want List }{
		"all members of small ones": {
			List{Fleets: Fleets{"x": addressed("x", "s", "t"), "y": addressed("y", "u")}},
			List{Fleets: Fleets{"x": addressed("x", "s", "t"), "y": addressed("y", "u")}},
		},
		"beside bootstrap peers and siblings": {
			List{Bootstrap: addressed("boot", "z"), Siblings: addressed("fleet", "b"), Fleets: Fleets{"x": addressed("x", "s")}},
			List{Bootstrap: addressed("boot", "z"), Siblings: addressed("fleet", "b"), Fleets: Fleets{"x": addressed("x", "s")}},
		},
		"a bootstrap peer as one": {
			List{Bootstrap: addressed("boot", "s"), Fleets: Fleets{"x": addressed("x", "s", "t")}},
			List{Bootstrap: addressed("boot", "s"), Fleets: Fleets{"x": addressed("x", "t")}},
		},
		"a sibling that is dialled as a sibling": {
			List{Siblings: addressed("fleet", "b"), Fleets: Fleets{"x": addressed("x", "b")}},
			List{Siblings: addressed("fleet", "b")},
		},
		"a sibling that is not dialled as one": {
			List{Siblings: addressed("fleet", large...), Fleets: Fleets{"x": addressed("x", "d")}},
			List{Siblings: addressed("fleet", "b", "c", "e", "i", "q"), Fleets: Fleets{"x": addressed("x", "d")}},
		},
		"a member of two as one of the first by name": {
			List{Fleets: Fleets{"z": addressed("z", "s"), "y": addressed("y", "s"), "x": addressed("x", "t")}},
			List{Fleets: Fleets{"y": addressed("y", "s"), "x": addressed("x", "t")}},
		},
		"nobody in an empty one": {
			List{Fleets: Fleets{"x": {}}}, List{},
		},
		"not the agent itself": {
			List{Fleets: Fleets{"x": addressed("x", "a", "s")}},
			List{Fleets: Fleets{"x": addressed("x", "s")}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := Addresses{}
			for _, part := range append(slices.Collect(maps.Values(c.want.Fleets)), c.want.Bootstrap, c.want.Siblings) {
				maps.Copy(want, part)
			}
			list := List{}.Merge(c.list)
			for range 20 { // maps are gone through in another order each time
				if diff := cmp.Diff(want, list.Dialled("a")); diff != "" {
					t.Fatalf("-want +got:\n%s", diff)
				}
			}
			if diff := cmp.Diff(want, list.Without("a").Dialled("a")); diff != "" {
				t.Errorf("without itself: -want +got:\n%s", diff)
			}
		})
	}
}

func TestFleetsAreMergedByName(t *testing.T) {
	cases := map[string]struct{ a, b, want Fleets }{
		"into none":               {nil, Fleets{"x": addressed("x", "s")}, Fleets{"x": addressed("x", "s")}},
		"with none":               {Fleets{"x": addressed("x", "s")}, nil, Fleets{"x": addressed("x", "s")}},
		"of two names":            {Fleets{"x": addressed("x", "s")}, Fleets{"y": addressed("y", "s")}, Fleets{"x": addressed("x", "s"), "y": addressed("y", "s")}},
		"of one name":             {Fleets{"x": addressed("x", "s")}, Fleets{"x": addressed("x", "t")}, Fleets{"x": addressed("x", "s", "t")}},
		"with an address known":   {Fleets{"x": addressed("x", "s")}, Fleets{"x": addressed("x", "s")}, Fleets{"x": addressed("x", "s")}},
		"of one name, once empty": {Fleets{"x": {}}, Fleets{"x": addressed("x", "s")}, Fleets{"x": addressed("x", "s")}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := maps.Clone(c.a["x"])
			merged := List{Fleets: c.a}.Merge(List{Fleets: c.b})
			if diff := cmp.Diff(c.want, merged.Fleets); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, c.a["x"]); diff != "" {
				t.Errorf("Merge changed its input: -want +got:\n%s", diff)
			}
			rest := merged.Without("s")
			if rest.Fleets.has("s") || len(rest.Fleets) != len(merged.Fleets) {
				t.Errorf("without s: %v", rest.Fleets)
			}
			if diff := cmp.Diff(c.want, merged.Fleets); diff != "" {
				t.Errorf("Without changed its input: -want +got:\n%s", diff)
			}
		})
	}
}
