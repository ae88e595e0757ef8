// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/neighbours"
	"github.com/peernode/operator/pkg/settings"
)

// situation is something that can be observed, and what is then told: status and reason by type of condition, and a
// fragment of what the messages say.
type situation struct {
	observe func(t *testing.T) *world
	told    map[string]string
	says    string
}

const (
	settled = "False Settled"
	serves  = "True AllServing"
	misses  = "False PeersNotReady"
)

// told is what a person sees first.
func told(ready, reconciling, stalled string, more ...string) map[string]string {
	out := map[string]string{"Ready": ready, "Reconciling": reconciling, "Stalled": stalled}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// isUpdating is a fleet that serves and has just got another image, changed.
func isUpdating(change func(w *world), spec ...edits) func(*testing.T) *world {
	return isServing(func(w *world) { change(w.edit(image(imageV2))) }, spec...)
}

func situations() map[string]situation {
	all := map[string]situation{}
	for _, table := range []map[string]situation{lives, rollouts, declaredFleets, strangers, refusals} {
		maps.Copy(all, table)
	}
	return all
}

var lives = map[string]situation{
	"Every peer serves and nothing is left to do.": {
		isServing(func(*world) {}), told(serves, settled, settled, "RolloutOpen", "True NothingHeld", "MembersKnown", "True AllKnown"), "every peer that is not parked serves",
	},
	"The fleet is new.": {
		func(t *testing.T) *world { return newborn(t) },
		told(misses, "True WaitingForPeers", settled, "RolloutOpen", "True NothingHeld", "MembersKnown", "False MembersUnknown"), "3 peers do not serve; the first is alpha-0: is being made",
	},
	"The peers of a new fleet are made and have yet to start.": {
		func(t *testing.T) *world { w := newborn(t); w.carryOut(); return w }, told(misses, "True WaitingForPeers", settled), "alpha-0: its newest spec has not been carried out yet",
	},
	"The fleet is of nobody.":                           {isServing(func(*world) {}, replicas(0)), told(serves, settled, settled), ""},
	"The software keeps no list.":                       {isServing(func(*world) {}, custom), told(serves, settled, settled, "MembersKnown", ""), ""},
	"All peers are parked, which is as it should be.":   {isServing(func(*world) {}, suspended), told(serves, settled, settled), ""},
	"One peer is parked.":                               {isServing(func(*world) {}, parked(1)), told(serves, settled, settled), ""},
	"A parked peer stops.":                              {isServing(func(w *world) { w.tells("alpha-1", "False WaitingForPodGone", "True WaitingForPodGone", settled) }, parked(1)), told(serves, settled, settled), ""},
	"A change that restarts nobody was made just now.":  {isServing(func(w *world) { w.edit(allowing(someID)) }), told(serves, "True WaitingForPeers", settled), "alpha-0: it is being changed"},
	"A peer is to be parked.":                           {isServing(func(w *world) { w.edit(parked(1)) }), told(serves, "True WaitingForPeers", settled), ""},
	"A peer is down.":                                   {isServing(func(w *world) { w.goesDown("alpha-1") }), told(misses, "True WaitingForPeers", settled), "1 peers do not serve; the first is alpha-1: WaitingForPod: WaitingForPod of alpha-1"},
	"Two peers are down.":                               {isServing(func(w *world) { w.goesDown("alpha-2", "alpha-1") }), told(misses, "True WaitingForPeers", settled), "2 peers do not serve; the first is alpha-1"},
	"Nobody has looked at a peer yet.":                  {isServing(func(w *world) { w.peer("alpha-1").Status = v1alpha1.PeerNodeStatus{} }), told(misses, "True WaitingForPeers", settled), "alpha-1: its newest spec has not been carried out yet"},
	"A peer was deleted by somebody and is made anew.":  {isServing(func(w *world) { delete(w.Peers, "alpha-1") }), told(misses, "True WaitingForPeers", settled, "MembersKnown", "False MembersUnknown"), "1 peers have not shown their identity yet; the first is alpha-1"},
	"The volume of a peer grows.":                       {isServing(func(w *world) { w.tells("alpha-1", "True Serving", "True WaitingForResize", settled) }), told(serves, settled, settled), ""},
	"A peer serves and is being worked on.":             {isServing(func(w *world) { w.tells("alpha-1", "True Serving", "True Retrying", settled) }), told(serves, "True WaitingForPeers", settled), "alpha-1: Retrying"},
	"A peer serves and has yet to look at its spec.":    {isServing(func(w *world) { w.peer("alpha-1").Generation++ }), told(serves, "True WaitingForPeers", settled), "alpha-1: its newest spec"},
	"The fleet grows.":                                  {isServing(func(w *world) { w.edit(replicas(5)) }), told(misses, "True WaitingForPeers", settled), "alpha-3: is being made"},
	"The fleet shrinks.":                                {isServing(func(w *world) { w.edit(replicas(1)) }), told(serves, "True ScalingDown", settled), "2 peers whose ordinal is no longer wanted are going away"},
	"What leaves is down, which is nobody's business.":  {isServing(func(w *world) { w.edit(replicas(2)); w.goesDown("alpha-2") }), told(serves, "True ScalingDown", settled), ""},
	"The fleet is paused and has no peers yet.":         {isServing(func(*world) {}, paused), told(misses, "True Paused", settled, "RolloutOpen", "False Paused"), "3 peers wait to be made"},
	"The fleet is paused and nothing is left to do.":    {isServing(func(w *world) { w.edit(paused) }), told(serves, settled, settled, "RolloutOpen", "False Paused"), ""},
	"The fleet is paused and its template has changed.": {isServing(func(w *world) { w.edit(paused, image(imageV2)) }), told(serves, "True Paused", settled, "RolloutOpen", "False Paused"), "3 peers wait to be made, changed or removed"},
	"The fleet is paused and is to shrink.":             {isServing(func(w *world) { w.edit(paused, replicas(1)) }), told(serves, "True Paused", settled), "2 peers wait"},
	"The fleet is paused and a peer is down.":           {isServing(func(w *world) { w.edit(paused).goesDown("alpha-0") }), told(misses, "True WaitingForPeers", settled), ""},
	"A request to the API server failed.":               {isServing(func(w *world) { w.failed = conditions.Wait(v1alpha1.ReasonRetrying, "quota") }), told(serves, "True Retrying", settled), "quota"},
}

var rollouts = map[string]situation{
	"The template changed just now.": {isUpdating(func(*world) {}), told(serves, "True CanaryNotReady", settled, "RolloutOpen", "False CanaryNotReady"), "gate CanaryReady holds back 2 peers: alpha-2 was updated first and is not available yet: it is being updated"},
	"The canary does not come up.":   {isUpdating(func(w *world) { w.carryOut(); w.goesDown("alpha-2") }), told(misses, "True CanaryNotReady", settled, "RolloutOpen", "False CanaryNotReady"), "1 peers do not serve; the first is alpha-2"},
	"The canary has come up just now.": {isUpdating(func(w *world) { w.at(0).restarts() }, minReady(10)),
		told(serves, "True CanaryNotReady", settled, "RolloutOpen", "False CanaryNotReady"), "it is ready, and has to stay so until 2026-11-01T12:00:10Z"},
	"The last peer has come up just now.": {isServing(func(w *world) { w.at(0).bounces("alpha-1") }, minReady(10)), told(serves, "True WaitingForPeers", settled, "RolloutOpen", "True NothingHeld"), "the first is alpha-1: it is ready"},
	"The next peer is on its way.": {isUpdating(func(w *world) { w.step().carryOut(); w.goesDown("alpha-1") }),
		told(misses, "True UpdatedPeersNotReady", settled, "RolloutOpen", "False UpdatedPeersNotReady"), "gate UpdatedPeersReady holds back 1 peers"},
	"The last peer is on its way.":    {isUpdating(func(w *world) { w.step().step().carryOut(); w.goesDown("alpha-0") }), told(misses, "True WaitingForPeers", settled, "RolloutOpen", "True NothingHeld"), ""},
	"The window is closed.":           {isUpdating(func(w *world) { w.edit(within("22:00", "")) }), told(serves, "True OutsideWindow", settled, "RolloutOpen", "False OutsideWindow"), "the maintenance window opens at 2026-11-01T22:00:00Z"},
	"The canary of the spec is busy.": {isUpdating(func(w *world) { w.edit(canary(2)); w.holds("alpha-2") }), told(serves, "True PeerBusy", settled, "RolloutOpen", "False PeerBusy"), "gate PeerIdle holds back 1 peers: alpha-2 is not to be disturbed: the annotation peernode.dev/hold says: a copy until noon"},
	"What changes its key is busy.":   {isUpdating(func(w *world) { w.edit(canary(2)); w.switches("alpha-2") }), told(serves, "True PeerBusy", settled, "RolloutOpen", "False PeerBusy"), "alpha-2 is not to be disturbed: it changes to another key"},
	"What leaves is busy.":            {isServing(func(w *world) { w.edit(replicas(2)); w.holds("alpha-2") }), told(serves, "True ScalingDown", settled), "alpha-2 is not to be disturbed"},
	"What leaves is backed up.":       {isServing(func(w *world) { w.edit(replicas(2)); w.backsUp("alpha-2") }), told(serves, "True ScalingDown", settled), "PeerBackup daily has it stopped"},
	"The template was taken back.": {
		func(t *testing.T) *world { w := hasFailed(t); w.converge(); return w },
		told(serves, settled, "True RolledBack", "RolloutOpen", "True NothingHeld"), "was taken back, because alpha-2 has not served for 1m0s: WaitingForPod",
	},
	"The template is being taken back.": {hasFailed, told(misses, "True WaitingForPeers", settled), "alpha-2"},
	"A drain uses the budget.":          {isUpdating(func(w *world) { w.budget().Status.DisruptionsAllowed = 0 }), told(serves, "True BudgetExhausted", settled, "RolloutOpen", "False BudgetExhausted"), "a drain may be using it"},
	"The budget is not counted yet.":    {isUpdating(func(w *world) { w.budget().Generation++ }), told(serves, "True BudgetExhausted", settled), "has not been counted yet"},
	"The spec of the canary is refused, and it still runs as it was.": {
		isUpdating(func(w *world) { w.carryOut(); w.tells("alpha-2", "True Serving", settled, "True InvalidPodTemplate") }),
		told(serves, settled, "True PeerStalled", "RolloutOpen", "False CanaryNotReady"), "alpha-2: InvalidPodTemplate: InvalidPodTemplate of alpha-2",
	},
}

// seesEdge declares the fleet edge, and observes it where it exists.
func seesEdge(exists *v1alpha1.PeerFleet) func(*testing.T) *world {
	return isServing(func(w *world) {
		w.edit(func(f *v1alpha1.PeerFleet) {
			f.Spec.Template.Spec.Network.Fleets = []v1alpha1.FleetReference{{Name: "edge", Namespace: "elsewhere"}}
		})
		w.Declared.Fleets = []neighbours.Fleet{{NamespacedName: types.NamespacedName{Namespace: "elsewhere", Name: "edge"}, PeerFleet: exists}}
		w.converge()
	})
}

// edgeThat is another fleet whose template has a network.
func edgeThat(network v1alpha1.PeerNetwork) *v1alpha1.PeerFleet {
	return &v1alpha1.PeerFleet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "elsewhere", Name: "edge"},
		Spec:       v1alpha1.PeerFleetSpec{Template: v1alpha1.PeerNodeTemplate{Spec: v1alpha1.PeerNodeSpec{Network: network}}},
	}
}

