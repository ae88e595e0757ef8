// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"slices"
	"testing"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/rotation"
)

const (
	minute  = time.Minute
	hour    = time.Hour
	overlap = 10 * minute
)

// now is the only clock of these tests.
var now = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// situation is all that a decision looks at.
type situation struct {
	state    rotation.State
	policy   rotation.Policy
	requests rotation.Requests
	facts    rotation.Facts
}

func (s situation) next(at time.Time) rotation.Decision {
	return rotation.Next(s.state, s.policy, s.requests, s.facts, at)
}

// states are all that can be on record with up to five epochs: what came before the active epoch, and what after.
func states() []rotation.State {
	var out []rotation.State
	for _, before := range [][]v1alpha1.KeyStage{{}, {v1alpha1.KeyRevoked}, {v1alpha1.KeyRetiring}, {v1alpha1.KeyRevoked, v1alpha1.KeyRetiring}} {
		for _, after := range [][]v1alpha1.KeyStage{
			{}, {v1alpha1.KeyRevoked}, {v1alpha1.KeyPending}, {v1alpha1.KeyPublished}, {v1alpha1.KeyRevoked, v1alpha1.KeyPending}, {v1alpha1.KeyRevoked, v1alpha1.KeyPublished},
		} {
			retiring := slices.Contains(before, v1alpha1.KeyRetiring)
			if retiring && (slices.Contains(after, v1alpha1.KeyPending) || slices.Contains(after, v1alpha1.KeyPublished)) {
				continue // The enumeration of steps shows that this never comes to be.
			}
			stages := slices.Concat(before, []v1alpha1.KeyStage{v1alpha1.KeyActive}, after)
			active := int64(len(before) + 1)
			for _, minimum := range []int64{0, active, active + 1} {
				if retiring && minimum > active-1 {
					continue
				}
				for _, age := range []time.Duration{0, 2 * hour} {
					out = append(out, stateOf(stages, minimum, age))
				}
			}
		}
	}
	return out
}

func stateOf(stages []v1alpha1.KeyStage, minimum int64, age time.Duration) rotation.State {
	s := rotation.State{Minimum: minimum, LastRequest: "last"}
	for i, stage := range stages {
		s.Epochs = append(s.Epochs, rotation.Epoch{Number: int64(i + 1), Stage: stage, Since: now.Add(-age)})
	}
	return s
}

// everySituation visits all combinations of what a decision looks at.
func everySituation(visit func(situation)) {
	for _, s := range states() {
		latest := int64(len(s.Epochs))
		for _, every := range []time.Duration{0, hour} {
			for bits := range 1 << 9 {
				bit := func(n int) bool { return bits>>n&1 == 1 }
				for _, rotate := range []string{"", "last", "another"} {
					for compromised := range latest + 2 {
						visit(situation{
							state:    s,
							policy:   rotation.Policy{Every: every, Overlap: overlap, Manual: bit(0), Pinned: bit(1), Turns: bit(2)},
							requests: rotation.Requests{Rotate: rotate, Approved: latestIf(bit(3), latest), Turn: latestIf(bit(4), latest), Compromised: compromised},
							facts:    rotation.Facts{Stored: bit(5), Unusable: bit(6), Proven: bit(7), Held: held(bit(8)), Propagation: minute, Watching: now.Add(-hour)},
						})
					}
				}
			}
		}
	}
}

func latestIf(yes bool, latest int64) int64 {
	if yes {
		return latest
	}
	return 0
}

func held(yes bool) string {
	if yes {
		return "a copy of the volume"
	}
	return ""
}

func accepted(s rotation.State) (n int) {
	for _, e := range s.Epochs {
		if s.Accepts(e.Number) {
			n++
		}
	}
	return n
}

func TestEveryStepFromEveryState(t *testing.T) {
	visited := 0
	everySituation(func(c situation) {
		visited++
		before := stateOf(stages(c.state), c.state.Minimum, now.Sub(c.state.Epochs[0].Since))
		d := c.next(now)
		if !same(before, c.state) {
			t.Fatalf("the record itself was changed: %+v became %+v", before, c.state)
		}
		if again := c.next(now); !same(d.State, again.State) || d.Wait != again.Wait {
			t.Fatalf("%+v: asked again, the answer is another: %+v, %+v", c, d, again)
		}
		for what, wrong := range map[string]bool{
			"no key, or more than two, are accepted":    !sound(d.State),
			"two keys are on one stage":                 !single(d.State),
			"a step was skipped, or taken back":         !forward(c.state, d.State),
			"the minimum fell":                          d.State.Minimum < c.state.Minimum,
			"the peer went back to a key":               activeOf(d.State) < activeOf(c.state),
			"a number was lost":                         highest(d.State) < highest(c.state),
			"a switch that something speaks against":    switched(c.state, d.State) && !c.maySwitch(),
			"a key that was lost is followed by others": ordered(c.state, d.State) && !c.mayOrder(),
			"a compromised key is still accepted":       d.State.Accepts(c.requests.Compromised),
			"a rotation waits for nothing":              underway(d.State) && d.Wait == rotation.Rests && same(c.state, d.State),
		} {
			if wrong {
				t.Fatalf("%s:\n%+v\nleads to\n%+v", what, c, d)
			}
		}
	})
	if visited < 100_000 {
		t.Errorf("only %d situations were looked at", visited)
	}
}

