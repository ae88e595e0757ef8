// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/testenv"
)

// A release of the operator that runs pods differently replaces the pods of a fleet one by one, and none of a fleet
// that is paused. PeerNodes on their own follow at once.
func TestAnotherReleaseReplacesThePodsOfAFleetOneByOne(t *testing.T) {
	t.Parallel()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "release-"}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	key := types.NamespacedName{Namespace: ns.Name, Name: "relay"}
	stop := release(t, ns.Name, nil)
	f := builders.PeerFleet(ns.Name, "relay", 4)
	if err := env.Admin.Create(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return serves(t, key, f) })
	stop()
	pods, err := testenv.FollowPods(t.Context(), env.AdminConfig, ns.Name, client.MatchingLabels{v1alpha1.LabelFleet: "relay"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pods.Stop)

	f.Spec.Paused = true
	if err := env.Admin.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	release(t, ns.Name, func(o *settings.Operator) { o.Resources.HostUsers = true })
	eventually(t, func() error {
		waiting := &v1alpha1.PeerNodeList{}
		if err := env.Admin.List(t.Context(), waiting, client.InNamespace(ns.Name)); err != nil {
			return err
		}
		for _, p := range waiting.Items {
			if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionReconciling); c.Reason != v1alpha1.ReasonWaitingForFleet {
				return fmt.Errorf("%s waits for %s, not for its fleet", p.Name, c.Reason)
			}
		}
		return nil
	})
	eventually(t, func() error {
		if err := env.Admin.Get(t.Context(), key, f); err != nil {
			return err
		}
		f.Spec.Paused = false
		return env.Admin.Update(t.Context(), f)
	})
	eventually(t, func() error {
		inHostUsers := 0
		list := &corev1.PodList{}
		if err := env.Admin.List(t.Context(), list, client.InNamespace(ns.Name)); err != nil {
			return err
		}
		for _, pod := range list.Items {
			if pod.Spec.HostUsers == nil || *pod.Spec.HostUsers {
				inHostUsers++
			}
		}
		if inHostUsers != 4 {
			return fmt.Errorf("%d of %d pods are those of the new release", inHostUsers, len(list.Items))
		}
		return serves(t, key, f)
	})
	if least := pods.LeastReady(); least != 3 {
		t.Errorf("%d pods were ready at the worst moment, want 3 of 4", least)
	}
}

// release starts a release of the operator; the answer stops it.
func release(t *testing.T, namespace string, change func(*settings.Operator)) func() {
	t.Helper()
	operator, err := env.StartOperator(t.Context(), testenv.OperatorOptions{Namespaces: []string{namespace}, Release: change})
	if err != nil {
		t.Fatal(err)
	}
	stop := func() {
		if err := operator.Stop(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// serves leaves the fleet in f as it then is.
func serves(t *testing.T, key types.NamespacedName, f *v1alpha1.PeerFleet) error {
	if err := env.Admin.Get(t.Context(), key, f); err != nil {
		return err
	}
	if s := f.Status; s.ReadyReplicas != f.Spec.Replicas || s.UpdatedReplicas != f.Spec.Replicas || s.ObservedGeneration != f.Generation ||
		conditions.Find(s.Conditions, v1alpha1.ConditionReconciling).Status != metav1.ConditionFalse {
		return errors.New("not all of the fleet serve, updated: " + fmt.Sprintf("%+v", s))
	}
	return nil
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	if err := testenv.Eventually(t.Context(), check); err != nil {
		t.Fatal(err)
	}
}
