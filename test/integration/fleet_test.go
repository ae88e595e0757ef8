// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/builders"
)

const (
	otherImage = "registry.example.com/p2p-agent:v2"
	// more than any simulated node has.
	tooMuchCPU = "9000"
)

func TestAFleetIsMadeAndThenSilent(t *testing.T) {
	s := tell(t)
	f := s.fleet(3)
	for name, p := range s.peersOf(f) {
		if !metav1.IsControlledBy(&p, f) || p.Spec.Fleet == nil || p.Spec.Fleet.Name != "relay" {
			t.Errorf("%s is not one of the fleet: %+v", name, p.Spec.Fleet)
		}
	}
	if f.Status.Selector != "peernode.dev/fleet=relay" {
		t.Errorf("the selector for autoscalers is %q", f.Status.Selector)
	}
	s.settle(quiet)
	s.Run("at rest", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silent(quiet) })
	s.Run("after a restart", func(t *testing.T) { (&story{T: t, ns: s.ns, log: s.log}).silentAfterRestart() })
}

// The volume and the key of an ordinal wait for it.
func TestAFleetScalesAndEveryPeerComesBackAsItself(t *testing.T) {
	s := tell(t)
	f := s.fleet(0)
	s.editFleet(f, builders.Replicas(50))
	s.allServe(f)
	claims := s.uids(&corev1.PersistentVolumeClaimList{}, v1alpha1.LabelPeerNode)
	keys := s.uids(&corev1.SecretList{}, v1alpha1.LabelPeerNode)
	if len(claims) != 50 || len(keys) != 50 {
		t.Fatalf("50 peers have %d volumes and %d keys", len(claims), len(keys))
	}

	s.editFleet(f, builders.Replicas(10))
	s.allServe(f)
	s.eventually(func() error {
		if n := len(s.peersOf(f)); n != 10 {
			return fmt.Errorf("there are still %d peers", n)
		}
		return nil
	})
	s.settle(pause)

	s.editFleet(f, builders.Replicas(50))
	s.allServe(f)
	if diff := cmp.Diff(claims, s.uids(&corev1.PersistentVolumeClaimList{}, v1alpha1.LabelPeerNode)); diff != "" {
		t.Errorf("volumes (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(keys, s.uids(&corev1.SecretList{}, v1alpha1.LabelPeerNode)); diff != "" {
		t.Errorf("keys (-before +after):\n%s", diff)
	}
	s.settle(quiet)
	s.silent(quiet)
}

func TestAChangeThatRestartsGoesPeerByPeer(t *testing.T) {
	s := tell(t)
	f := s.fleet(5)
	before := f.Status.UpdateRevision
	pods := s.followPods(f)
	s.editFleet(f, builders.Template(builders.WithImage(otherImage)))
	s.allServe(f)
	for name, p := range s.peersOf(f) {
		if p.Spec.Image != otherImage {
			t.Errorf("%s still has image %s", name, p.Spec.Image)
		}
	}
	if least := pods.LeastReady(); least != 4 {
		t.Errorf("%d pods were ready at the worst moment, want 4 of 5", least)
	}
	if f.Status.UpdateRevision == before || f.Status.OldestRevision != f.Status.UpdateRevision {
		t.Errorf("the revision was %s, is %s, and the oldest one is %s", before, f.Status.UpdateRevision, f.Status.OldestRevision)
	}
}

// A pod that has just become ready may cease to be so for a moment. Its time begins anew then, and ends without anything
// that could be noticed.
func TestTheNextPeerWaitsUntilTheOneBeforeIsAvailable(t *testing.T) {
	const seconds = 5
	s := tell(t)
	f := s.fleet(3, builders.MinReady(seconds))
	before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	s.editFleet(f, builders.Template(builders.WithImage(otherImage)))
	pod := &corev1.Pod{}
	s.eventually(func() error {
		if err := s.get("relay-2-0", pod); err != nil || string(pod.UID) == before[pod.Name] || !podReady(pod) {
			return fmt.Errorf("the canary has not been restarted: %w", err)
		}
		return nil
	})
	s.becomesReady(pod, corev1.ConditionFalse)
	s.fleetBecomes(f, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPeersNotReady)
	time.Sleep(2 * time.Second) // A pod tells to the second since when it is ready.
	s.becomesReady(pod, corev1.ConditionTrue)
	s.fleetBecomes(f, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing)
	c := s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonCanaryNotReady)
	if !strings.Contains(c.Message, "relay-2 was updated first and is not available yet: it is ready, and has to stay so until") {
		t.Errorf("told is: %s", c.Message)
	}

	s.allServe(f)
	s.eventually(func() error {
		if err := s.get(f.Name, f); err != nil || f.Status.AvailableReplicas != 3 || f.Status.CurrentRevision != f.Status.UpdateRevision {
			return fmt.Errorf("the rollout is not over: %+v: %w", f.Status, err)
		}
		return nil
	})
	next := &corev1.Pod{}
	for _, name := range []string{"relay-1-0", "relay-0-0"} {
		s.is(pod.Name, pod)
		s.is(name, next)
		if string(next.UID) == before[name] {
			t.Errorf("pod %s was not replaced", name)
		}
		if waited := next.CreationTimestamp.Sub(readySince(pod)); waited < seconds*time.Second {
			t.Errorf("pod %s was made %s after %s had become ready, want at least %d seconds", name, waited, pod.Name, seconds)
		}
		pod.Name = name
	}
	s.settle(quiet)
	s.silent(quiet)
}

