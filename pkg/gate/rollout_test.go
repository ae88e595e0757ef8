// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/gate"
)

// promises are what the gates promise, in the order in which they are asked: each says of a restart that it would
// break the promise.
var promises = []struct {
	gate, promise string
	broken        func(r gate.Restart) bool
}{
	{"WindowOpen", "What serves is left alone while the maintenance window is closed.", func(r gate.Restart) bool {
		return r.Peer.Up && !r.Opens.IsZero()
	}},
	{"PeerIdle", "What is going on at a peer is not disturbed.", func(r gate.Restart) bool { return r.Peer.Busy != "" }},
	{"CanaryReady", "Nobody follows a canary that is not updated, down, refused, or up for a moment only.", func(r gate.Restart) bool {
		c := r.Canary
		return c != nil && c != r.Peer && (!c.Updated || unproven(c))
	}},
	{"UpdatedPeersReady", "No more updated peers than maxUnavailable are without proof that the update works.", func(r gate.Restart) bool {
		return number(r, func(p *gate.Peer) bool { return p.Updated && unproven(p) }) >= r.MaxUnavailable
	}},
	{"BudgetKept", "No running peer is taken down beyond maxUnavailable, or beyond what the API server would let a drain take.", func(r gate.Restart) bool {
		unavailable := number(r, func(p *gate.Peer) bool { return !p.Up || p.Fresh || p == r.Peer })
		return r.Peer.Up && (unavailable > r.MaxUnavailable || !r.Peer.Unbudgeted && r.Evictable < 1)
	}},
}

// unproven is a peer that shows nothing of an update.
func unproven(p *gate.Peer) bool { return !p.Up || p.Fresh || p.Refused }

// number counts among the peers that are to run.
func number(r gate.Restart, as func(*gate.Peer) bool) int {
	n := 0
	for _, p := range r.Peers {
		if p.Wanted && !p.Parked && as(p) {
			n++
		}
	}
	return n
}

// later is when a maintenance window opens that is closed now.
var later = time.Date(2026, 11, 2, 22, 0, 0, 0, time.UTC)

// states are those of one peer: one of the fleet in every combination, one that is not there, or somebody else's, one
// that the fleet has yet to take over, one at which something is going on, one that has just come up, and one on its way out.
func states() []gate.Peer {
	var out []gate.Peer
	for bits := range 16 {
		out = append(out, gate.Peer{Wanted: true, Parked: bits&8 != 0, Updated: bits&4 != 0, Up: bits&2 != 0, Refused: bits&1 != 0})
	}
	return append(out,
		gate.Peer{Wanted: true, Up: true, Busy: "a copy"}, gate.Peer{Wanted: true, Busy: "a copy"}, gate.Peer{Wanted: true, Up: true, Updated: true, Busy: "a copy"},
		gate.Peer{Wanted: true, Absent: true, Updated: true}, gate.Peer{Wanted: true, Absent: true},
		gate.Peer{Wanted: true, Unbudgeted: true, Up: true}, gate.Peer{Wanted: true, Unbudgeted: true}, gate.Peer{Wanted: true, Unbudgeted: true, Up: true, Refused: true},
		gate.Peer{Wanted: true, Up: true, Fresh: true}, gate.Peer{Wanted: true, Up: true, Fresh: true, Updated: true},
		gate.Peer{Wanted: true, Up: true, Fresh: true, Updated: true, Refused: true}, gate.Peer{Wanted: true, Up: true, Fresh: true, Parked: true},
		gate.Peer{Up: true}, gate.Peer{Up: true, Fresh: true}, gate.Peer{},
	)
}

// everyFleet enumerates the fleets of three peers in every state, with a canary of the spec's or none, every budget and
// count of the API server, in and out of the window. The candidate is left open.
func everyFleet() iter.Seq[gate.Restart] {
	all := states()
	n := len(all)
	return func(yield func(gate.Restart) bool) {
		for i := range n * n * n {
			var peers []*gate.Peer
			for ordinal, state := range []gate.Peer{all[i%n], all[i/n%n], all[i/n/n]} {
				state.Name, state.Why = fmt.Sprintf("peer-%d", ordinal), "reasons of its own"
				peers = append(peers, &state)
			}
			for _, preferred := range []string{"", "peer-0"} {
				for rest := range 3 * 4 * 2 {
					r := gate.Restart{Peers: peers, Canary: gate.Canary(peers, preferred), MaxUnavailable: rest%3 + 1, Evictable: rest/3%4 - 1}
					if rest >= 3*4 {
						r.Opens = later
					}
					if !yield(r) {
						return
					}
				}
			}
		}
	}
}