// declared fleets never keep a fleet from serving.
var declaredFleets = map[string]situation{
	"A declared fleet does not exist.":         {seesEdge(nil), told(serves, settled, settled, "PeersResolved", "False PeerMissing"), "PeerFleet elsewhere/edge does not exist"},
	"A declared fleet does not list this one.": {seesEdge(edgeThat(v1alpha1.PeerNetwork{})), told(serves, settled, settled, "PeersResolved", "False PeerOneSided"), "does not list PeerFleet peers/alpha"},
	"A declared fleet lists this one.": {
		seesEdge(edgeThat(v1alpha1.PeerNetwork{Fleets: []v1alpha1.FleetReference{{Name: "alpha", Namespace: "peers"}}})),
		told(serves, settled, settled, "PeersResolved", "True AllKnown"), "",
	},
	"A declared fleet lists some peers of this one.": {
		seesEdge(edgeThat(v1alpha1.PeerNetwork{Peers: []v1alpha1.PeerReference{{Name: "alpha-0", Namespace: "peers"}}})),
		told(serves, settled, settled, "PeersResolved", "False PeerOneSided"), "",
	},
	"No fleet is declared.": {isServing(func(*world) {}), told(serves, settled, settled, "PeersResolved", ""), ""},
}

// strangers are PeerNodes under the names of peers that cannot be the fleet's.
var strangers = map[string]situation{
	"A PeerNode of somebody else has the name of a peer.": {
		isServing(func(w *world) { w.stands("alpha-1") }), told(misses, settled, "True ForeignObject"), "PeerNode peers/alpha-1 exists and is not of this fleet",
	},
	"A PeerNode under the name of a peer is going away.": {
		isServing(func(w *world) { w.peer("alpha-1").DeletionTimestamp = &metav1.Time{Time: now} }), told(misses, "True WaitingForPeers", settled), "PeerNode alpha-1 is going away and will be made anew",
	},
	"A PeerNode of a deleted fleet of this name is still there.": {
		isServing(func(w *world) { w.peer("alpha-1").OwnerReferences[0].UID = "uid-0" }), told(misses, "True WaitingForPeers", settled), "PeerNode alpha-1 of a deleted PeerFleet",
	},
	"A PeerNode that the fleet may have is to be taken over.": {
		isServing(func(w *world) { w.stands("alpha-3", invited); w.edit(replicas(4)) }), told(serves, "True WaitingForPeers", settled), "alpha-3",
	},
}