// becomesReady lets a pod become ready, or cease to be, as its kubelet would.
func (s *story) becomesReady(pod *corev1.Pod, status corev1.ConditionStatus) {
	s.Helper()
	s.must(s.get(pod.Name, pod))
	before := pod.DeepCopy()
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady {
			c.Status, c.LastTransitionTime = status, metav1.Now()
			c.Reason = map[corev1.ConditionStatus]string{corev1.ConditionFalse: "ContainersNotReady"}[status]
		}
	}
	s.must(env.Admin.Status().Patch(s.Context(), pod, client.MergeFrom(before)))
}

func readySince(pod *corev1.Pod) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

func TestAChangeThatDisturbsNobodyReachesAllAtOnce(t *testing.T) {
	s := tell(t)
	f := s.fleet(3)
	before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	s.editFleet(f, builders.Template(builders.WithSize("128Mi"), func(p *v1alpha1.PeerNode) {
		p.Spec.Network.Metrics.AllowFrom = []v1alpha1.NetworkPeer{{IPBlock: &v1alpha1.IPBlock{CIDR: "10.0.0.0/8"}}}
	}))
	s.eventually(func() error {
		for name, p := range s.peersOf(f) {
			if p.Spec.Storage.Size.String() != "128Mi" || len(p.Spec.Network.Metrics.AllowFrom) == 0 {
				return fmt.Errorf("%s has not been changed", name)
			}
		}
		return nil
	})
	if diff := cmp.Diff(before, s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)); diff != "" {
		t.Errorf("pods (-before +after):\n%s", diff)
	}
}

func TestABadTemplateStopsAtTheCanary(t *testing.T) {
	s := tell(t)
	f := s.fleet(9)
	revision := f.Status.UpdateRevision
	pods := s.followPods(f)
	s.editFleet(f, builders.Template(builders.CPU(tooMuchCPU)))
	c := s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonCanaryNotReady)
	p := s.peersOf(f)["relay-8"]
	s.becomes(&p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonWaitingForNode)
	s.settle(pause)
	s.is("relay", f)
	if w := f.Status.Waits; len(w) != 1 || w[0].Gate != "CanaryReady" || w[0].Peers != 8 {
		t.Errorf("the waits are %+v (%s), want 8 peers behind CanaryReady", w, c.Message)
	}
	if f.Status.ReadyReplicas != 8 || f.Status.UpdatedReplicas != 1 || f.Status.OldestRevision != revision {
		t.Errorf("%d peers are ready, %d updated, the oldest revision is %s", f.Status.ReadyReplicas, f.Status.UpdatedReplicas, f.Status.OldestRevision)
	}

	s.editFleet(f, func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Resources = v1alpha1.PeerResources{} })
	s.allServe(f)
	if f.Status.UpdateRevision != revision {
		t.Errorf("the revision is %s after going back to %s", f.Status.UpdateRevision, revision)
	}
	if least := pods.LeastReady(); least != 8 {
		t.Errorf("%d pods were ready at the worst moment, want 8 of 9", least)
	}
}