// candidates calls may for each peer of a fleet that could be restarted.
func candidates(r gate.Restart, may func(r gate.Restart, refusal *gate.Refusal)) {
	for _, p := range r.Peers {
		if p.Wanted && !p.Absent {
			r.Peer = p
			may(r, gate.MayRestart(r))
		}
	}
}

func describe(r gate.Restart) string {
	var out strings.Builder
	for _, p := range r.Peers {
		fmt.Fprintf(&out, "%+v\n", *p)
	}
	fmt.Fprintf(&out, "maxUnavailable %d, evictable %d, opens %s", r.MaxUnavailable, r.Evictable, r.Opens)
	if r.Canary != nil {
		fmt.Fprintf(&out, ", canary %s", r.Canary.Name)
	}
	if r.Peer != nil {
		fmt.Fprintf(&out, ", candidate %s", r.Peer.Name)
	}
	return out.String()
}

// A restart passes exactly when it breaks no promise; otherwise the first gate whose promise it would break refuses.
func TestEveryGateEnumerated(t *testing.T) {
	reasons, refusals := map[string]string{}, map[string]int{}
	for _, g := range gate.Restarts() {
		reasons[g.Name] = g.Reason
	}
	for fleet := range everyFleet() {
		candidates(fleet, func(r gate.Restart, refusal *gate.Refusal) {
			want := ""
			for _, p := range promises {
				if want == "" && !r.Peer.Parked && p.broken(r) {
					want = p.gate
				}
			}
			got := gate.Refusal{}
			if refusal != nil {
				got = *refusal
				refusals[got.Gate]++
			}
			if got.Gate != want {
				t.Fatalf("refused by gate %q, want %q:\n%s", got.Gate, want, describe(r))
			}
			if refusal != nil && (got.Message == "" || got.Reason != reasons[got.Gate] || strings.Contains(got.Message, "%!")) {
				t.Fatalf("the refusal says nothing, nonsense, or the reason of another gate: %+v:\n%s", got, describe(r))
			}
		})
	}
	for _, p := range promises {
		if refusals[p.gate] == 0 {
			t.Errorf("gate %s refuses in no state", p.gate)
		}
	}
}

// The gates are the public names of the promises, looked up by users and told in conditions.
func TestEveryGateHasItsOwnNameReasonAndPlace(t *testing.T) {
	gates := gate.Restarts()
	if len(gates) != len(promises) {
		t.Fatalf("there are %d gates and %d promises", len(gates), len(promises))
	}
	seen := map[string]bool{}
	for i, g := range gates {
		if g.Name != promises[i].gate {
			t.Errorf("gate %d is %s, want %s: %s", i, g.Name, promises[i].gate, promises[i].promise)
		}
		if g.Reason == "" || seen[g.Name] || seen[g.Reason] {
			t.Errorf("gate %s with the reason %q is not told apart", g.Name, g.Reason)
		}
		seen[g.Name], seen[g.Reason] = true, true
	}
}

