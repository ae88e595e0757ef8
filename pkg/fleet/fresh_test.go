// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/settings"
)

// noon is when the peers of a settled fleet have been ready for hours.
var noon = now.Add(3 * time.Hour)

// settledFleet has served for hours, and may count on a peer once it has been ready for ten seconds.
func settledFleet(t *testing.T, spec ...edits) *world {
	t.Helper()
	w := serving(t, append([]edits{minReady(10)}, spec...)...)
	w.at(0)
	w.Fleet.Status = w.status()
	return w
}

// at is a time after noon.
func (w *world) at(seconds float64) *world {
	w.Now = noon.Add(time.Duration(seconds * float64(time.Second)))
	return w
}

// bounces ceases to be ready, and is ready again.
func (w *world) bounces(name string) *world {
	w.goesDown(name)
	w.comesUp(name)
	return w
}

// restarts carries out a plan, and lets every peer that it touches go down and come up.
func (w *world) restarts() *world {
	for _, name := range touched(w.carryOut()) {
		w.bounces(name)
	}
	w.counts()
	return w
}

// Nothing happens at the cluster when a peer has been ready for long enough, so the plan says when to look again.
func TestAPeerCountsOnceItHasBeenReadyForLongEnough(t *testing.T) {
	// The canary is updated and comes up, at noon.
	updates := func(w *world) { w.edit(image(imageV2)).restarts() }
	for name, c := range map[string]struct {
		spec   []edits
		change func(w *world)
		after  float64
		peers  []string
		held   map[string]int32
		again  float64
	}{
		"All have been ready for hours.":                 {nil, func(w *world) { w.edit(image(imageV2)) }, 0, []string{"alpha-2"}, map[string]int32{"CanaryReady": 2}, 0},
		"The canary has come up.":                        {nil, updates, 0, nil, map[string]int32{"CanaryReady": 2}, 10},
		"It has almost been ready for long enough.":      {nil, updates, 9.9, nil, map[string]int32{"CanaryReady": 2}, 10},
		"It has been ready for long enough.":             {nil, updates, 10, []string{"alpha-1"}, map[string]int32{"UpdatedPeersReady": 1}, 0},
		"It went down for a moment, and counts anew.":    {nil, func(w *world) { updates(w); w.at(3).bounces("alpha-2") }, 10, nil, map[string]int32{"CanaryReady": 2}, 13},
		"It went down for a moment, and long ago.":       {nil, func(w *world) { updates(w); w.at(3).bounces("alpha-2") }, 13, []string{"alpha-1"}, map[string]int32{"UpdatedPeersReady": 1}, 0},
		"It went down.":                                  {nil, func(w *world) { updates(w); w.at(3).goesDown("alpha-2") }, 10, nil, map[string]int32{"CanaryReady": 2}, 0},
		"Where nothing is said it takes ten seconds.":    {[]edits{byDefault}, updates, 9, nil, map[string]int32{"CanaryReady": 2}, 10},
		"It may take an hour.":                           {[]edits{minReady(3600)}, updates, 60, nil, map[string]int32{"CanaryReady": 2}, 3600},
		"It may take no time.":                           {[]edits{minReady(0)}, updates, 0, []string{"alpha-1"}, map[string]int32{"UpdatedPeersReady": 1}, 0},
		"Then clocks that differ do not matter.":         {[]edits{minReady(0)}, func(w *world) { updates(w); w.at(3600).bounces("alpha-2") }, 0, []string{"alpha-1"}, map[string]int32{"UpdatedPeersReady": 1}, 0},
		"The next peer has come up.":                     {nil, func(w *world) { updates(w); w.at(10).restarts() }, 15, nil, map[string]int32{"UpdatedPeersReady": 1}, 20},
		"Two went at a time, and have come up.":          {[]edits{replicas(4), unavailable(2)}, func(w *world) { updates(w); w.at(10).restarts() }, 15, nil, map[string]int32{"UpdatedPeersReady": 1}, 20},
		"A change that restarts nobody does not count.":  {nil, func(w *world) { w.edit(allowing(someID)).step().edit(image(imageV2)) }, 0, []string{"alpha-2"}, map[string]int32{"CanaryReady": 2}, 0},
		"A peer came up by itself.":                      {nil, func(w *world) { w.bounces("alpha-0").edit(image(imageV2)) }, 1, nil, map[string]int32{"BudgetKept": 1, "CanaryReady": 2}, 10},
		"The canary came up by itself, and may go.":      {nil, func(w *world) { w.bounces("alpha-2").edit(image(imageV2)) }, 1, []string{"alpha-2"}, map[string]int32{"CanaryReady": 2}, 10},
		"What is down gets the cure nevertheless.":       {nil, func(w *world) { w.bounces("alpha-1").edit(image(imageV2)); w.goesDown("alpha-0") }, 1, []string{"alpha-0"}, map[string]int32{"CanaryReady": 2}, 10},
		"What leaves has come up.":                       {nil, func(w *world) { w.bounces("alpha-2").edit(replicas(2)) }, 1, nil, map[string]int32{}, 0},
		"What is to be parked has come up.":              {nil, func(w *world) { w.bounces("alpha-2").edit(parked(2)) }, 1, []string{"alpha-2"}, map[string]int32{}, 0},
		"A peer came up, and the fleet is paused.":       {nil, func(w *world) { w.bounces("alpha-2").edit(paused) }, 1, nil, map[string]int32{}, 10},
		"Another becomes available sooner.":              {nil, func(w *world) { w.bounces("alpha-0").at(2).bounces("alpha-2") }, 3, nil, map[string]int32{}, 10},
		"A key waits until the one before has served.":   {nil, func(w *world) { w.waits("alpha-0", "alpha-1"); w.goesDown("alpha-2"); w.proves("alpha-2"); w.counts() }, 9, nil, map[string]int32{"UpdatedPeersReady": 2}, 10},
		"A key has waited until it has.":                 {nil, func(w *world) { w.waits("alpha-0", "alpha-1"); w.goesDown("alpha-2"); w.proves("alpha-2"); w.counts() }, 10, []string{"alpha-1"}, map[string]int32{"UpdatedPeersReady": 1}, 0},
		"A key waits for a peer that came up by itself.": {nil, func(w *world) { w.waits("alpha-0"); w.at(1).bounces("alpha-2") }, 5, nil, map[string]int32{"UpdatedPeersReady": 1}, 11},
	} {
		t.Run(name, func(t *testing.T) {
			w := settledFleet(t, c.spec...)
			c.change(w)
			p := w.at(c.after).decide()
			if diff := cmp.Diff(c.peers, touched(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.held, held(p)); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
			var again time.Time
			if c.again > 0 {
				again = noon.Add(time.Duration(c.again * float64(time.Second)))
			}
			if !p.LookAgain.Equal(again) {
				t.Errorf("to be looked at again at %s, want %s", p.LookAgain, again)
			}
		})
	}
}

func byDefault(f *v1alpha1.PeerFleet) { f.Spec.Rollout.MinReadySeconds = nil }

// A look that the plan asks for is all that it takes: nobody has to notice anything in between.
func TestARolloutGoesOnByTheClockAlone(t *testing.T) {
	w := settledFleet(t, replicas(4))
	w.edit(image(imageV2)).restarts()
	for range 4 {
		p := w.decide()
		if p.LookAgain.IsZero() || len(touched(p)) > 0 {
			t.Fatalf("the plan changes %v, and asks for no other look; told: %+v", touched(p), w.status())
		}
		w.Now = p.LookAgain
		w.restarts()
	}
	if p := w.decide(); !p.LookAgain.IsZero() || w.status().CurrentRevision != w.revision() {
		t.Errorf("after four peers of ten seconds each the rollout is not over: %+v", w.status())
	}
	if took := w.Now.Sub(noon); took != 40*time.Second {
		t.Errorf("four peers took %s, want ten seconds each", took)
	}
}

func TestItIsToldForWhatAFleetWaits(t *testing.T) {
	w := settledFleet(t)
	first := w.revision()
	w.edit(image(imageV2)).restarts()
	w.Fleet.Status = w.at(1).status()
	open := conditions.Find(w.Fleet.Status.Conditions, v1alpha1.ConditionRolloutOpen)
	want := "gate CanaryReady holds back 2 peers: alpha-2 was updated first and is not available yet: " +
		"it is ready, and has to stay so until 2026-11-01T12:00:10Z, as minReadySeconds asks"
	if open.Reason != v1alpha1.ReasonCanaryNotReady || open.Message != want {
		t.Errorf("told is %s: %s, want: %s", open.Reason, open.Message, want)
	}
	if s := w.Fleet.Status; s.ReadyReplicas != 3 || s.AvailableReplicas != 2 || conditions.Find(s.Conditions, v1alpha1.ConditionReady).Status != "True" {
		t.Errorf("of three that are ready one is not available yet, and told is %+v", s)
	}
	if _, news := fleet.ToTell(w.Fleet.Status, w.at(9).status(), noon, w.Now, settings.DefaultSettle); news {
		t.Errorf("while time passes something else is told: %s", cmp.Diff(w.Fleet.Status, w.status()))
	}
	w.at(10).restarts().at(20).restarts()
	if s := w.at(29).status(); s.CurrentRevision != first || s.AvailableReplicas != 2 || conditions.Find(s.Conditions, v1alpha1.ConditionReconciling).Reason != v1alpha1.ReasonWaitingForPeers {
		t.Errorf("before the last peer is available told is %+v", s)
	}
	if s := w.at(30).status(); s.CurrentRevision != s.UpdateRevision || s.AvailableReplicas != 3 || conditions.Find(s.Conditions, v1alpha1.ConditionReconciling).Status != "False" {
		t.Errorf("when the last peer is available told is %+v", s)
	}
}

// A template is on trial until the last peer has served with it for long enough. Meanwhile a peer that is ready does not
// fail, however long it has to be.
func TestATemplateIsOnTrialUntilAllAreAvailable(t *testing.T) {
	failed := func(minReady edits, change func(w *world)) bool {
		w := settledFleet(t, goingBack, replicas(1), minReady)
		w.edit(image(imageV2)).looks()
		w.bounces("alpha-0")
		w.looks()
		change(w)
		w.looks()
		return w.Fleet.Status.Failed != nil
	}
	goesDown := func(w *world) { w.at(4).looks(); w.at(5).goesDown("alpha-0"); w.looks(); w.at(66) }
	if !failed(minReady(10), goesDown) {
		t.Error("the template of a peer that served for five seconds of ten, and then no more, is not taken back")
	}
	if failed(minReady(3), goesDown) {
		t.Error("the template of a peer that served for long enough is taken back, because it is down later")
	}
	if failed(minReady(3600), func(w *world) { w.at(1800) }) {
		t.Error("the template of a peer that serves is taken back, because it has to do so for longer")
	}
}
