// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// fleet makes a PeerFleet named relay and waits until every peer serves and the operator has nothing left to say.
func (s *story) fleet(replicas int32, modify ...func(*v1alpha1.PeerFleet)) *v1alpha1.PeerFleet {
	s.Helper()
	f := builders.PeerFleet(s.ns, "relay", replicas, modify...)
	s.must(env.Admin.Create(s.Context(), f))
	s.allServe(f)
	return f
}

func (s *story) allServe(f *v1alpha1.PeerFleet) {
	s.Helper()
	s.fleetBecomes(f, v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled)
	s.fleetBecomes(f, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing)
	s.eventually(func() error {
		if err := s.get(f.Name, f); err != nil {
			return err
		}
		if st := f.Status; st.Replicas != f.Spec.Replicas || st.ReadyReplicas+st.ParkedReplicas != f.Spec.Replicas || st.UpdatedReplicas != f.Spec.Replicas {
			return fmt.Errorf("status tells of %d peers, %d ready, %d updated, want %d: %+v", st.Replicas, st.ReadyReplicas, st.UpdatedReplicas, f.Spec.Replicas, st)
		}
		return nil
	})
}

// fleetBecomes waits until a condition of the present generation has a status and a reason.
func (s *story) fleetBecomes(f *v1alpha1.PeerFleet, conditionType string, status metav1.ConditionStatus, reason string) metav1.Condition {
	s.Helper()
	var c metav1.Condition
	s.eventually(func() error {
		if err := s.get(f.Name, f); err != nil {
			return err
		}
		c = conditions.Find(f.Status.Conditions, conditionType)
		if c.Status != status || c.Reason != reason || c.ObservedGeneration != f.Generation {
			return fmt.Errorf("%s of generation %d/%d is %s, %s (%s), want %s, %s",
				conditionType, c.ObservedGeneration, f.Generation, c.Status, c.Reason, c.Message, status, reason)
		}
		return nil
	})
	return c
}

func (s *story) editFleet(f *v1alpha1.PeerFleet, change ...func(*v1alpha1.PeerFleet)) {
	s.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := s.get(f.Name, f); err != nil {
			return err
		}
		for _, c := range change {
			c(f)
		}
		return env.Admin.Update(s.Context(), f)
	}))
}

// oneTemplateOnRecord waits until the templates before the present one are forgotten.
func (s *story) oneTemplateOnRecord(f *v1alpha1.PeerFleet) {
	s.Helper()
	s.eventually(func() error {
		records := &appsv1.ControllerRevisionList{}
		if err := env.Admin.List(s.Context(), records, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelFleet: f.Name, v1alpha1.LabelComponent: "revision"}); err != nil {
			return err
		}
		if len(records.Items) != 1 {
			return fmt.Errorf("%d templates are on record, want the present one", len(records.Items))
		}
		return nil
	})
}

// peersOf lists the PeerNodes of the fleet by name.
func (s *story) peersOf(f *v1alpha1.PeerFleet) map[string]v1alpha1.PeerNode {
	s.Helper()
	list := &v1alpha1.PeerNodeList{}
	s.must(env.Admin.List(s.Context(), list, client.InNamespace(s.ns), client.MatchingLabels{v1alpha1.LabelFleet: f.Name}))
	out := map[string]v1alpha1.PeerNode{}
	for _, p := range list.Items {
		out[p.Name] = p
	}
	return out
}

// uids are those of the objects of a kind in the namespace that have a label, by name.
func (s *story) uids(list client.ObjectList, label string) map[string]string {
	s.Helper()
	s.must(env.Admin.List(s.Context(), list, client.InNamespace(s.ns), client.HasLabels{label}))
	out := map[string]string{}
	switch l := list.(type) {
	case *corev1.PersistentVolumeClaimList:
		for _, o := range l.Items {
			out[o.Name] = string(o.UID)
		}
	case *corev1.SecretList:
		for _, o := range l.Items {
			out[o.Name] = string(o.UID)
		}
	case *corev1.PodList:
		for _, o := range l.Items {
			out[o.Name] = string(o.UID)
		}
	default:
		s.Fatalf("no uids of a %T", list)
	}
	return out
}

// followPods watches from now on, when all pods are ready.
func (s *story) followPods(f *v1alpha1.PeerFleet) *testenv.Pods {
	s.Helper()
	pods, err := testenv.FollowPods(s.Context(), env.AdminConfig, s.ns, client.MatchingLabels{v1alpha1.LabelFleet: f.Name})
	s.must(err)
	s.Cleanup(pods.Stop)
	return pods
}

// collected waits until the garbage collector knows PeerNodes, by one whose owner does not exist. It looks for new kinds
// twice a minute, and takes what it does not know for orphaned already: the objects then go with their owner.
func (s *story) collected() {
	s.Helper()
	p := builders.PeerNode(s.ns, "nobodys", builders.Suspended)
	p.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "PeerFleet", Name: "nobody", UID: "00000000-0000-4000-8000-000000000000",
	}}
	s.must(env.Admin.Create(s.Context(), p))
	s.gone(p.Name, p)
}
