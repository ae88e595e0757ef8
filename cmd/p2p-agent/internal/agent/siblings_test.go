// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/peernode/operator/cmd/p2p-agent/internal/api"
	"github.com/peernode/operator/cmd/p2p-agent/internal/peerlist"
)

func TestSiblingsFindEachOtherAndLoseTheOneThatLeaves(t *testing.T) {
	a, b, c := startNode(t, "alpha", nil), startNode(t, "beta", nil), startNode(t, "gamma", nil)
	fleet := []*node{a, b, c}
	publish := func(listed ...*node) {
		var addresses []string
		for _, n := range listed {
			addresses = append(addresses, n.address(t, "/tcp/"))
		}
		for _, n := range fleet {
			n.publish(t, list(listed)+siblings(addresses...)) // one file for all
		}
	}

	publish(a, b, c)
	waitFor(t, "all are connected", func() bool {
		return a.sees(b) && a.sees(c) && b.sees(a) && b.sees(c) && c.sees(a) && c.sees(b)
	})
	// While the lists arrive one by one, some may have been refused already.
	before := map[*node]float64{a: a.metric(t, "auth_failures"), b: b.metric(t, "auth_failures")}
	publish(a, b)
	waitFor(t, "gamma is alone", func() bool { return !a.sees(c) && !b.sees(c) && !c.sees(a) && !c.sees(b) })
	// Gamma found itself on no list, but the others on its own: it tries again.
	for n, count := range before {
		waitFor(t, "gamma is refused", func() bool { return n.metric(t, "auth_failures") > count })
	}
	if a.sees(c) || b.sees(c) {
		t.Error("gamma is back")
	}
	if !a.sees(b) || !b.sees(a) {
		t.Error("those that stay lost each other")
	}

	publish(a, b, c)
	waitFor(t, "gamma is back", func() bool { return a.sees(c) && b.sees(c) })
	if code, body := get(t, c.health.Addr(), api.ReadyPath); code != http.StatusOK {
		t.Errorf("readiness: %d %s", code, body)
	}
}

// What a fleet's growth leaves behind would fill max_peers in the end.
func TestAGrownFleetKeepsOnlyTheConnectionsOfItsRing(t *testing.T) {
	a, b, c := startNode(t, "alpha", nil), startNode(t, "beta", nil), startNode(t, "gamma", nil)
	nodes := []*node{a, b, c}
	allConnected := func() bool { return a.sees(b) && a.sees(c) && b.sees(c) }
	small := list(nodes) + siblings(a.address(t, "/tcp/"), b.address(t, "/tcp/"), c.address(t, "/tcp/"))
	for _, n := range nodes {
		n.publish(t, small)
	}
	waitFor(t, "the small fleet is connected", allConnected)

	// Two stay linked, the third is linked to neither. Who that can be depends on their IDs: two next to each other on the
	// ring have no stranger between them, however many are drawn.
	roles := [][]*node{{a, b, c}, {b, c, a}, {c, a, b}}
	others := strangersSuchThat(t, func(others []peer.ID) bool {
		ring := peerlist.NewRing(append(others, a.id, b.id, c.id)...)
		for _, r := range roles {
			if ring.Linked(r[0].id, r[1].id) && !ring.Linked(r[0].id, r[2].id) && !ring.Linked(r[1].id, r[2].id) {
				a, b, c = r[0], r[1], r[2]
				return true
			}
		}
		return false
	})
	large := strings.Builder{}
	large.WriteString(small)
	for _, id := range others {
		large.WriteString("- /ip4/127.0.0.1/tcp/1/p2p/" + id.String() + "\n")
	}
	for _, n := range nodes {
		n.publish(t, large.String())
	}
	waitFor(t, "gamma is let go", func() bool { return !a.sees(c) && !b.sees(c) && !c.sees(a) && !c.sees(b) })
	time.Sleep(time.Second) // longer than the first pause before a redial
	if a.sees(c) || b.sees(c) {
		t.Error("gamma was dialled again")
	}
	if !a.sees(b) || !b.sees(a) {
		t.Error("two that the ring links lost each other")
	}

	// A bootstrap peer stays one, wherever the ring has it.
	gamma := c.address(t, "/tcp/")
	a.publish(t, strings.Replace(large.String(), "bootstrap:\n", "bootstrap:\n- "+gamma+"\n", 1))
	waitFor(t, "alpha dials gamma", func() bool { return a.sees(c) })

	for _, n := range nodes {
		n.publish(t, small)
	}
	waitFor(t, "the fleet is small again", allConnected)
}

// strangersSuchThat makes IDs of peers that do not run, enough for a fleet in
// which agents choose, until they suit.
func strangersSuchThat(t *testing.T, suit func([]peer.ID) bool) []peer.ID {
	t.Helper()
	for range 1000 {
		ids := make([]peer.ID, 20)
		for i := range ids {
			_, ids[i] = newKey(t)
		}
		if suit(ids) {
			return ids
		}
	}
	t.Fatal("no IDs suit")
	return nil
}
