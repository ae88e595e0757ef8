// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

// situation is something that can be observed, and what is then told: status and reason by type of condition, and a
// fragment of the message of Ready, or of whatever is named in says.
type situation struct {
	observe func(t *testing.T) *world
	told    map[string]string
	says    string
}

// told is what a person sees first.
func told(ready, reconciling, stalled string, more ...string) map[string]string {
	out := map[string]string{"Ready": ready, "Reconciling": reconciling, "Stalled": stalled}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

const (
	settled = "False Settled"
	serves  = "True Serving"
)

// waits is a peer that does not serve and waits; refused one that only a person can help.
func waits(reason string, more ...string) map[string]string {
	return told("False "+reason, "True "+reason, settled, more...)
}

func refused(reason string, more ...string) map[string]string {
	return told("False "+reason, settled, "True "+reason, more...)
}

// isServing changes a peer that serves.
func isServing(change func(w *world), spec ...func(*v1alpha1.PeerNode)) func(*testing.T) *world {
	return func(t *testing.T) *world {
		w := serving(t, spec...)
		change(w)
		return w
	}
}

func heldByDaily(w *world) {
	w.HeldBy = &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Name: "daily"}}
}

func situations() map[string]situation {
	all := map[string]situation{}
	for _, table := range []map[string]situation{lives, keys, copies, importing, rotations, scheduledBackups, certificates, identities, directs, bootstraps, pods, volumes, exposures, apiExposures, refusals, peers, policed} {
		maps.Copy(all, table)
	}
	return all
}

var lives = map[string]situation{
	"The peer serves and nothing is left to do.": {
		isServing(func(*world) {}), told(serves, settled, settled, "IdentityBound", "True KeyProven", "StorageReady", "True Bound"), "",
	},
	"The PeerNode is new.": {
		func(t *testing.T) *world { return newborn(t) },
		waits("WaitingForKey", "IdentityBound", "", "StorageReady", "False WaitingForVolume"), "the peer's key is being made",
	},
	"Custom software has no identity to show.": {
		isServing(func(*world) {}, custom), told(serves, settled, settled, "IdentityBound", ""), "",
	},
	"The peer is suspended and its pod is gone.": {
		isServing(func(*world) {}, suspended), told("False Suspended", settled, settled, "StorageReady", "True Bound"), "volume and keys are kept",
	},
	"The peer was suspended just now.": {
		isServing(func(w *world) { w.PeerNode.Spec.Suspend = true }), told(serves, "True WaitingForPodGone", settled), "",
	},
	"The peer is suspended and its pod is stopping.": {
		isServing(func(w *world) { w.Pod = readyPod(); w.Pod.DeletionTimestamp = &metav1.Time{Time: now} }, suspended), waits("WaitingForPodGone"), "the pod is stopping",
	},
	"The peer is resumed.": {
		isServing(func(w *world) { w.PeerNode.Spec.Suspend = false }, suspended), waits("WaitingForPod"), "",
	},
	"A backup holds the peer, whose pod still serves.": {
		isServing(heldByDaily), told(serves, "True BackingUp", settled), "",
	},
	"A backup holds the peer, whose pod is gone.": {
		isServing(func(w *world) { heldByDaily(w); w.Pod = nil }), waits("BackingUp", "StorageReady", "True Bound"), "PeerBackup daily copies its data",
	},
	"A backup holds a peer that is suspended.": {
		isServing(heldByDaily, suspended), told("False Suspended", settled, settled), "",
	},
	"A backup has let the peer go.": {
		isServing(func(w *world) { heldByDaily(w); w.Pod = nil; w.carryOut(); w.HeldBy = nil }), waits("WaitingForPod"), "",
	},
	"The image was changed just now; the old pod still serves.": {
		isServing(func(w *world) { w.PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2" }), told(serves, "True WaitingForRevision", settled), "",
	},
	"A request to the API server failed.": {
		isServing(func(w *world) { w.failed = &conditions.Finding{Reason: v1alpha1.ReasonRetrying, Message: "quota"} }), told(serves, "True Retrying", settled), "",
	},
	"The API server refuses an object.": {
		isServing(func(w *world) {
			w.failed = &conditions.Finding{Reason: v1alpha1.ReasonObjectRefused, Message: "too long", Stalled: true}
			w.unready()
		}), refused("ObjectRefused"), "too long",
	},
	"The pod is patched by the user.": {
		isServing(func(*world) {}, patchedWith(`{"spec":{"nodeSelector":{"disk":"fast"}}}`)), told(serves, settled, settled, "CustomPodTemplate", "True Patched"), "",
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
		status := s.observe(t).status()
		seen := map[string]metav1.Condition{}
		for _, c := range status.Conditions {
			if _, twice := seen[c.Type]; twice {
				t.Errorf("%s %s is told twice", name, c.Type)
			}
			seen[c.Type] = c
			if c.ObservedGeneration != 3 || c.Reason == "" || c.LastTransitionTime.IsZero() || len(c.Message) > 1024 {
				t.Errorf("%s %+v is not complete, or far too long", name, c)
			}
		}
		for _, always := range []string{"Ready", "Reconciling", "Stalled", "StorageReady"} {
			if seen[always].Type == "" {
				t.Errorf("%s %s is not told", name, always)
			}
		}
		if seen["Reconciling"].Status == metav1.ConditionTrue && seen["Stalled"].Status == metav1.ConditionTrue {
			t.Errorf("%s both Reconciling and Stalled are True, of which kstatus sees only the first", name)
		}
		if status.ObservedGeneration != 3 {
			t.Errorf("%s the status speaks of generation %d", name, status.ObservedGeneration)
		}
	}
}

func TestTheSameObservationIsToldInTheSameWay(t *testing.T) {
	for name, s := range situations() {
		w := s.observe(t)
		before := w.PeerNode.DeepCopy()
		first := w.status()
		if diff := cmp.Diff(first, w.status()); diff != "" {
			t.Errorf("%s two looks differ:\n%s", name, diff)
		}
		if diff := cmp.Diff(before, w.PeerNode); diff != "" {
			t.Errorf("%s the PeerNode was changed by looking:\n%s", name, diff)
		}
		// A converged status that is written is not written again.
		w.PeerNode.Status = first
		if again := plan.ToTell(first, w.status(), now.Add(time.Hour), settings.DefaultSettle); again.Write || again.After != 0 {
			t.Errorf("%s the status is told again: %s", name, cmp.Diff(first, w.status()))
		}
	}
}
