// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

func TestTheImageOfTheOperatorIsTheDefault(t *testing.T) {
	w := newborn(t, func(p *v1alpha1.PeerNode) { p.Spec.Image = "" })
	w.Options.Defaults = defaults.Options{P2PAgentImage: "registry.example.com/default:v1"}
	if got := w.status().Image; got != "registry.example.com/default:v1" {
		t.Errorf("status.image is %q", got)
	}
	if w.PeerNode.Spec.Image != "" {
		t.Error("the default was written into the spec")
	}
}

func TestStatusTellsWhatIsInUse(t *testing.T) {
	w := serving(t, withAPI)
	got := w.status()
	got.Conditions = nil
	size := w.claim().Spec.Resources.Requests[corev1.ResourceStorage]
	want := v1alpha1.PeerNodeStatus{
		ObservedGeneration: 3, Software: "p2pAgent", Image: "registry.example.com/p2p-agent:v1",
		Identity:  recorded(),
		Endpoints: &v1alpha1.PeerEndpoints{Peer: "alpha.peers.svc:8000", API: "alpha-api.peers.svc:443"},
		Storage:   &v1alpha1.PeerStorageStatus{ClaimName: "alpha-data", Requested: &size, Capacity: &size},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeSeenNowKeepsItsLastValue(t *testing.T) {
	for name, forget := range map[string]func(*v1alpha1.PeerNodeSpec){
		"Nobody names an image, so the software is not asked.": func(s *v1alpha1.PeerNodeSpec) { s.Image = "" },
		"The operator does not know the software any more.":    func(s *v1alpha1.PeerNodeSpec) { s.Software = v1alpha1.PeerSoftware{} },
	} {
		w := serving(t)
		before := w.PeerNode.Status
		clear(w.Objects)
		w.Pod = nil
		forget(&w.PeerNode.Spec)
		after := w.status()
		for what, same := range map[string]bool{
			"identity":  cmp.Equal(before.Identity, after.Identity),
			"endpoints": cmp.Equal(before.Endpoints, after.Endpoints),
			"storage":   cmp.Equal(before.Storage, after.Storage),
		} {
			if !same {
				t.Errorf("%s %s was forgotten: %+v", name, what, after)
			}
		}
	}
}

func TestTransitionsKeepTheirTime(t *testing.T) {
	w := serving(t)
	p := w.decide()
	later := plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), now.Add(time.Hour))
	for _, c := range later.Conditions {
		if !c.LastTransitionTime.Time.Equal(now) {
			t.Errorf("%s did not change and has a transition at %s", c.Type, c.LastTransitionTime)
		}
	}
}

// A pod may be unready for a moment that no look sees, and be another one when an operator looks again. Whoever waits until a
// peer has been ready for some time must not count across that.
func TestAPeerIsReadyForNoLongerThanItsPod(t *testing.T) {
	later := now.Add(time.Hour)
	for name, c := range map[string]struct {
		pod, want time.Time
	}{
		"The pod was ready before that was told.":      {now.Add(-time.Second), now},
		"The pod was unready when nobody looked.":      {now.Add(time.Minute), now.Add(time.Minute)},
		"A pod that does not say since when is ready.": {time.Time{}, now},
	} {
		w := serving(t)
		w.Pod.Status.Conditions[1].LastTransitionTime = metav1.NewTime(c.pod)
		p := w.decide()
		after := plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), later)
		if got := conditions.Find(after.Conditions, v1alpha1.ConditionReady); !got.LastTransitionTime.Time.Equal(c.want) || got.Status != metav1.ConditionTrue {
			t.Errorf("%s Told is that the peer is ready since %s (%s), want %s", name, got.LastTransitionTime, got.Status, c.want)
		}
		before := w.PeerNode.Status
		if told := plan.ToTell(before, after, later, settings.DefaultSettle); told.Write != !c.want.Equal(now) {
			t.Errorf("%s It is told at once: %v", name, told.Write)
		}
		if w.PeerNode.Status = after; plan.ToTell(after, w.status(), later, settings.DefaultSettle) != (plan.Telling{}) {
			t.Errorf("%s It is told twice", name)
		}
	}
	w := serving(t)
	w.unready().Pod.Status.Conditions[1].LastTransitionTime = metav1.NewTime(now.Add(-time.Hour))
	p := w.decide()
	if got := conditions.Find(plan.Status(w.Observed, p, plan.Judge(w.Observed, p, nil, now), later).Conditions, v1alpha1.ConditionReady); !got.LastTransitionTime.Time.Equal(later) {
		t.Errorf("a peer that ceased to be ready is unready since %s, want the moment in which that was seen", got.LastTransitionTime)
	}
}

func TestWaitsForMounts(t *testing.T) {
	waiting := func(change func(*world)) *corev1.Pod {
		w := serving(t)
		w.unready().unsealing().State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "PodInitializing"}}
		change(w)
		return w.Pod
	}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"There is no pod.":                {nil, false},
		"The key has not been asked for.": {waiting(func(*world) {}), true},
		"The key is there.":               {readyPod(), false},
		"The key was asked for in vain once.": {waiting(func(w *world) {
			w.unsealing().LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1}
		}), false},
		"The pod is stopping.":                   {waiting(func(w *world) { w.Pod.DeletionTimestamp = &metav1.Time{Time: now} }), false},
		"The pod needs no key.":                  {waiting(func(w *world) { w.unsealing().Name = "theirs" }), false},
		"The kubelet has not said anything yet.": {waiting(func(w *world) { w.Pod.Status.InitContainerStatuses = nil }), false},
	} {
		if got := plan.WaitsForMounts(c.pod); got != c.want {
			t.Errorf("%s WaitsForMounts = %v, want %v", name, got, c.want)
		}
	}
}