// Whatever is on record, a peer comes to rest when everybody does their part, with one key.
func TestEveryStateComesToRest(t *testing.T) {
	everySituation(func(c situation) {
		c.policy.Every, c.policy.Pinned = 0, false
		c.facts.Proven, c.facts.Held, c.facts.Unusable, c.facts.Stored = true, "", false, true
		at := now
		for range 12 {
			at = at.Add(overlap)
			c.requests.Approved, c.requests.Turn = highest(c.state), highest(c.state)
			d := c.next(at)
			if !sound(d.State) {
				t.Fatalf("on the way %+v is on record", d.State)
			}
			if d.Wait == rotation.Rests && same(c.state, d.State) {
				if accepted(d.State) != 1 {
					t.Fatalf("at rest %d keys are accepted: %+v", accepted(d.State), d.State)
				}
				return
			}
			c.state = d.State
		}
		t.Fatalf("no rest after 12 steps: %+v", c)
	})
}

// sound is invariant 12. Only a peer whose key may be somebody else's has none that is handed out, until the next is made.
func sound(s rotation.State) bool {
	n := accepted(s)
	return n == 1 || n == 2 || n == 0 && s.Compromised()
}

func single(s rotation.State) bool {
	count := map[v1alpha1.KeyStage]int{}
	for _, e := range s.Epochs {
		count[e.Stage]++
	}
	next := count[v1alpha1.KeyPending] + count[v1alpha1.KeyPublished]
	return count[v1alpha1.KeyActive] == 1 && next <= 1 && count[v1alpha1.KeyRetiring] <= 1 && next+count[v1alpha1.KeyRetiring] <= 1
}

var order = []v1alpha1.KeyStage{v1alpha1.KeyPending, v1alpha1.KeyPublished, v1alpha1.KeyActive, v1alpha1.KeyRetiring, v1alpha1.KeyRevoked}

// forward reports whether every epoch is where it was, or one stage further; in an emergency it may go straight to use, or
// out of it.
func forward(before, after rotation.State) bool {
	emergency := before.Compromised() || after.Minimum > before.Minimum
	for _, e := range after.Epochs {
		was, is := slices.Index(order, stageOf(before, e.Number)), slices.Index(order, e.Stage)
		switch {
		case was < 0:
			if e.Stage != v1alpha1.KeyPending {
				return false
			}
		case is == was, is == was+1, e.Stage == v1alpha1.KeyRevoked && is > was && !(was == 2 && !emergency):
		case !emergency || is < was:
			return false
		}
	}
	return true
}

func same(a, b rotation.State) bool {
	return a.Minimum == b.Minimum && a.LastRequest == b.LastRequest && slices.Equal(a.Epochs, b.Epochs)
}

func stages(s rotation.State) (out []v1alpha1.KeyStage) {
	for _, e := range s.Epochs {
		out = append(out, e.Stage)
	}
	return out
}

func stageOf(s rotation.State, number int64) v1alpha1.KeyStage {
	for _, e := range s.Epochs {
		if e.Number == number {
			return e.Stage
		}
	}
	return ""
}

func activeOf(s rotation.State) int64 { active, _ := s.Active(); return active.Number }

func highest(s rotation.State) int64 { return s.Epochs[len(s.Epochs)-1].Number }

func switched(before, after rotation.State) bool { return activeOf(after) != activeOf(before) }

func ordered(before, after rotation.State) bool { return highest(after) > highest(before) }

func underway(s rotation.State) bool {
	return slices.ContainsFunc(s.Epochs, func(e rotation.Epoch) bool {
		return e.Stage != v1alpha1.KeyActive && e.Stage != v1alpha1.KeyRevoked
	})
}

func (s situation) maySwitch() bool {
	if s.state.Compromised() {
		return true
	}
	next := s.state.Epochs[len(s.state.Epochs)-1]
	return next.Stage == v1alpha1.KeyPublished && !now.Before(next.Since.Add(minute)) && !s.policy.Pinned && s.facts.Held == "" &&
		(!s.policy.Manual || s.requests.Approved == next.Number) && (!s.policy.Turns || s.requests.Turn == next.Number)
}

// mayOrder reports whether another key may be begun: one is asked for by somebody, or by the policy of a peer that runs
// with its key.
func (s situation) mayOrder() bool {
	due := s.policy.Every > 0 && now.Sub(s.state.Epochs[0].Since) > s.policy.Every
	return s.state.Compromised() || s.facts.Unusable || s.facts.Proven && !s.policy.Pinned && (s.requests.Rotate == "another" || due)
}
