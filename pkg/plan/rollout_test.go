// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

// ofFleet is a peer of the fleet relay, which lets it have its pod.
func ofFleet(p *v1alpha1.PeerNode) {
	p.Spec.Fleet = &v1alpha1.FleetMembership{Name: "relay"}
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "PeerFleet", Name: "relay", UID: "uid-of-relay", Controller: new(true)}}
	let(p, operator())
}

// let is what the fleet does when it is the peer's turn.
func let(p *v1alpha1.PeerNode, o settings.Operator) {
	p.Annotations = map[string]string{v1alpha1.AnnotationApprovedPod: blueprint.PodOfFleet("peers", "relay", p.Spec, o)}
}

// kindsApplied are those of the objects that a plan changes.
func (w *world) kindsApplied() []string {
	var out []string
	for _, c := range w.decide().Apply {
		out = append(out, c.Kind)
	}
	return out
}

func TestThePodOfAPeerOfAFleetIsReplacedWhenTheFleetLetsIt(t *testing.T) {
	upgrade := func(w *world) { w.Options.Resources.HostUsers = true }
	opened := func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Peer.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "192.0.2.0/24"}}}
	}
	for name, c := range map[string]struct {
		change func(w *world)
		want   []string
		waits  bool
	}{
		"Nothing changed.":                    {func(*world) {}, nil, false},
		"The operator would run another pod.": {upgrade, nil, true},
		"The fleet lets it.":                  {func(w *world) { upgrade(w); let(w.PeerNode, w.Options) }, []string{"StatefulSet"}, false},
		"Somebody changed the image by hand.": {func(w *world) { w.PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2" }, nil, true},
		"Somebody changed a file by hand.":    {func(w *world) { w.PeerNode.Spec.Software.P2PAgent.MaxPeers = 7 }, nil, true},
		"The fleet changed the image.": {func(w *world) {
			w.PeerNode.Spec.Image = "registry.example.com/p2p-agent:v2"
			let(w.PeerNode, w.Options)
		}, []string{"StatefulSet"}, false},
		"A change that replaces no pod.":             {func(w *world) { opened(w.PeerNode) }, []string{"NetworkPolicy"}, false},
		"Beside a pod that waits, the rest goes on.": {func(w *world) { upgrade(w); opened(w.PeerNode) }, []string{"NetworkPolicy"}, true},
		"It is parked, so nothing is replaced.":      {func(w *world) { upgrade(w); w.PeerNode.Spec.Suspend = true }, []string{"StatefulSet"}, false},
		"It was parked, so nothing is replaced.":     {func(w *world) { upgrade(w); w.set().Spec.Replicas = new(int32(0)) }, []string{"StatefulSet"}, false},
		"The StatefulSet is gone, and so is the pod.": {func(w *world) {
			upgrade(w)
			for ref := range w.Objects {
				if ref.Kind == "StatefulSet" {
					delete(w.Objects, ref)
				}
			}
		}, []string{"StatefulSet"}, false},
		"It was set free by its fleet.":        {func(w *world) { upgrade(w); w.PeerNode.OwnerReferences = nil }, []string{"StatefulSet"}, false},
		"It has a fleet by its own word only.": {func(w *world) { upgrade(w); w.PeerNode.OwnerReferences[0].Kind = "Something" }, []string{"StatefulSet"}, false},
		"Its fleet knows of no pods yet.":      {func(w *world) { upgrade(w); w.PeerNode.Annotations = nil }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, ofFleet)
			c.change(w)
			if diff := cmp.Diff(c.want, w.kindsApplied()); diff != "" {
				t.Errorf("applied (-want +got):\n%s", diff)
			}
			reconciling := conditions.Find(w.status().Conditions, "Reconciling")
			if waits := reconciling.Reason == "WaitingForFleet"; waits != c.waits {
				t.Errorf("Reconciling is %+v, want that it waits for its fleet: %v", reconciling, c.waits)
			}
		})
	}
}

// The fleet counts a peer as down until this is told, so it is told at once.
func TestThePodThatAPeerSetAboutIsTold(t *testing.T) {
	w := serving(t, ofFleet)
	first := w.PeerNode.Status.Rollout
	if first == nil || first.Pod != w.PeerNode.Annotations[v1alpha1.AnnotationApprovedPod] || !first.Since.Time.Equal(now) {
		t.Fatalf("told is %+v, want the pod that the fleet lets it have", first)
	}
	if again := w.status(); !cmp.Equal(again.Rollout, first) {
		t.Errorf("told again is %+v", again.Rollout)
	}
	w.Options.Resources.HostUsers = true
	if waiting := w.status(); !cmp.Equal(waiting.Rollout, first) {
		t.Errorf("while the pod waits, told is %+v", waiting.Rollout)
	}
	let(w.PeerNode, w.Options)
	next := w.status()
	if next.Rollout.Pod == first.Pod || next.Rollout.Pod != w.PeerNode.Annotations[v1alpha1.AnnotationApprovedPod] {
		t.Errorf("told is %+v, want the next pod", next.Rollout)
	}
	onlyThis := *w.PeerNode.Status.DeepCopy()
	onlyThis.Rollout = next.Rollout
	if telling := plan.ToTell(w.PeerNode.Status, onlyThis, now.Add(time.Second), settings.DefaultSettle); !telling.Write {
		t.Error("the next pod is not told at once")
	}
	image := w.PeerNode.Spec.Image
	w.PeerNode.Spec.Image = ""
	if refused := w.status(); !cmp.Equal(refused.Rollout, first) {
		t.Errorf("while nothing can be done, told is %+v", refused.Rollout)
	}
	w.PeerNode.Spec.Image = image
	w.PeerNode.Annotations = nil
	if alone := w.status(); alone.Rollout != nil {
		t.Errorf("without a fleet, told is %+v", alone.Rollout)
	}
}