var refusals = map[string]situation{
	"A peer needs a person, and still runs as it was.": {isServing(func(w *world) { w.tells("alpha-0", "True Serving", settled, "True NoImage") }), told(serves, settled, "True PeerStalled"), "alpha-0: NoImage: NoImage of alpha-0"},
	"A peer needs a person, and is down.":              {isServing(func(w *world) { w.tells("alpha-0", "False VolumeLost", settled, "True VolumeLost") }), told(misses, settled, "True PeerStalled"), "alpha-0: VolumeLost: VolumeLost of alpha-0"},
	"A peer that leaves needs a person, which is no longer the fleet's business.": {
		isServing(func(w *world) {
			w.tells("alpha-2", "False VolumeLost", settled, "True VolumeLost")
			w.edit(replicas(2))
		}), told(serves, "True ScalingDown", settled), "",
	},
	"Neither the template nor the operator names an image.": {func(t *testing.T) *world { return newborn(t, image("")) }, told("False NoImage", settled, "True NoImage"), "spec.template: spec.image is not set"},
	"The template names no image any more; what runs keeps serving.": {
		isServing(func(w *world) { w.edit(image("")) }), told(serves, settled, "True NoImage"), "",
	},
	"The template names no image any more, and a peer is down.": {
		isServing(func(w *world) { w.edit(image("")).goesDown("alpha-1") }), told(misses, settled, "True NoImage"), "alpha-1: WaitingForPod",
	},
	"The patch of the template is wrong; what runs keeps serving.": {
		isServing(func(w *world) { w.edit(patchedWith(`{"spec":{"nodeSelector":7}}`)) }), told(serves, settled, "True InvalidPodTemplate"), "",
	},
	"The window is wrong; what runs keeps serving.": {
		isServing(func(w *world) { w.edit(within("22:00", "Europe/Atlantis")) }), told(serves, settled, "True InvalidWindow"), "",
	},
	"No software is chosen, whatever admission.": {
		func(t *testing.T) *world {
			return newborn(t, func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Software = v1alpha1.PeerSoftware{} })
		}, told("False InvalidSoftware", settled, "True InvalidSoftware"), "names no software",
	},
	"A probe of the template names a port that does not exist.": {
		func(t *testing.T) *world {
			return newborn(t, custom, func(f *v1alpha1.PeerFleet) {
				f.Spec.Template.Spec.Software.Custom.Probes.Liveness = &v1alpha1.CustomProbe{TCPSocket: &v1alpha1.TCPSocketProbe{}}
			})
		}, told("False InvalidSoftware", settled, "True InvalidSoftware"), "spec.software.custom.probes.liveness",
	},
	"The window is in a time zone that does not exist.": {
		func(t *testing.T) *world { return newborn(t, within("22:00", "Europe/Atlantis")) }, told("False InvalidWindow", settled, "True InvalidWindow"), "spec.rollout.window.timeZone",
	},
	"The patch of the template lifts a safeguard.": {
		func(t *testing.T) *world {
			return newborn(t, patchedWith(`{"spec":{"automountServiceAccountToken":true}}`))
		},
		told("False InvalidPodTemplate", settled, "True InvalidPodTemplate"), "automountServiceAccountToken must stay false",
	},
	"A list of somebody else has the name that is needed.": {
		isServing(func(w *world) { w.list().Labels = nil }), told(serves, settled, "True ForeignObject"), "ConfigMap peers/alpha-fleet exists and was not made by this operator",
	},
	"A budget of another fleet has the name that is needed.": {
		isServing(func(w *world) { w.budget().Labels[v1alpha1.LabelFleet] = "beta" }), told(serves, settled, "True ForeignObject"), "PodDisruptionBudget peers/alpha-fleet",
	},
	"The list of a deleted fleet of this name is still there.": {
		isServing(func(w *world) { w.list().OwnerReferences[0].UID = "uid-0" }), told(serves, "True WaitingForPeers", settled), "ConfigMap peers/alpha-fleet of a deleted PeerFleet of this name is still going away",
	},
	"The API server refuses a peer.": {
		isServing(func(w *world) { w.failed = conditions.Refuse(v1alpha1.ReasonObjectRefused, "immutable") }), told(serves, settled, "True ObjectRefused"), "immutable",
	},
}