// While no updated peer is still on its way, and none has come up a moment ago, so that there is nothing to wait for, a fleet always goes on, beside what
// is busy and what waits for a canary of the spec's that is:
//   - what is down gets the cure, whatever the window and the budgets, and whatever the others do;
//   - on a good day, when nothing is down and window and budget allow it, some outdated peer passes;
//   - peers that are all yet to be taken over need no budget, which could not be counted before they are.
func TestNoFleetIsDeadlocked(t *testing.T) {
	outdated := func(p *gate.Peer) bool { return !p.Updated && !p.Absent && p.Busy == "" }
	sick := func(p *gate.Peer) bool { return outdated(p) && !p.Up }
	cures, goesOn, takeovers := 0, 0, 0
	for fleet := range everyFleet() {
		if number(fleet, func(p *gate.Peer) bool { return p.Updated && unproven(p) }) > 0 || number(fleet, outdated) == 0 {
			continue
		}
		if c := fleet.Canary; c != nil && c.Busy != "" && !c.Updated {
			continue
		}
		var pass, sickPass int
		candidates(fleet, func(r gate.Restart, refusal *gate.Refusal) {
			if refusal == nil && !r.Peer.Parked && outdated(r.Peer) {
				pass++
				if sick(r.Peer) {
					sickPass++
				}
			}
		})
		if number(fleet, sick) > 0 {
			if cures++; sickPass == 0 {
				t.Fatalf("nothing that is down gets the cure:\n%s", describe(fleet))
			}
		}
		if number(fleet, func(p *gate.Peer) bool { return !p.Up || p.Fresh }) > 0 || !fleet.Opens.IsZero() {
			continue
		}
		if fleet.Evictable > 0 {
			if goesOn++; pass == 0 {
				t.Fatalf("nothing is down and nothing is updated:\n%s", describe(fleet))
			}
		}
		if number(fleet, func(p *gate.Peer) bool { return outdated(p) && !p.Unbudgeted }) == 0 {
			if takeovers++; pass == 0 {
				t.Fatalf("nothing is taken over:\n%s", describe(fleet))
			}
		}
	}
	if cures == 0 || goesOn == 0 || takeovers == 0 {
		t.Errorf("there were %d fleets to cure, %d to go on with and %d to take over; is anything enumerated?", cures, goesOn, takeovers)
	}
}

// Peers that are parked or on their way out neither hold up the others nor make room for them.
func TestPeersThatDoNotRunOnPurposeDoNotCount(t *testing.T) {
	idle := func(p *gate.Peer) bool { return !p.Wanted || p.Parked }
	for fleet := range everyFleet() {
		if !slices.ContainsFunc(fleet.Peers, idle) {
			continue
		}
		without := fleet
		without.Peers = slices.DeleteFunc(slices.Clone(fleet.Peers), idle)
		candidates(fleet, func(r gate.Restart, refusal *gate.Refusal) {
			if r.Peer.Parked {
				if refusal != nil {
					t.Fatalf("a parked peer is held back by %s:\n%s", refusal.Gate, describe(r))
				}
				return
			}
			without.Peer = r.Peer
			if alone := gate.MayRestart(without); (alone == nil) != (refusal == nil) || alone != nil && alone.Gate != refusal.Gate {
				t.Fatalf("refused as %+v, without the idle peers as %+v:\n%s", refusal, alone, describe(r))
			}
		})
	}
}

func TestMoreRoomClosesNoGate(t *testing.T) {
	for fleet := range everyFleet() {
		candidates(fleet, func(r gate.Restart, refusal *gate.Refusal) {
			if refusal != nil {
				return
			}
			down, allowed, open := r, r, r
			down.MaxUnavailable++
			allowed.Evictable++
			open.Opens = time.Time{}
			for _, more := range []gate.Restart{down, allowed, open} {
				if refusal := gate.MayRestart(more); refusal != nil {
					t.Fatalf("more room closed gate %s:\n%s", refusal.Gate, describe(more))
				}
			}
		})
	}
}

// Whoever waits for a peer to have served for long enough needs nothing but time.
func TestTimeClosesNoGate(t *testing.T) {
	for fleet := range everyFleet() {
		if !slices.ContainsFunc(fleet.Peers, func(p *gate.Peer) bool { return p.Fresh }) {
			continue
		}
		candidates(fleet, func(r gate.Restart, refusal *gate.Refusal) {
			if refusal != nil {
				return
			}
			if refusal := gate.MayRestart(aged(r)); refusal != nil {
				t.Fatalf("time closed gate %s:\n%s", refusal.Gate, describe(r))
			}
		})
	}
}

// aged is the same restart when all that serves has done so for long enough.
func aged(r gate.Restart) gate.Restart {
	peers := r.Peers
	r.Peers = nil
	for _, p := range peers {
		older := *p
		older.Fresh = false
		r.Peers = append(r.Peers, &older)
		if p == r.Peer {
			r.Peer = &older
		}
		if p == r.Canary {
			r.Canary = &older
		}
	}
	return r
}

