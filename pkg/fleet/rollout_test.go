// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

const someID = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"

// A change that replaces pods begins with the canary alone; any other reaches all peers at once.
func TestOnlyWhatReplacesPodsGoesPeerByPeer(t *testing.T) {
	for name, c := range map[string]struct {
		edit     edits
		restarts bool
	}{
		"An image.":                  {image(imageV2), true},
		"Resources.":                 {withCPU("200m"), true},
		"A patch of the pod.":        {patchedWith(`{"spec":{"nodeSelector":{"disk":"fast"}}}`), true},
		"A file read only at start.": {func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Software.P2PAgent.MaxPeers = 7 }, true},
		"A spread over other domains.": {func(f *v1alpha1.PeerFleet) {
			f.Spec.Spread = &v1alpha1.PeerSpread{TopologyKey: "topology.kubernetes.io/zone"}
		}, true},
		"A default, now written down.":                                    {func(f *v1alpha1.PeerFleet) { f.Spec.Spread = &v1alpha1.PeerSpread{TopologyKey: corev1.LabelHostname} }, false},
		"The same amount, in other words, and the other default with it.": {withCPU("0.1"), false},
		"An allowed peer, in the list that agents follow.":                {allowing(someID), false},
		"A larger volume.":            {sized("2Gi"), false},
		"What becomes of the volume.": {dataOfPeers(v1alpha1.RetentionDelete), false},
		"Who may connect.": {func(f *v1alpha1.PeerFleet) {
			f.Spec.Template.Spec.Network.Peer.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
		}, false},
		"A declared peer.":             {declaring(v1alpha1.PeerReference{Name: "beta"}), false},
		"A pause of every peer's own.": {suspended, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t)
			p := w.edit(c.edit).decide()
			peers, waiting := peerNodes(3), map[string]int32{}
			if c.restarts {
				peers, waiting = []string{"alpha-2"}, map[string]int32{"CanaryReady": 2}
			}
			if diff := cmp.Diff(peers, touched(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(waiting, held(p)); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

// withCPU asks for an amount of CPU, and otherwise for what is the default.
func withCPU(cpu string) edits {
	return func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Resources = v1alpha1.PeerResources{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		}
	}
}

// steps are plans in the middle of something: what is applied, and what is held back by which gate.
var steps = map[string]struct {
	spec    []edits
	change  func(w *world)
	applied []string
	held    map[string]int32
}{
	"The canary of the spec goes first.": {
		[]edits{canary(0)}, func(w *world) { w.edit(image(imageV2)) }, []string{"PeerNode alpha-0"}, map[string]int32{"CanaryReady": 2},
	},
	"A parked canary is nobody's; the highest that runs goes, and the parked one with it.": {
		[]edits{parked(2)}, func(w *world) { w.edit(image(imageV2)) }, []string{"PeerNode alpha-1", "PeerNode alpha-2"}, map[string]int32{"CanaryReady": 1},
	},
	"All are parked: all at once.": {
		[]edits{suspended}, func(w *world) { w.edit(image(imageV2)) }, []string{"PeerNode alpha-2", "PeerNode alpha-1", "PeerNode alpha-0"}, nil,
	},
	"The canary is on its way.": {
		nil, func(w *world) { w.edit(image(imageV2)).carryOut() }, nil, map[string]int32{"CanaryReady": 2},
	},
	"The canary serves; the next goes.": {
		nil, func(w *world) { w.edit(image(imageV2)).step() }, []string{"PeerNode alpha-1"}, map[string]int32{"UpdatedPeersReady": 1},
	},
	"Two may go at a time, so two do.": {
		[]edits{replicas(5), unavailable(2)}, func(w *world) { w.edit(image(imageV2)).step() },
		[]string{"PeerNode alpha-3", "PeerNode alpha-2"}, map[string]int32{"UpdatedPeersReady": 2},
	},
	"Even if five may go, the canary goes alone.": {
		[]edits{replicas(5), unavailable(5)}, func(w *world) { w.edit(image(imageV2)) }, []string{"PeerNode alpha-4"}, map[string]int32{"CanaryReady": 4},
	},
	"Two may go, and the API server allows one: what is planned is counted as well.": {
		[]edits{replicas(5), unavailable(2)}, func(w *world) { w.edit(image(imageV2)).step(); w.budget().Status.DisruptionsAllowed = 1 },
		[]string{"PeerNode alpha-3"}, map[string]int32{"BudgetKept": 3},
	},
	"A drain uses the budget; the canary waits for it and the others for the canary.": {
		nil, func(w *world) { w.edit(image(imageV2)); w.budget().Status.DisruptionsAllowed = 0 }, nil, map[string]int32{"BudgetKept": 1, "CanaryReady": 2},
	},
	"The budget has changed and nobody has counted for it.": {
		nil, func(w *world) { w.edit(image(imageV2)); w.budget().Generation++ }, nil, map[string]int32{"BudgetKept": 1, "CanaryReady": 2},
	},
	"A peer is down for its own reasons; it goes first, and alone.": {
		nil, func(w *world) { w.edit(image(imageV2)); w.goesDown("alpha-0") }, []string{"PeerNode alpha-0"}, map[string]int32{"CanaryReady": 2},
	},
	"A peer of somebody else's cannot be cured, and keeps the cure from nobody.": {
		nil, func(w *world) { w.edit(image(imageV2)).stands("alpha-2"); w.goesDown("alpha-0") },
		[]string{theList, "PeerNode alpha-0"}, map[string]int32{"CanaryReady": 1},
	},
	"A peer that goes away cannot be cured, and keeps the cure from nobody.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).peer("alpha-2").DeletionTimestamp = &metav1.Time{Time: now}
			w.goesDown("alpha-0")
		},
		[]string{theList, "PeerNode alpha-0"}, map[string]int32{"CanaryReady": 1},
	},
	"A peer of somebody else's is missing, so no other goes down.": {
		nil, func(w *world) { w.edit(image(imageV2)).stands("alpha-0") }, []string{theList}, map[string]int32{"BudgetKept": 1, "CanaryReady": 1},
	},
	"A bad canary holds the rollout.": {
		nil, func(w *world) { w.edit(image(imageV2)).step(); w.goesDown("alpha-2") }, nil, map[string]int32{"CanaryReady": 2},
	},
	"A bad canary gets the cure at once, though the others do not.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).step()
			w.goesDown("alpha-2")
			w.edit(image("registry.example.com/p2p-agent:v3"))
		},
		[]string{"PeerNode alpha-2"}, map[string]int32{"CanaryReady": 2},
	},
	"A bad canary gets the old template back, and that is all there is to do.": {
		nil, func(w *world) { w.edit(image(imageV2)).step(); w.goesDown("alpha-2"); w.edit(image(imageV1)) }, []string{"PeerNode alpha-2"}, nil,
	},
	"A canary whose spec is refused proves nothing, though it runs.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).step()
			w.tells("alpha-2", "True Serving", settled, "True ObjectRefused")
		}, nil, map[string]int32{"CanaryReady": 2},
	},
	"A peer whose spec is refused and that runs as it was uses no budget, and needs no cure before the others.": {
		nil, func(w *world) { w.edit(image(imageV2)).tells("alpha-0", "True Serving", settled, "True ObjectRefused") }, []string{"PeerNode alpha-2"}, map[string]int32{"CanaryReady": 2},
	},
	"A peer whose spec is refused and that is down gets the cure first.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).tells("alpha-0", "False VolumeLost", settled, "True VolumeLost")
		}, []string{"PeerNode alpha-0"}, map[string]int32{"CanaryReady": 2},
	},
	"With room for one more, what is down goes before what serves.": {
		[]edits{replicas(5), unavailable(2)}, func(w *world) {
			w.edit(image(imageV2)).step().step().tells("alpha-3", "True Serving", settled, "True ObjectRefused")
			w.goesDown("alpha-0")
		}, []string{"PeerNode alpha-0"}, map[string]int32{"UpdatedPeersReady": 1},
	},
	"A parked peer that is let run again starts with the newest template, and first.": {
		[]edits{parked(1)}, func(w *world) { w.edit(plain, image(imageV2)) }, []string{theBudget, "PeerNode alpha-1"}, map[string]int32{"CanaryReady": 2},
	},
	"A share of the running peers leaves out the parked: half of four is two.": {
		[]edits{replicas(6), parked(0), parked(1), maxUnavailable(intstr.FromString("50%"))}, func(w *world) { w.edit(image(imageV2)).step() },
		[]string{"PeerNode alpha-4", "PeerNode alpha-3"}, map[string]int32{"UpdatedPeersReady": 1},
	},
	"A peer whose volume grows is not disturbed by it, and proves the update.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).step()
			w.tells("alpha-2", "True Serving", "True WaitingForResize", settled)
		},
		[]string{"PeerNode alpha-1"}, map[string]int32{"UpdatedPeersReady": 1},
	},
	"A peer that serves with its previous pod is about to lose it.": {
		nil, func(w *world) {
			w.edit(image(imageV2)).step()
			w.tells("alpha-2", "True Serving", "True WaitingForRevision", settled)
		}, nil, map[string]int32{"CanaryReady": 2},
	},
	"A new peer has the newest template from the start; the others wait until it serves.": {
		nil, func(w *world) { w.edit(image(imageV2), replicas(4)) }, []string{theBudget, "PeerNode alpha-3"}, map[string]int32{"CanaryReady": 3},
	},
	"A peer with an image of its own has nothing to restart for.": {
		[]edits{withImage(0, imageV2)}, func(w *world) { w.edit(image("registry.example.com/p2p-agent:v3")) },
		[]string{"PeerNode alpha-0", "PeerNode alpha-2"}, map[string]int32{"CanaryReady": 1},
	},
	"A share of the running peers is rounded down: a third of five is one.": {
		[]edits{replicas(5), maxUnavailable(intstr.FromString("33%"))}, func(w *world) { w.edit(image(imageV2)).step() },
		[]string{"PeerNode alpha-3"}, map[string]int32{"UpdatedPeersReady": 3},
	},
	"A rollout that is paused goes no step further.": {
		nil, func(w *world) { w.edit(image(imageV2)).step(); w.edit(paused) }, nil, nil,
	},
	"A release of the operator that runs pods differently is a change like any other.": {
		nil, func(w *world) { w.Options.Resources.HostUsers = true }, []string{"PeerNode alpha-2"}, map[string]int32{"CanaryReady": 2},
	},
	"That change goes on when the canary serves.": {
		nil, func(w *world) { w.Options.Resources.HostUsers = true; w.step() }, []string{"PeerNode alpha-1"}, map[string]int32{"UpdatedPeersReady": 1},
	},
	"A peer that waits for the fleet to let it have its pod serves.": {
		nil, func(w *world) {
			w.Options.Resources.HostUsers = true
			for _, name := range peerNodes(3) {
				w.tells(name, "True Serving", "True WaitingForFleet", settled)
			}
		}, []string{"PeerNode alpha-2"}, map[string]int32{"CanaryReady": 2},
	},
	"A pod that was let and that nobody has set about may still be replaced.": {
		nil, func(w *world) { w.Options.Resources.HostUsers = true; w.carryOut() }, nil, map[string]int32{"CanaryReady": 2},
	},
	"A busy peer is left alone, and another goes first.": {
		nil, func(w *world) { w.holds("alpha-2"); w.edit(image(imageV2)) }, []string{"PeerNode alpha-1"}, map[string]int32{"PeerIdle": 1, "CanaryReady": 1},
	},
	"While a backup has a peer stopped nobody else is restarted.": {
		nil, func(w *world) { w.backsUp("alpha-2"); w.edit(image(imageV2)) }, nil, map[string]int32{"PeerIdle": 1, "CanaryReady": 1, "BudgetKept": 1},
	},
	"A change that restarts nobody reaches a busy peer.": {
		nil, func(w *world) { w.holds("alpha-2"); w.edit(allowing(someID)) }, []string{theList, "PeerNode alpha-0", "PeerNode alpha-1", "PeerNode alpha-2"}, nil,
	},
	"Another default image of the operator is a change like any other.": {
		[]edits{image("")}, func(w *world) { w.Options.Defaults.P2PAgentImage = imageV2 }, []string{"PeerNode alpha-2"}, map[string]int32{"CanaryReady": 2},
	},
}

// step carries out a plan, and lets every peer come up.
func (w *world) step() *world {
	w.carryOut()
	w.attend()
	return w
}

func TestRolloutsGoStepByStep(t *testing.T) {
	for name, c := range steps {
		t.Run(name, func(t *testing.T) {
			w := newborn(t, c.spec...)
			w.Options.Defaults = defaults.Options{P2PAgentImage: imageV1}
			w.converge()
			c.change(w)
			p := w.decide()
			if diff := cmp.Diff(c.applied, applied(p)); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
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

// Who reads a PeerNode sees the image that runs, and another default cannot restart a fleet behind the gates' back.
func TestTheDefaultImageIsWrittenDown(t *testing.T) {
	w := newborn(t, image(""))
	w.Options.Defaults = defaults.Options{P2PAgentImage: imageV1}
	w.converge()
	if got := w.peer("alpha-0").Spec.Image; got != imageV1 {
		t.Errorf("the image of a peer is %q, want the operator's default", got)
	}
	if got := w.Fleet.Spec.Template.Spec.Image; got != "" {
		t.Errorf("the default %q was written into the fleet's spec", got)
	}
}