func TestSituationsAreToldAsTheyAre(t *testing.T) {
	for name, s := range situations() {
		t.Run(name, func(t *testing.T) {
			status := s.observe(t).status()
			got := map[string]string{}
			var messages strings.Builder
			for _, c := range status.Conditions {
				got[c.Type] = string(c.Status) + " " + c.Reason
				messages.WriteString(c.Message + "\n")
			}
			for conditionType, want := range s.told {
				if got[conditionType] != want {
					t.Errorf("%s is %q, want %q; all: %v", conditionType, got[conditionType], want, got)
				}
			}
			if !strings.Contains(messages.String(), s.says) {
				t.Errorf("the messages do not say %q:\n%s", s.says, &messages)
			}
		})
	}
}

// What kstatus and the API conventions ask of every status, whatever the situation.
func TestEveryStatusKeepsTheConventions(t *testing.T) {
	for name, s := range situations() {
		w := s.observe(t)
		status := w.status()
		seen := map[string]metav1.Condition{}
		for _, c := range status.Conditions {
			if _, twice := seen[c.Type]; twice {
				t.Errorf("%s %s is told twice", name, c.Type)
			}
			seen[c.Type] = c
			if c.ObservedGeneration != w.Fleet.Generation || c.Reason == "" || c.LastTransitionTime.IsZero() || len(c.Message) > 1024 || strings.HasSuffix(c.Message, ": ") {
				t.Errorf("%s %+v is not complete, or far too long", name, c)
			}
		}
		for _, always := range []string{"Ready", "Reconciling", "Stalled", "RolloutOpen"} {
			if seen[always].Type == "" {
				t.Errorf("%s %s is not told", name, always)
			}
		}
		if seen["Reconciling"].Status == metav1.ConditionTrue && seen["Stalled"].Status == metav1.ConditionTrue {
			t.Errorf("%s both Reconciling and Stalled are True, of which kstatus sees only the first", name)
		}
		if seen["Ready"].Status == metav1.ConditionFalse && conditions.Progress(status.Conditions).Type == "Ready" {
			t.Errorf("%s the fleet is not ready, and neither works nor needs anybody: %+v", name, status.Conditions)
		}
		if status.ObservedGeneration != w.Fleet.Generation {
			t.Errorf("%s the status speaks of generation %d", name, status.ObservedGeneration)
		}
	}
}

func TestTheSameObservationIsToldInTheSameWay(t *testing.T) {
	for name, s := range situations() {
		w := s.observe(t)
		before, peers := w.Fleet.DeepCopy(), map[string]*v1alpha1.PeerNode{}
		for peer, p := range w.Peers {
			peers[peer] = p.DeepCopy()
		}
		first := w.status()
		if diff := cmp.Diff(first, w.status()); diff != "" {
			t.Errorf("%s two looks differ:\n%s", name, diff)
		}
		if diff := cmp.Diff(before, w.Fleet); diff != "" {
			t.Errorf("%s the fleet was changed by looking:\n%s", name, diff)
		}
		if diff := cmp.Diff(peers, w.Peers); diff != "" {
			t.Errorf("%s the peers were changed by looking:\n%s", name, diff)
		}
		// A status that is written is not written again.
		w.Fleet.Status = first
		if after, news := fleet.ToTell(first, w.status(), now, now.Add(time.Hour), settings.DefaultSettle); news || after != 0 {
			t.Errorf("%s the status is told again: %s", name, cmp.Diff(first, w.status()))
		}
	}
}