// peersAs are peers named by their place, each in a state written in words: "new" has the newest template and "old"
// does not; "down", "fresh", "refused", "parked", "leaving", "absent", "busy" and "invited", for one that is to be taken over, is
// what else there is to know.
func peersAs(states ...string) []*gate.Peer {
	var out []*gate.Peer
	for i, state := range states {
		out = append(out, &gate.Peer{
			Name: fmt.Sprintf("peer-%d", i), Why: "it does " + state,
			Wanted: !strings.Contains(state, "leaving"), Parked: strings.Contains(state, "parked"), Updated: strings.Contains(state, "new"),
			Busy: map[bool]string{true: "a copy"}[strings.Contains(state, "busy")], Absent: strings.Contains(state, "absent"), Unbudgeted: strings.Contains(state, "invited"),
			Up: !strings.Contains(state, "down"), Fresh: strings.Contains(state, "fresh"), Refused: strings.Contains(state, "refused"),
		})
	}
	return out
}

func TestTheCanaryIsChosen(t *testing.T) {
	for name, c := range map[string]struct {
		peers     []string
		preferred string
		want      string
	}{
		"The last peer goes first, as nothing else is asked for.": {peers: []string{"old", "old", "old"}, want: "peer-2"},
		"The peer that the spec names goes first.":                {peers: []string{"old", "old", "old"}, preferred: "peer-1", want: "peer-1"},
		"A name that no peer has is no choice.":                   {peers: []string{"old", "old"}, preferred: "peer-7", want: "peer-1"},
		"A parked peer proves nothing.":                           {peers: []string{"old", "old", "old parked"}, want: "peer-1"},
		"A parked peer proves nothing, named or not.":             {peers: []string{"old", "old parked", "old"}, preferred: "peer-1", want: "peer-2"},
		"A peer on its way out proves nothing for long.":          {peers: []string{"old", "old", "new leaving"}, want: "peer-1"},
		"Nobody goes first where all are parked.":                 {peers: []string{"old parked", "new parked"}, want: ""},
		"Nobody goes first where nobody is.":                      {want: ""},
		"A peer that is down has nothing to lose and goes before the canary.": {
			peers: []string{"old down", "old", "old"}, preferred: "peer-1", want: "peer-0",
		},
		"Of several that are down the last goes.":                   {peers: []string{"old down", "old down", "old"}, want: "peer-1"},
		"Of several that are down the named one goes.":              {peers: []string{"old down", "old down", "old down"}, preferred: "peer-1", want: "peer-1"},
		"A peer that an update took down is no longer asked.":       {peers: []string{"old", "new down", "old"}, want: "peer-2"},
		"The canary stays the canary once it is updated.":           {peers: []string{"old down", "old", "new"}, want: "peer-2"},
		"The canary stays the canary while it comes up again.":      {peers: []string{"old", "old", "new down"}, want: "peer-2"},
		"A peer that does not exist yet has the newest template.":   {peers: []string{"old", "old", "new down absent"}, want: "peer-2"},
		"A peer of somebody else's is never updated.":               {peers: []string{"old", "old", "old down absent"}, want: "peer-1"},
		"A peer of somebody else's is never updated, named or not.": {peers: []string{"old", "old down absent", "old"}, preferred: "peer-1", want: "peer-2"},
		"A busy peer lets another go first.":                        {peers: []string{"old", "old", "old busy"}, want: "peer-1"},
		"A busy peer that the spec names is waited for.":            {peers: []string{"old", "old", "old busy"}, preferred: "peer-2", want: "peer-2"},
		"A busy peer that is down keeps nobody from the cure.":      {peers: []string{"old down", "old", "old down busy"}, want: "peer-0"},
		"A busy peer that is updated proves what it proves.":        {peers: []string{"old", "old", "new busy"}, want: "peer-2"},
		"Nobody goes first where all are busy.":                     {peers: []string{"old busy", "old busy"}, want: ""},
		"The canary stays the canary while it is fresh.":            {peers: []string{"old", "old", "new fresh"}, want: "peer-2"},
		"A peer that has just come up needs no cure.":               {peers: []string{"old fresh", "old", "old"}, want: "peer-2"},
		"A parked peer that is down needs no cure.":                 {peers: []string{"old down parked", "old", "old"}, want: "peer-2"},
	} {
		got := ""
		if canary := gate.Canary(peersAs(c.peers...), c.preferred); canary != nil {
			got = canary.Name
		}
		if got != c.want {
			t.Errorf("%s The canary is %q, want %q", name, got, c.want)
		}
	}
}

