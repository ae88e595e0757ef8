// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// keys brings a peer to keys on these stages, from epoch 1.
func (w *world) keys(name string, stages ...v1alpha1.KeyStage) {
	id := w.peer(name).Status.Identity
	id.Epochs = nil
	for i, stage := range stages {
		id.Epochs = append(id.Epochs, v1alpha1.KeyEpoch{Epoch: int64(i + 1), Stage: stage})
	}
}

// says adds to what is told of a peer.
func (w *world) says(name, conditionType string, status metav1.ConditionStatus, reason string) {
	p := w.peer(name)
	p.Status.Conditions = append(p.Status.Conditions, metav1.Condition{Type: conditionType, Status: status, Reason: reason})
}

// waits has a next key that everybody knows.
func (w *world) waits(names ...string) {
	for _, name := range names {
		w.comesUp(name)
		w.keys(name, v1alpha1.KeyActive, v1alpha1.KeyPublished)
		w.says(name, v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonWaitingForFleet)
	}
}

// switches has its next key on record, and a pod that may still be the one of before.
func (w *world) switches(name string) {
	w.comesUp(name)
	w.keys(name, v1alpha1.KeyRetiring, v1alpha1.KeyActive)
	w.says(name, v1alpha1.ConditionIdentityBound, metav1.ConditionFalse, v1alpha1.ReasonKeyCreated)
}

// proves runs with its next key.
func (w *world) proves(name string) {
	w.comesUp(name)
	w.keys(name, v1alpha1.KeyRetiring, v1alpha1.KeyActive)
	w.says(name, v1alpha1.ConditionIdentityBound, metav1.ConditionTrue, v1alpha1.ReasonKeyProven)
}

// turned are the peers that have had a turn.
func (w *world) turned() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(w.Peers)) {
		if w.Peers[name].Annotations[v1alpha1.AnnotationKeyTurn] != "" {
			out = append(out, name)
		}
	}
	return out
}