func TestAPeerThatSomebodyDeletesComesBackAsItself(t *testing.T) {
	s := tell(t)
	f := s.fleet(2)
	claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
	s.is("relay-1-data", claim)
	s.is("relay-1-identity-1", key)
	p := s.peersOf(f)["relay-1"]
	s.must(env.Admin.Delete(s.Context(), &p))
	s.eventually(func() error {
		if now := s.peersOf(f)["relay-1"]; now.UID == "" || now.UID == p.UID {
			return fmt.Errorf("relay-1 has not been made anew: %s", now.UID)
		}
		return nil
	})
	s.allServe(f)
	s.same("relay-1-data", claim)
	s.same("relay-1-identity-1", key)
}

func TestOverridesChangeSinglePeers(t *testing.T) {
	s := tell(t)
	f := s.fleet(3, builders.Overriding(
		v1alpha1.PeerOverride{Ordinal: 0, Suspend: new(true)},
		v1alpha1.PeerOverride{Ordinal: 1, Image: otherImage, Storage: &v1alpha1.PeerStorageOverride{Size: "256Mi"}},
	))
	peers := s.peersOf(f)
	if p := peers["relay-0"]; !p.Spec.Suspend {
		t.Error("relay-0 is not parked")
	}
	if p := peers["relay-1"]; p.Spec.Image != otherImage || p.Spec.Storage.Size.String() != "256Mi" {
		t.Errorf("relay-1 has image %s and %s of storage", p.Spec.Image, p.Spec.Storage.Size.String())
	}
	if f.Status.ReadyReplicas != 2 || f.Status.ParkedReplicas != 1 {
		t.Errorf("%d peers are ready and %d parked", f.Status.ReadyReplicas, f.Status.ParkedReplicas)
	}

	s.editFleet(f, builders.Overriding())
	s.allServe(f)
	if p := s.peersOf(f)["relay-1"]; p.Spec.Image != builders.Image || p.Spec.Storage.Size.String() != "256Mi" {
		t.Errorf("relay-1 has image %s and %s of storage; a volume never shrinks", p.Spec.Image, p.Spec.Storage.Size.String())
	}
}

func TestRestartsWaitForTheMaintenanceWindow(t *testing.T) {
	s := tell(t)
	closed := time.Now().UTC().Add(2 * time.Hour)
	f := s.fleet(2, func(f *v1alpha1.PeerFleet) {
		f.Spec.Rollout.Window = &v1alpha1.MaintenanceWindow{Start: closed.Format("15:04"), Duration: "1h"}
	})
	before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	s.editFleet(f, builders.Template(builders.WithImage(otherImage)))
	s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonOutsideWindow)
	s.settle(pause)
	if diff := cmp.Diff(before, s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)); diff != "" {
		t.Errorf("pods (-before +after):\n%s", diff)
	}
	s.editFleet(f, func(f *v1alpha1.PeerFleet) {
		f.Spec.Rollout.Window.Start = time.Now().UTC().Add(-time.Minute).Format("15:04")
	})
	s.allServe(f)
}

func TestAPausedFleetIsLeftAsItIs(t *testing.T) {
	s := tell(t)
	f := s.fleet(2)
	s.editFleet(f, builders.Replicas(1), builders.Template(builders.WithImage(otherImage)), func(f *v1alpha1.PeerFleet) { f.Spec.Paused = true })
	s.fleetBecomes(f, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonPaused)
	s.settle(pause)
	for name, p := range s.peersOf(f) {
		if p.Spec.Image == otherImage {
			t.Errorf("%s was changed", name)
		}
	}
	if n := len(s.peersOf(f)); n != 2 {
		t.Errorf("%d peers are left", n)
	}
	s.editFleet(f, func(f *v1alpha1.PeerFleet) { f.Spec.Paused = false })
	s.allServe(f)
	s.gone("relay-1", &v1alpha1.PeerNode{})
}

