// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
)

// statusOf is the status of a fleet of three with Ready, Reconciling and Stalled as given, written "True Reason".
func statusOf(ready, reconciling, stalled string, change ...func(*v1alpha1.PeerFleetStatus)) v1alpha1.PeerFleetStatus {
	s := v1alpha1.PeerFleetStatus{ObservedGeneration: 3, Replicas: 3, ReadyReplicas: 3, UpdatedReplicas: 3, UpdateRevision: "1-aa", OldestRevision: "1-aa", CurrentRevision: "1-aa"}
	for i, told := range []string{ready, reconciling, stalled} {
		status, reason, _ := strings.Cut(told, " ")
		s.Conditions = append(s.Conditions, metav1.Condition{
			Type: []string{"Ready", "Reconciling", "Stalled"}[i], Status: metav1.ConditionStatus(status), Reason: reason, Message: reason + "!",
		})
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

// to is where a rollout stands: the newest revision, the oldest and how many peers are updated.
func to(update, oldest string, updated int32) func(*v1alpha1.PeerFleetStatus) {
	return func(s *v1alpha1.PeerFleetStatus) {
		s.UpdateRevision, s.OldestRevision, s.UpdatedReplicas = update, oldest, updated
	}
}

// proven is a revision that every peer had while all served.
func proven(revision string) func(*v1alpha1.PeerFleetStatus) {
	return func(s *v1alpha1.PeerFleetStatus) { s.CurrentRevision = revision }
}

var (
	fresh   = v1alpha1.PeerFleetStatus{}
	growing = statusOf(misses, "True WaitingForPeers", settled)
	up      = statusOf(serves, settled, settled)
	stuck   = statusOf(serves, settled, "True PeerStalled")
	waiting = statusOf(serves, "True CanaryNotReady", settled, to("2-bb", "1-aa", 0))
)

// change is two statuses that were written one after the other, and the events that follow from them.
type change struct {
	before, next v1alpha1.PeerFleetStatus
	want         []conditions.Event
}

func news() map[string]change {
	event := func(eventType, reason, action string) conditions.Event {
		return conditions.Event{Type: eventType, Reason: reason, Action: action, Message: reason + "!"}
	}
	started := conditions.Event{Type: "Normal", Reason: "RolloutStarted", Action: "Update", Message: "the template changed to revision 2-bb"}
	finished := conditions.Event{Type: "Normal", Reason: "RolloutFinished", Action: "Update", Message: "every peer has revision 2-bb and serves"}
	done := event("Normal", "AllServing", "Settle")
	return map[string]change{
		"What stays is not told.":                    {up, up, nil},
		"A start makes no event.":                    {fresh, growing, nil},
		"A start that is done is told.":              {growing, up, []conditions.Event{done}},
		"A refusal at the start is told.":            {fresh, statusOf("False NoImage", settled, "True NoImage", to("1-aa", "", 0)), []conditions.Event{event("Warning", "NoImage", "Refuse")}},
		"A refusal later is told.":                   {up, stuck, []conditions.Event{event("Warning", "PeerStalled", "Refuse")}},
		"A refusal that stays is told once.":         {stuck, stuck, nil},
		"Another refusal is told.":                   {stuck, statusOf(serves, settled, "True ForeignObject"), []conditions.Event{event("Warning", "ForeignObject", "Refuse")}},
		"A wait that became a refusal is told.":      {statusOf(serves, "True ForeignObject", settled), statusOf(serves, settled, "True ForeignObject"), []conditions.Event{event("Warning", "ForeignObject", "Refuse")}},
		"The end of a refusal is told.":              {stuck, up, []conditions.Event{done}},
		"A wait is told.":                            {up, growing, []conditions.Event{event("Normal", "WaitingForPeers", "Wait")}},
		"Another wait is told.":                      {growing, statusOf(serves, "True ScalingDown", settled), []conditions.Event{event("Normal", "ScalingDown", "Wait")}},
		"Another message alone is not told.":         {growing, statusOf(misses, "True WaitingForPeers", settled, func(s *v1alpha1.PeerFleetStatus) { s.Conditions[1].Message = "again" }), nil},
		"Another number alone is not told.":          {growing, statusOf(misses, "True WaitingForPeers", settled, func(s *v1alpha1.PeerFleetStatus) { s.ReadyReplicas = 1 }), nil},
		"The first template is no rollout.":          {fresh, statusOf(misses, "True WaitingForPeers", settled), nil},
		"A template that is unknown is none.":        {up, statusOf(serves, settled, settled, to("", "1-aa", 0)), nil},
		"A rollout starts, and waits.":               {up, waiting, []conditions.Event{started, event("Normal", "CanaryNotReady", "Wait")}},
		"A rollout goes on.":                         {waiting, statusOf(serves, "True CanaryNotReady", settled, to("2-bb", "1-aa", 1)), nil},
		"A rollout waits for another gate.":          {waiting, statusOf(serves, "True UpdatedPeersNotReady", settled, to("2-bb", "1-aa", 1)), []conditions.Event{event("Normal", "UpdatedPeersNotReady", "Wait")}},
		"A rollout is held up by a person.":          {waiting, statusOf(serves, settled, "True PeerStalled", to("2-bb", "1-aa", 1)), []conditions.Event{event("Warning", "PeerStalled", "Refuse")}},
		"A rollout is done.":                         {waiting, statusOf(serves, settled, settled, to("2-bb", "2-bb", 3), proven("2-bb")), []conditions.Event{finished, done}},
		"All are updated and one is down.":           {waiting, statusOf(misses, "True WaitingForPeers", settled, to("2-bb", "2-bb", 3)), []conditions.Event{event("Normal", "WaitingForPeers", "Wait")}},
		"All of them serve, one is outdated.":        {waiting, statusOf(serves, "True WaitingForPeers", settled, to("2-bb", "1-aa", 2)), []conditions.Event{event("Normal", "WaitingForPeers", "Wait")}},
		"A rollout is done after a last wait.":       {statusOf(misses, "True WaitingForPeers", settled, to("2-bb", "2-bb", 3)), statusOf(serves, settled, settled, to("2-bb", "2-bb", 3), proven("2-bb")), []conditions.Event{finished, done}},
		"A rollout that is done stays done.":         {statusOf(serves, settled, settled, to("2-bb", "2-bb", 3), proven("2-bb")), statusOf(serves, settled, settled, to("2-bb", "2-bb", 3), proven("2-bb")), nil},
		"The first peers of a fleet are no rollout.": {statusOf(misses, "True WaitingForPeers", settled, proven("")), up, []conditions.Event{done}},
		"A fleet comes up, which ends no rollout.": {
			statusOf(misses, "True WaitingForPeers", settled), up, []conditions.Event{done},
		},
	}
}

func TestEventsTellWhatIsNews(t *testing.T) {
	for name, c := range news() {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, fleet.Events(c.before, c.next)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// tellEvents is a look of the controller: it decides, does, and tells what it decided about.
func (w *world) tellEvents() []conditions.Event {
	w.t.Helper()
	next := fleet.Status(w.Observed, w.decide(), nil, now)
	out := fleet.Events(w.Fleet.Status, next)
	w.carryOut()
	w.Fleet.Status = next
	return out
}

// A peer serves with its old pod for a moment after its spec was changed, and the last peer of a rollout is down for
// longer than any look takes: the end is told neither too early nor not at all.
func TestTheEndOfARolloutIsToldOnceWhenAllServe(t *testing.T) {
	w := serving(t)
	w.edit(image(imageV2))
	var told []string
	tell := func() {
		for _, e := range w.tellEvents() {
			told = append(told, e.Reason)
			for name, p := range w.Peers {
				if e.Reason == v1alpha1.ReasonRolloutFinished && (p.Spec.Image != imageV2 || p.Status.ObservedGeneration != p.Generation) {
					t.Errorf("%s is told while %s has yet to be updated", e.Message, name)
				}
			}
		}
	}
	for range 5 {
		before := w.running()
		tell()
		tell() // The PeerNode controller has not looked yet.
		for name, image := range w.running() {
			if before[name] != image {
				w.goesDown(name)
			}
		}
		tell()
		w.attend()
	}
	told = slices.DeleteFunc(told, func(reason string) bool { return !strings.HasPrefix(reason, "Rollout") })
	if diff := cmp.Diff([]string{"RolloutStarted", "RolloutFinished"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// running are the images that the peers are to run.
func (w *world) running() map[string]string {
	out := map[string]string{}
	for name, p := range w.Peers {
		out[name] = p.Spec.Image
	}
	return out
}
