// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

func TestAFleetScalesAndItsPeersComeBackAsThemselves(t *testing.T) {
	f := fleet(t, namespace(t), 2)
	awaitConnected(t, peerOf(t, f, 0), peerOf(t, f, 1))
	first := podOf(t, peerOf(t, f, 0)).UID

	scale(t, f, 5)
	before := map[int32]self{}
	for ordinal := range int32(5) {
		p := peerOf(t, f, ordinal)
		before[ordinal] = asked(t, p)
		if ordinal > 0 {
			awaitConnected(t, peerOf(t, f, 0), p)
		}
	}
	scale(t, f, 2)
	for ordinal := int32(2); ordinal < 5; ordinal++ {
		gone(t, &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: names.Peer(f.Name, ordinal)}})
		gone(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: names.Peer(f.Name, ordinal) + "-0"}})
	}
	scale(t, f, 5)
	for ordinal := int32(2); ordinal < 5; ordinal++ {
		after, was := asked(t, peerOf(t, f, ordinal)), before[ordinal]
		if after.PeerID != was.PeerID || after.Sequence < was.Sequence || after.Starts != was.Starts+1 {
			t.Errorf("peer %d came back as somebody else: before %+v, after %+v", ordinal, was, after)
		}
		awaitConnected(t, peerOf(t, f, 0), peerOf(t, f, ordinal))
	}
	if podOf(t, peerOf(t, f, 0)).UID != first {
		t.Error("relay-0 was restarted because its fleet grew and shrank")
	}
}

// What is wrong with a template shows at the canary alone, and what undoes it needs no help.
func TestABadTemplateTakesNoMoreThanTheCanaryDown(t *testing.T) {
	f := fleet(t, namespace(t), 9)
	for _, c := range []struct {
		name   string
		bad    func(*v1alpha1.PeerNode)
		reason string
	}{
		{"an image that nobody has", builders.WithImage("registry.example.invalid/nothing:v1"), v1alpha1.ReasonWaitingForImage},
		{"a configuration that is never ready", neverReady, v1alpha1.ReasonWaitingForPod},
		{"a request that no node can meet", builders.CPU("9000"), v1alpha1.ReasonWaitingForNode},
	} {
		t.Run(c.name, func(t *testing.T) {
			pods, err := testenv.FollowPods(t.Context(), config, f.Namespace, client.MatchingLabels{v1alpha1.LabelFleet: f.Name})
			must(t, err)
			defer pods.Stop()
			good := f.Spec.Template.DeepCopy()
			editFleet(t, f, builders.Template(c.bad))
			awaitFleet(t, f, v1alpha1.ConditionRolloutOpen, v1alpha1.ReasonCanaryNotReady)
			awaitReason(t, peerOf(t, f, 8), v1alpha1.ConditionReady, c.reason)
			editFleet(t, f, func(f *v1alpha1.PeerFleet) { f.Spec.Template = *good })
			awaitAllServe(t, f)
			if least := pods.LeastReady(); least != 8 {
				t.Errorf("%d pods were ready at the worst moment, want 8 of 9", least)
			}
		})
	}
}

func TestAChangeOfTheTemplateGoesPeerByPeer(t *testing.T) {
	f := fleet(t, namespace(t), 3)
	pods, err := testenv.FollowPods(t.Context(), config, f.Namespace, client.MatchingLabels{v1alpha1.LabelFleet: f.Name})
	must(t, err)
	defer pods.Stop()
	editFleet(t, f, builders.Template(func(p *v1alpha1.PeerNode) { p.Spec.Software.P2PAgent.MaxPeers = 77 }))
	awaitAllServe(t, f)
	if least := pods.LeastReady(); least != 2 {
		t.Errorf("%d pods were ready at the worst moment, want 2 of 3", least)
	}
	awaitConnected(t, peerOf(t, f, 0), peerOf(t, f, 2))
}

func neverReady(p *v1alpha1.PeerNode) {
	p.Spec.Software.P2PAgent.Contract = &v1alpha1.P2PAgentContract{ReadinessPath: "/never"}
}

// fleet makes a fleet of p2p-agents named relay and waits until all of them serve. They ask for little, because many
// run on one node.
func fleet(t *testing.T, ns string, replicas int32, modify ...func(*v1alpha1.PeerFleet)) *v1alpha1.PeerFleet {
	t.Helper()
	small := builders.Template(builders.WithImage(imageAgent), func(p *v1alpha1.PeerNode) {
		p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	})
	f := builders.PeerFleet(ns, "relay", replicas, append([]func(*v1alpha1.PeerFleet){small}, modify...)...)
	must(t, admin.Create(t.Context(), f))
	awaitAllServe(t, f)
	return f
}

func scale(t *testing.T, f *v1alpha1.PeerFleet, replicas int32) {
	t.Helper()
	if out, err := run("kubectl", "scale", "peerfleet", f.Name, "-n", f.Namespace, fmt.Sprintf("--replicas=%d", replicas)); err != nil {
		t.Fatalf("kubectl scale: %v: %s", err, out)
	}
	awaitAllServe(t, f)
}

func editFleet(t *testing.T, f *v1alpha1.PeerFleet, change func(*v1alpha1.PeerFleet)) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(f), f); err != nil {
			return err
		}
		change(f)
		return admin.Update(t.Context(), f)
	})
}

func awaitFleet(t *testing.T, f *v1alpha1.PeerFleet, conditionType, reason string) {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(f), f); err != nil {
			return err
		}
		c := conditions.Find(f.Status.Conditions, conditionType)
		if c.Reason != reason || c.ObservedGeneration != f.Generation {
			return fmt.Errorf("%s: %s is %s (%s), want %s", f.Name, conditionType, c.Reason, c.Message, reason)
		}
		return nil
	})
}

func awaitAllServe(t *testing.T, f *v1alpha1.PeerFleet) {
	t.Helper()
	awaitFleet(t, f, v1alpha1.ConditionReconciling, v1alpha1.ReasonSettled)
	awaitFleet(t, f, v1alpha1.ConditionReady, v1alpha1.ReasonAllServing)
}

func peerOf(t *testing.T, f *v1alpha1.PeerFleet, ordinal int32) *v1alpha1.PeerNode {
	t.Helper()
	p := &v1alpha1.PeerNode{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: f.Namespace, Name: names.Peer(f.Name, ordinal)}, p))
	return p
}