// situations are steps of a rollout that people ask about. Unless said, one peer may be down and the API server
// would let a drain take one.
var situations = map[string]struct {
	peers                      []string
	candidate, maxUnavailable  int
	drained, uncounted, closed bool
	// gate is the one that refuses, "" where the restart passes; says is a fragment of its message.
	gate, says string
}{
	"The canary goes first.":                                           {peers: []string{"old", "old", "old"}, candidate: 2},
	"The others wait for the canary.":                                  {peers: []string{"old", "old", "old"}, candidate: 1, gate: "CanaryReady", says: "peer-2 goes first and has not been updated yet"},
	"The others wait until the canary serves.":                         {peers: []string{"old", "old", "new down"}, candidate: 1, gate: "CanaryReady", says: "peer-2 was updated first and is not available yet: it does new down"},
	"A bad canary stops the rollout, whatever the budget.":             {peers: []string{"old", "old", "new down"}, candidate: 1, maxUnavailable: 3, gate: "CanaryReady"},
	"A canary that serves opens the way.":                              {peers: []string{"old", "old", "new"}, candidate: 1},
	"A canary whose spec is refused proves nothing.":                   {peers: []string{"old", "old", "new refused"}, candidate: 1, gate: "CanaryReady", says: "it does new refused"},
	"The next peer waits for the one before.":                          {peers: []string{"old", "new down", "new"}, candidate: 0, gate: "UpdatedPeersReady", says: "1 updated peers are not available yet, maxUnavailable is 1; the first is peer-1: it does new down"},
	"A refused peer among the updated is no proof either.":             {peers: []string{"old", "new refused", "new"}, candidate: 0, gate: "UpdatedPeersReady", says: "peer-1"},
	"With a budget of two, two are on their way.":                      {peers: []string{"old", "new down", "new"}, candidate: 0, maxUnavailable: 2},
	"With a budget of two, a third waits.":                             {peers: []string{"old", "new down", "new down", "new"}, candidate: 0, maxUnavailable: 2, gate: "UpdatedPeersReady", says: "2 updated peers"},
	"A peer that is down for its own reasons uses the budget.":         {peers: []string{"old", "old down", "new"}, candidate: 0, gate: "BudgetKept", says: "1 peers are unavailable, maxUnavailable is 1; the first is peer-1"},
	"That peer itself gets the update.":                                {peers: []string{"old", "old down", "new"}, candidate: 1},
	"A drain uses the budget.":                                         {peers: []string{"old", "old", "new"}, candidate: 1, drained: true, gate: "BudgetKept", says: "a drain may be using it"},
	"A drain uses the budget of the canary.":                           {peers: []string{"old", "old", "old"}, candidate: 2, drained: true, gate: "BudgetKept"},
	"Nobody has counted for the budget yet.":                           {peers: []string{"old", "old", "new"}, candidate: 1, uncounted: true, gate: "BudgetKept", says: "not been counted yet"},
	"What is down needs no budget, counted or not.":                    {peers: []string{"old", "old", "old down"}, candidate: 2, uncounted: true},
	"A parked peer passes at once.":                                    {peers: []string{"old parked", "old", "new down"}, candidate: 0, drained: true},
	"After a failed update the cure goes where it is needed.":          {peers: []string{"old", "old", "old down"}, candidate: 2, drained: true},
	"The cure goes to every peer in turn: first the first.":            {peers: []string{"old down", "old down", "old"}, candidate: 1, drained: true},
	"The cure goes to every peer in turn: then the others.":            {peers: []string{"old down", "old down", "old"}, candidate: 0, drained: true, gate: "CanaryReady", says: "peer-1 goes first"},
	"A fleet that is all down is cured one by one.":                    {peers: []string{"old down", "old down", "old down"}, candidate: 2, drained: true},
	"Outside the window nothing that serves is restarted.":             {peers: []string{"old", "old", "old"}, candidate: 2, closed: true, gate: "WindowOpen", says: "the maintenance window opens at 2026-11-02T22:00:00Z"},
	"Outside the window what is down gets the cure.":                   {peers: []string{"old", "old", "old down"}, candidate: 2, closed: true},
	"Outside the window a parked peer passes.":                         {peers: []string{"old parked", "old", "old"}, candidate: 0, closed: true},
	"Outside the window the window is what is waited for.":             {peers: []string{"old", "old", "new down"}, candidate: 0, closed: true, drained: true, gate: "WindowOpen"},
	"A peer of somebody else's does not keep the cure from others.":    {peers: []string{"old down", "old", "old down absent"}, candidate: 0},
	"A peer of somebody else's is one that is missing.":                {peers: []string{"old", "old", "old down absent"}, candidate: 1, gate: "BudgetKept", says: "1 peers are unavailable"},
	"A peer that is taken over needs no budget that could not see it.": {peers: []string{"old invited", "old invited"}, candidate: 1, drained: true},
	"A peer that is taken over is one that could be missing.":          {peers: []string{"old invited", "old down", "new"}, candidate: 0, gate: "BudgetKept", says: "1 peers are unavailable"},
	"What leaves is down on purpose.":                                  {peers: []string{"old", "new", "new down leaving"}, candidate: 0},
	"A busy peer is left alone.":                                       {peers: []string{"old", "old busy", "new"}, candidate: 1, gate: "PeerIdle", says: "peer-1 is not to be disturbed: a copy"},
	"A busy peer is left alone, also when it is down.":                 {peers: []string{"old", "old", "old down busy"}, candidate: 2, gate: "PeerIdle"},
	"Others go on beside a busy peer.":                                 {peers: []string{"old", "old busy", "new"}, candidate: 0},
	"Others go first where the last is busy.":                          {peers: []string{"old", "old", "old busy"}, candidate: 1},
	"A parked peer is not disturbed by a change.":                      {peers: []string{"old busy parked", "old", "new"}, candidate: 0},
	"The others wait until the canary has served for long enough.":     {peers: []string{"old", "old", "new fresh"}, candidate: 1, gate: "CanaryReady", says: "peer-2 was updated first and is not available yet: it does new fresh"},
	"The next peer waits until the one before has, too.":               {peers: []string{"old", "new fresh", "new"}, candidate: 0, gate: "UpdatedPeersReady", says: "1 updated peers are not available yet, maxUnavailable is 1; the first is peer-1: it does new fresh"},
	"With a budget of two, one may have come up just now.":             {peers: []string{"old", "new fresh", "new"}, candidate: 0, maxUnavailable: 2},
	"What is down and what is fresh use one budget.":                   {peers: []string{"old", "new fresh", "new down", "new"}, candidate: 0, maxUnavailable: 2, gate: "UpdatedPeersReady", says: "2 updated peers"},
	"A peer that came up by itself just now uses the budget.":          {peers: []string{"old", "old fresh", "new"}, candidate: 0, gate: "BudgetKept", says: "1 peers are unavailable, maxUnavailable is 1; the first is peer-1: it does old fresh"},
	"That peer itself is no more unavailable when it is restarted.":    {peers: []string{"old", "old fresh", "new"}, candidate: 1},
	"Even so it is restarted in the window alone.":                     {peers: []string{"old", "old fresh", "new"}, candidate: 1, closed: true, gate: "WindowOpen"},
	"Even so a drain uses the budget.":                                 {peers: []string{"old", "old fresh", "new"}, candidate: 1, drained: true, gate: "BudgetKept", says: "a drain may be using it"},
	"What is down gets the cure, whatever came up just now.":           {peers: []string{"old down", "old fresh", "old"}, candidate: 0},
	"What leaves may have come up just now.":                           {peers: []string{"old", "new", "new fresh leaving"}, candidate: 0},
	"The only peer of a fleet is its own canary.":                      {peers: []string{"old"}, candidate: 0},
}

func TestSituationsOfARollout(t *testing.T) {
	for name, s := range situations {
		t.Run(name, func(t *testing.T) {
			peers := peersAs(s.peers...)
			r := gate.Restart{Peer: peers[s.candidate], Peers: peers, Canary: gate.Canary(peers, ""), MaxUnavailable: max(1, s.maxUnavailable), Evictable: 1}
			if s.drained {
				r.Evictable = 0
			}
			if s.uncounted {
				r.Evictable = -1
			}
			if s.closed {
				r.Opens = later
			}
			got := gate.Refusal{}
			if refusal := gate.MayRestart(r); refusal != nil {
				got = *refusal
			}
			if got.Gate != s.gate || !strings.Contains(got.Message, s.says) {
				t.Errorf("got %+v, want gate %q that says %q", got, s.gate, s.says)
			}
		})
	}
}