func TestAPeerNodeOfSomebodyElseIsLeftAloneUntilItIsLabelled(t *testing.T) {
	s := tell(t)
	p := s.serving("relay-1")
	claim := &corev1.PersistentVolumeClaim{}
	s.is("relay-1-data", claim)
	f := builders.PeerFleet(s.ns, "relay", 2)
	s.must(env.Admin.Create(s.Context(), f))
	s.fleetBecomes(f, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
	s.is("relay-1", p)
	if len(p.OwnerReferences) > 0 || p.Spec.Fleet != nil {
		t.Error("relay-1 was taken over")
	}

	s.edit(p, func(p *v1alpha1.PeerNode) { p.Labels = map[string]string{v1alpha1.LabelFleet: "relay"} })
	s.allServe(f)
	s.same("relay-1-data", claim)
	s.gone("relay-1", &policyv1.PodDisruptionBudget{})
}

// A pod that two budgets choose could never be evicted, and one budget for each peer would let all of them go at once.
func TestADrainTakesNoMorePeersThanTheFleetCanSpare(t *testing.T) {
	s := tell(t)
	f := s.fleet(3)
	s.eventually(func() error {
		budget := &policyv1.PodDisruptionBudget{}
		if err := s.get(names.Budget(f.Name), budget); err != nil {
			return err
		}
		if budget.Status.DisruptionsAllowed != 1 || budget.Spec.MinAvailable.IntValue() != 2 {
			return fmt.Errorf("%d disruptions are allowed, %s pods have to stay", budget.Status.DisruptionsAllowed, budget.Spec.MinAvailable)
		}
		return nil
	})
	evict := func(name string) error {
		pod := &corev1.Pod{}
		s.is(name, pod)
		return env.Admin.SubResource("eviction").Create(s.Context(), pod, &policyv1.Eviction{})
	}
	s.must(evict("relay-0-0"))
	if err := evict("relay-1-0"); !apierrors.IsTooManyRequests(err) {
		t.Errorf("a second eviction right after the first ends in %v, want it to be put off", err)
	}
}

func TestAFleetThatIsOrphanedIsTakenUpAgain(t *testing.T) {
	s := tell(t)
	f := s.fleet(2)
	before := s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)
	s.collected()
	s.must(env.Admin.Delete(s.Context(), f, client.PropagationPolicy(metav1.DeletePropagationOrphan)))
	s.gone("relay", &v1alpha1.PeerFleet{})
	if n := len(s.peersOf(f)); n != 2 {
		t.Fatalf("%d peers are left", n)
	}
	s.fleet(2)
	if diff := cmp.Diff(before, s.uids(&corev1.PodList{}, v1alpha1.LabelFleet)); diff != "" {
		t.Errorf("pods (-before +after):\n%s", diff)
	}
}

// A template that no peer can serve with is taken back, and the next one is tried.
func TestABadTemplateIsTakenBack(t *testing.T) {
	s := tell(t)
	f := s.fleet(3, func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = &v1alpha1.PeerRollback{After: "10s"} })
	good := f.Status.UpdateRevision
	pods := s.followPods(f)
	s.editFleet(f, builders.Template(builders.CPU(tooMuchCPU)))
	s.fleetBecomes(f, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRolledBack)
	s.fleetBecomes(f, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing)
	if f.Status.Failed == nil || f.Status.Failed.Revision != f.Status.UpdateRevision || f.Status.CurrentRevision != good || f.Status.OldestRevision != good {
		t.Errorf("the status does not tell of the template that was taken back: %+v", f.Status)
	}
	s.settle(quiet)
	s.silent(quiet)
	s.editFleet(f, builders.Template(builders.CPU("20m"), builders.WithImage(otherImage)))
	s.allServe(f)
	if f.Status.Failed != nil || pods.LeastReady() != 2 {
		t.Errorf("%d pods of 3 were ready at the worst moment, and the status is %+v", pods.LeastReady(), f.Status)
	}
	s.oneTemplateOnRecord(f)
}

func TestABusyPeerIsLeftAlone(t *testing.T) {
	s := tell(t)
	f := s.fleet(3)
	held := builders.PeerNode(s.ns, "relay-2")
	s.edit(held, func(p *v1alpha1.PeerNode) {
		p.Annotations[v1alpha1.AnnotationHold] = "a copy of the volume"
	})
	pod := &corev1.Pod{}
	s.is("relay-2-0", pod)
	s.editFleet(f, builders.Template(builders.WithImage(otherImage)))
	s.fleetBecomes(f, v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonPeerBusy)
	s.eventually(func() error {
		if err := s.get(f.Name, f); err != nil || f.Status.UpdatedReplicas != 2 || f.Status.ReadyReplicas != 3 {
			return fmt.Errorf("%d peers are updated, %d ready: %w", f.Status.UpdatedReplicas, f.Status.ReadyReplicas, err)
		}
		return nil
	})
	s.editFleet(f, builders.Replicas(2))
	s.fleetBecomes(f, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonScalingDown)
	s.settle(pause)
	s.same("relay-2-0", pod)
	s.edit(held, func(p *v1alpha1.PeerNode) { delete(p.Annotations, v1alpha1.AnnotationHold) })
	s.gone("relay-2", &v1alpha1.PeerNode{})
	s.allServe(f)
}
