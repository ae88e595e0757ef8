// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/fleet"
)

// counted are the numbers of a status.
type counted struct{ Replicas, Ready, Updated, Parked int32 }

func TestStatusCountsPeers(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    counted
	}{
		"All serve.":                                   {isServing(func(*world) {}), counted{3, 3, 3, 0}},
		"None is made.":                                {func(t *testing.T) *world { return newborn(t) }, counted{}},
		"All are made and none has started.":           {func(t *testing.T) *world { w := newborn(t); w.carryOut(); return w }, counted{3, 0, 3, 0}},
		"None is wanted.":                              {isServing(func(*world) {}, replicas(0)), counted{}},
		"One is down.":                                 {isServing(func(w *world) { w.goesDown("alpha-1") }), counted{3, 2, 3, 0}},
		"One is parked.":                               {isServing(func(*world) {}, parked(1)), counted{3, 2, 3, 1}},
		"One is to be parked and not made yet.":        {func(t *testing.T) *world { return newborn(t, parked(1)) }, counted{}},
		"All are parked.":                              {isServing(func(*world) {}, suspended), counted{3, 0, 3, 3}},
		"One is gone.":                                 {isServing(func(w *world) { delete(w.Peers, "alpha-1") }), counted{2, 2, 2, 0}},
		"One is somebody else's.":                      {isServing(func(w *world) { w.stands("alpha-1") }), counted{2, 2, 2, 0}},
		"The template changed just now.":               {isUpdating(func(*world) {}), counted{3, 3, 0, 0}},
		"One is updated and down.":                     {isUpdating(func(w *world) { w.carryOut(); w.goesDown("alpha-2") }), counted{3, 2, 1, 0}},
		"One is updated and serves.":                   {isUpdating(func(w *world) { w.step() }), counted{3, 3, 1, 0}},
		"All but a parked one are outdated.":           {isUpdating(func(w *world) { w.carryOut() }, parked(0)), counted{3, 2, 2, 1}},
		"A change without a restart was made.":         {isServing(func(w *world) { w.edit(allowing(someID)).carryOut() }), counted{3, 3, 3, 0}},
		"The template is refused, and runs as it was.": {isServing(func(w *world) { w.edit(image("")) }), counted{3, 3, 0, 0}},
		"One has to be set right.":                     {isServing(func(w *world) { w.peer("alpha-0").Annotations[v1alpha1.AnnotationRevision] = "" }), counted{3, 3, 2, 0}},
		"One is paused before its first change.":       {isServing(func(w *world) { w.edit(paused, image(imageV2)) }), counted{3, 3, 0, 0}},
		"Two are on their way out; they exist, and what they do does not count.": {isServing(func(w *world) { w.edit(replicas(1)) }), counted{3, 1, 1, 0}},
	} {
		s := c.observe(t).status()
		if diff := cmp.Diff(c.want, counted{s.Replicas, s.ReadyReplicas, s.UpdatedReplicas, s.ParkedReplicas}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestStatusTellsTheRevisions(t *testing.T) {
	w := serving(t)
	first := w.revision()
	expect := func(when, update, oldest string) {
		t.Helper()
		if s := w.status(); s.UpdateRevision != update || s.OldestRevision != oldest {
			t.Errorf("%s the revisions are %s and, the oldest, %s; want %s and %s", when, s.UpdateRevision, s.OldestRevision, update, oldest)
		}
	}
	expect("At first", first, first)
	second := w.edit(image(imageV2)).revision()
	expect("After a new template", second, first)
	w.step()
	expect("In the middle of the rollout", second, first)
	w.edit(image(imageV1))
	expect("On the way back", first, second)
	w.edit(image(imageV2))
	w.record().edit(image("registry.example.com/p2p-agent:v3"))
	third := w.revision()
	expect("After a newer template", third, first)
	w.record()
	w.annotate("alpha-0", "")
	w.annotate("alpha-1", "10-00000000")
	expect("With a peer of a number with more digits", third, second)
	delete(w.Peers, "alpha-2")
	expect("Without the peer that had the second", third, "10-00000000")
	clear(w.Peers)
	expect("Without any", third, "")
	w = serving(t)
	w.edit(replicas(2), image(imageV2)).step().step().step()
	w.stands("alpha-2", w.owned, func(p *v1alpha1.PeerNode) { p.Annotations = map[string]string{v1alpha1.AnnotationRevision: first} })
	expect("With an outdated peer on its way out", second, second)
}

func TestStatusNamesTheGatesInTheirOwnWords(t *testing.T) {
	w := serving(t, replicas(5))
	w.edit(image(imageV2)).budget().Status.DisruptionsAllowed = 0
	want := []v1alpha1.GateWait{
		{Gate: "BudgetKept", Peers: 1, Message: "the PodDisruptionBudget of the fleet allows no disruption now; a drain may be using it"},
		{Gate: "CanaryReady", Peers: 4, Message: "alpha-4 goes first and has not been updated yet"},
	}
	if diff := cmp.Diff(want, w.status().Waits); diff != "" {
		t.Errorf("waits (-want +got):\n%s", diff)
	}
	w.budget().Status.DisruptionsAllowed = 1
	if w.converge(); w.status().Waits != nil {
		t.Errorf("waits are %v after the rollout", w.status().Waits)
	}
}

// The current revision is what one could go back to: it moves on when the rollout is done, not when it begins, and does
// not go away in trouble.
func TestTheCurrentRevisionIsTheLastThatServed(t *testing.T) {
	w := newborn(t)
	current := func() string { return w.record().Fleet.Status.CurrentRevision }
	if got := current(); got != "" {
		t.Errorf("a new fleet has the current revision %s", got)
	}
	w.converge()
	first := w.revision()
	if got := current(); got != first {
		t.Errorf("the current revision is %s, want %s", got, first)
	}
	second := w.edit(image(imageV2)).revision()
	for _, when := range []string{"before the rollout", "after the canary", "after the next"} {
		if got := current(); got != first {
			t.Errorf("the current revision is %s %s, want %s", got, when, first)
		}
		w.step()
	}
	if w.goesDown("alpha-0"); current() != first {
		t.Error("the current revision moves on although the last peer is down")
	}
	if w.attend(); current() != second {
		t.Errorf("the current revision is %s, want %s", current(), second)
	}
	w.goesDown("alpha-0", "alpha-1", "alpha-2")
	if got := current(); got != second {
		t.Errorf("the current revision is %s in trouble, want %s", got, second)
	}
}

func TestAFleetOfNobodyProvesNoRevision(t *testing.T) {
	w := serving(t, replicas(0))
	if got := w.Fleet.Status; got.CurrentRevision != "" || got.OldestRevision != "" || got.UpdateRevision == "" {
		t.Errorf("the revisions are %q, the oldest %q, current %q", got.UpdateRevision, got.OldestRevision, got.CurrentRevision)
	}
}

// The scale subresource hands the selector to autoscalers, which choose pods by it.
func TestStatusHasTheSelectorOfThePods(t *testing.T) {
	if got := newborn(t).status().Selector; got != "peernode.dev/fleet=alpha" {
		t.Errorf("the selector is %q", got)
	}
}

func TestTransitionsKeepTheirTime(t *testing.T) {
	w := serving(t)
	w.goesDown("alpha-1")
	later := fleet.Status(w.Observed, w.decide(), nil, now.Add(time.Hour))
	for _, c := range later.Conditions {
		want := now
		if c.Type == "Ready" || c.Type == "Reconciling" {
			want = now.Add(time.Hour)
		}
		if !c.LastTransitionTime.Time.Equal(want) {
			t.Errorf("%s is %s since %s, want %s", c.Type, c.Status, c.LastTransitionTime, want)
		}
	}
}
