// SPDX-License-Identifier: Apache-2.0

package agent

import "testing"

func TestAFleetFollowsTheMembersOfAnother(t *testing.T) {
	a, b, c := startNode(t, "alpha", nil), startNode(t, "beta", nil), startNode(t, "gamma", nil)
	edge := func(members ...*node) string {
		var addresses []string
		for _, n := range members {
			addresses = append(addresses, n.address(t, "/tcp/"))
		}
		return otherFleet("peers/edge", addresses...)
	}
	// The members dial nobody: each connection is made by alpha.
	b.publish(t, list([]*node{a}))
	c.publish(t, list([]*node{a}))
	waitFor(t, "the members let alpha in", func() bool { return b.gate.Permits(a.id) && c.gate.Permits(a.id) })

	a.publish(t, list([]*node{b})+edge(b, c))
	waitFor(t, "alpha is connected to beta", func() bool { return a.sees(b) })
	if a.gate.Permits(c.id) || a.sees(c) {
		t.Error("gamma was let in by being listed as a member")
	}

	a.publish(t, list([]*node{b, c})+edge(b, c))
	waitFor(t, "alpha is connected to gamma", func() bool { return a.sees(b) && a.sees(c) })

	a.publish(t, list([]*node{c})+edge(c))
	waitFor(t, "beta is gone", func() bool { return !a.sees(b) && !b.sees(a) })
	if !a.sees(c) {
		t.Error("the member that stays was lost")
	}

	a.publish(t, list([]*node{b, c})+edge(b, c))
	waitFor(t, "beta is back", func() bool { return a.sees(b) && a.sees(c) })
}
