// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	applyautoscalingv2 "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/cluster/audit"
)

// There are no metrics here, and none are needed: an autoscaler first brings a fleet within its bounds, and asks for
// metrics only then.
func TestAutoscalersScaleFleets(t *testing.T) {
	s := tell(t)
	f := s.fleet(2)
	s.serving("alone") // is of no fleet, and not to be counted

	s.autoscale(f, 3, 5)
	s.scaledByTheAutoscaler(f, 3)
	claim, key := &corev1.PersistentVolumeClaim{}, &corev1.Secret{}
	s.is("relay-2-data", claim)
	s.is("relay-2-identity-1", key)

	s.autoscale(f, 1, 2)
	s.scaledByTheAutoscaler(f, 2)
	s.gone("relay-2", &v1alpha1.PeerNode{})
	s.same("relay-2-data", claim)
	s.same("relay-2-identity-1", key)
	if s.is("relay-2-data", claim); claim.DeletionTimestamp != nil {
		t.Error("the volume of the peer that left is being deleted")
	}

	// Made, scaled up, scaled down: a write of anybody else to the spec would have raised it further.
	if f.Generation != 3 {
		t.Errorf("the fleet is of generation %d, want 3", f.Generation)
	}
	writes, err := s.log.Writes(s.ns, 0)
	s.must(err)
	for _, w := range writes {
		if w.Resource == "peerfleets" && w.Subresource != "status" {
			t.Errorf("the operator sent %s %s, answered %d", audit.VerbAndResource(w), w.Name, w.Code)
		}
	}
}

// autoscale gives the fleet an autoscaler with these bounds, or gives its autoscaler other ones.
func (s *story) autoscale(f *v1alpha1.PeerFleet, least, most int32) {
	s.Helper()
	target := applyautoscalingv2.CrossVersionObjectReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).WithKind("PeerFleet").WithName(f.Name)
	autoscaler := applyautoscalingv2.HorizontalPodAutoscaler(f.Name, s.ns).
		WithSpec(applyautoscalingv2.HorizontalPodAutoscalerSpec().WithScaleTargetRef(target).WithMinReplicas(least).WithMaxReplicas(most))
	s.must(env.Admin.Apply(s.Context(), autoscaler, client.FieldOwner("test")))
}

// scaledByTheAutoscaler waits until the autoscaler has set the replicas, every peer serves, and the autoscaler has
// looked again and is content.
func (s *story) scaledByTheAutoscaler(f *v1alpha1.PeerFleet, replicas int32) {
	s.Helper()
	s.eventually(func() error {
		if err := s.get(f.Name, f); err != nil {
			return err
		}
		if f.Spec.Replicas != replicas {
			return fmt.Errorf("the fleet wants %d replicas, not %d", f.Spec.Replicas, replicas)
		}
		return nil
	})
	s.allServe(f)
	s.understood(f, replicas)
	s.settle(pause)
	if s.is(f.Name, f); f.Spec.Replicas != replicas {
		s.Errorf("the fleet wants %d replicas, and the autoscaler had said %d", f.Spec.Replicas, replicas)
	}
	s.scaleTellsOf(f, replicas)
}

// understood waits until the autoscaler has found nothing to change, and fails if it could not read the fleet's
// scale, or not use the selector: it parses that, and looks whether another autoscaler has the same pods, before it
// asks for metrics, which fails here.
func (s *story) understood(f *v1alpha1.PeerFleet, replicas int32) {
	s.Helper()
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{}
	s.eventually(func() error {
		if err := s.get(f.Name, autoscaler); err != nil {
			return err
		}
		if st := autoscaler.Status; st.CurrentReplicas != replicas || st.DesiredReplicas != replicas {
			return fmt.Errorf("the autoscaler sees %d replicas and wants %d: %+v", st.CurrentReplicas, st.DesiredReplicas, st.Conditions)
		}
		return nil
	})
	got := map[string]string{}
	for _, c := range autoscaler.Status.Conditions {
		got[string(c.Type)] = fmt.Sprintf("%s, %s", c.Status, c.Reason)
	}
	want := map[string]string{"AbleToScale": "True, SucceededGetScale", "ScalingActive": "False, FailedGetResourceMetric"}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("conditions of the autoscaler (-want +got):\n%s\n%+v", diff, autoscaler.Status.Conditions)
	}
}

// scaleTellsOf fails unless the scale subresource has this number, and a selector of the fleet's pods and no others.
func (s *story) scaleTellsOf(f *v1alpha1.PeerFleet, replicas int32) {
	s.Helper()
	scale := &autoscalingv1.Scale{}
	s.must(env.Admin.SubResource("scale").Get(s.Context(), f, scale))
	if scale.Spec.Replicas != replicas || scale.Status.Replicas != replicas {
		s.Errorf("the scale tells of %d replicas, %d wanted; want %d", scale.Status.Replicas, scale.Spec.Replicas, replicas)
	}
	selector, err := labels.Parse(scale.Status.Selector)
	s.must(err)
	var want []string
	for ordinal := range replicas {
		want = append(want, fmt.Sprintf("relay-%d-0", ordinal))
	}
	s.eventually(func() error {
		pods := &corev1.PodList{}
		if err := env.Admin.List(s.Context(), pods, client.InNamespace(s.ns), client.MatchingLabelsSelector{Selector: selector}); err != nil {
			return err
		}
		var got []string
		for _, pod := range pods.Items {
			got = append(got, pod.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("pods chosen by %q (-want +got):\n%s", selector, diff)
		}
		return nil
	})
}