func TestKeysChangeInTurns(t *testing.T) {
	all := []string{"alpha-0", "alpha-1", "alpha-2"}
	for name, c := range map[string]struct {
		spec   []edits
		change func(w *world)
		turned []string
		held   map[string]int32
	}{
		"Nobody waits.":    {nil, func(*world) {}, nil, nil},
		"One peer waits.":  {nil, func(w *world) { w.waits("alpha-1") }, []string{"alpha-1"}, nil},
		"All wait.":        {nil, func(w *world) { w.waits(all...) }, []string{"alpha-2"}, map[string]int32{"UpdatedPeersReady": 2}},
		"Two may be down.": {[]edits{unavailable(2)}, func(w *world) { w.waits(all...) }, []string{"alpha-1", "alpha-2"}, map[string]int32{"UpdatedPeersReady": 1}},
		"The canary is down, and one more may be.": {
			[]edits{unavailable(2), canary(0)}, func(w *world) { w.waits("alpha-1"); w.goesDown("alpha-0") }, []string{"alpha-1"}, nil,
		},
		"Another is down.": {nil, func(w *world) { w.waits("alpha-1"); w.goesDown("alpha-0") }, nil, map[string]int32{"UpdatedPeersReady": 1}},
		"The peer is down, and a key cures nothing.": {nil, func(w *world) {
			w.waits("alpha-1")
			w.peer("alpha-1").Status.Conditions[0].Status = metav1.ConditionFalse
		}, nil, map[string]int32{"UpdatedPeersReady": 1}},
		"The peer is held.":    {nil, func(w *world) { w.waits("alpha-1"); w.holds("alpha-1") }, nil, map[string]int32{"PeerIdle": 1}},
		"A drain is on.":       {nil, func(w *world) { w.waits("alpha-1"); w.budget().Status.DisruptionsAllowed = 0 }, nil, map[string]int32{"BudgetKept": 1}},
		"The window is shut.":  {[]edits{within("22:00", "")}, func(w *world) { w.waits("alpha-1") }, nil, map[string]int32{"WindowOpen": 1}},
		"The fleet is paused.": {nil, func(w *world) { w.waits("alpha-1"); w.edit(func(f *v1alpha1.PeerFleet) { f.Spec.Paused = true }) }, nil, nil},
		"A template is on its way.": {
			nil, func(w *world) { w.waits("alpha-0"); w.edit(image(imageV2)) }, nil, map[string]int32{"CanaryReady": 2},
		},
		"A template has reached all, and not everybody has served with it.": {
			nil, func(w *world) { w.Fleet.Status.CurrentRevision = "1-earlier"; w.waits("alpha-0") }, nil, nil,
		},
		"A change that restarts nobody goes first.": {
			nil, func(w *world) { w.waits("alpha-0"); w.edit(allowing(someID)) }, nil, nil,
		},
		"One has its turn, and nobody has looked at it yet.": {
			nil, func(w *world) { w.waits("alpha-1", "alpha-2"); w.carryOut() }, []string{"alpha-2"}, map[string]int32{"UpdatedPeersReady": 1},
		},
		"One switches, and its pod is still that of before.": {
			nil, func(w *world) { w.waits("alpha-1", "alpha-2"); w.carryOut(); w.switches("alpha-2") }, []string{"alpha-2"}, map[string]int32{"UpdatedPeersReady": 1},
		},
		"One has switched.": {
			nil, func(w *world) { w.waits("alpha-1", "alpha-2"); w.carryOut(); w.proves("alpha-2") }, []string{"alpha-1", "alpha-2"}, nil,
		},
		"One switches while it is parked: it runs nothing that could be restarted.": {
			[]edits{parked(2)}, func(w *world) { w.waits("alpha-1"); w.switches("alpha-2") }, []string{"alpha-1"}, nil,
		},
		"One switches, and waits for the fleet with the pod of another release: it runs on.": {
			nil, func(w *world) {
				w.waits("alpha-1")
				w.switches("alpha-2")
				w.tells("alpha-2", "True Serving", "True WaitingForFleet", settled)
				w.says("alpha-2", v1alpha1.ConditionIdentityBound, metav1.ConditionFalse, v1alpha1.ReasonKeyCreated)
			}, []string{"alpha-1"}, nil,
		},
		"One waits for something else.": {
			nil, func(w *world) {
				w.comesUp("alpha-1")
				w.keys("alpha-1", v1alpha1.KeyActive, v1alpha1.KeyPublished)
				w.says("alpha-1", v1alpha1.ConditionKeyRotated, metav1.ConditionFalse, v1alpha1.ReasonWaitingForApproval)
			}, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, c.spec...)
			c.change(w)
			p := w.carryOut()
			if diff := cmp.Diff(c.turned, w.turned()); diff != "" {
				t.Errorf("it is the turn of (-want +got):\n%s", diff)
			}
			if c.held == nil {
				c.held = map[string]int32{}
			}
			if diff := cmp.Diff(c.held, held(p)); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

// The turn says for which key it is, and stays when the template changes.
func TestATurnIsForOneKey(t *testing.T) {
	w := serving(t)
	turn := func() string { return w.peer("alpha-1").Annotations[v1alpha1.AnnotationKeyTurn] }
	w.waits("alpha-1")
	if w.carryOut(); turn() != "2" {
		t.Errorf("the turn is for the key of epoch %q", turn())
	}
	w.proves("alpha-1")
	w.edit(image(imageV2))
	if w.converge(); turn() != "2" {
		t.Errorf("after a rollout the turn is for the key of epoch %q", turn())
	}
}

func TestWhoeverAsksTheFleetForKeysAsksEveryPeer(t *testing.T) {
	w := serving(t)
	w.edit(func(f *v1alpha1.PeerFleet) {
		metav1.SetMetaDataAnnotation(&f.ObjectMeta, v1alpha1.AnnotationRotateKey, "monday")
	})
	p := w.carryOut()
	if diff := cmp.Diff([]string{"PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2"}, applied(p)); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
	for name, peer := range w.Peers {
		if got := peer.Annotations[v1alpha1.AnnotationRotateKey]; got != "monday" {
			t.Errorf("%s is asked for %q", name, got)
		}
	}
	w.attend()
	if p := w.decide(); p.Acts() {
		t.Error("peers that were asked are asked again")
	}
}

// Whatever takes its time, no more peers change their keys at a time than may be down, and each comes to its turn once.
func TestAllKeysChangeAndFewAtATime(t *testing.T) {
	everySize(t, func(t *testing.T, n int32, most int) {
		w := serving(t, replicas(n), unavailable(most))
		s := simulated(w, n, most)
		// A peer may be restarted from the moment of its turn, until it has shown its key.
		stage := map[string]int{}
		const waiting, switching, down, done = 0, 1, 2, 3
		for _, name := range peerNodes(n) {
			w.waits(name)
		}
		for range 500 {
			w.carryOut()
			disturbed, finished := 0, 0
			for _, name := range peerNodes(n) {
				if stage[name] < done && w.peer(name).Annotations[v1alpha1.AnnotationKeyTurn] != "" {
					disturbed++
				}
				if stage[name] == done {
					finished++
				}
			}
			if disturbed > most {
				t.Fatalf("%d peers change their keys at a time, of at most %d", disturbed, most)
			}
			if finished == int(n) {
				return
			}
			for _, name := range peerNodes(n) {
				if w.peer(name).Annotations[v1alpha1.AnnotationKeyTurn] == "" || stage[name] == done || s.random.IntN(2) == 0 {
					continue
				}
				switch stage[name]++; stage[name] {
				case switching:
					w.switches(name)
				case down:
					w.goesDown(name)
				case done:
					w.proves(name)
				}
			}
			if s.random.IntN(2) == 0 {
				w.counts()
			}
		}
		t.Fatalf("not every key is changed: %v; told: %+v", stage, w.status())
	})
}
