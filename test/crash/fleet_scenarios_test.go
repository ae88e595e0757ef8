// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/crash"
)

// keptOf is what stays, by default, of peers of the fleet that are gone.
func keptOf(names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, "PersistentVolumeClaim/"+name+"-data", "Secret/"+name+"-identity-1", "PeerIdentityReservation/"+name+"-identity-1")
	}
	return out
}

// fleets are scenarios of a PeerFleet named relay. The operator is killed over the writes of the fleet itself; those
// of its PeerNodes have scenarios of their own.
func fleets() []crash.Scenario {
	deleting := func(f *v1alpha1.PeerFleet) { f.Spec.ScaleDown.Data = v1alpha1.RetentionDelete }
	list := []crash.Scenario{
		{
			Name: "fleet: create, with a declared peer where the operator may not look",
			When: crash.Step{Act: createFleet(2, builders.Template(declaringElsewhere)), Settled: fleetServes(2)},
		},
		{
			Name:  "fleet: scale up",
			Given: fleet(1),
			When:  crash.Step{Act: editFleet(builders.Replicas(3)), Settled: fleetServes(3)},
		},
		{
			Name:  "fleet: scale down",
			Given: fleet(3),
			When:  crash.Step{Act: editFleet(builders.Replicas(1)), Settled: all(fleetServes(1), allGone("relay-1"), allGone("relay-2")), Retained: keptOf("relay-1", "relay-2")},
			Afterwards: crash.Step{
				Act: editFleet(builders.Replicas(2)), Settled: fleetServes(2), Retained: keptOf("relay-2"),
			},
		},
		{
			Name:        "fleet: scale down with Delete",
			Given:       fleet(2, deleting),
			When:        crash.Step{Act: editFleet(builders.Replicas(1)), Settled: all(fleetServes(1), allGone("relay-1")), Retained: keptOf("relay-1")[1:]},
			DeletesData: true,
		},
		{
			Name:  "fleet: scale down with Retain what would go with the fleet",
			Given: fleet(2, builders.Template(builders.DeleteData)),
			When:  crash.Step{Act: editFleet(builders.Replicas(1)), Settled: all(fleetServes(1), allGone("relay-1")), Retained: keptOf("relay-1")},
		},
		{
			Name:  "fleet: roll an image out",
			Given: fleet(3),
			When:  crash.Step{Act: editFleet(builders.Template(builders.WithImage(otherImage))), Settled: all(fleetServes(3), podRuns("relay-0", otherImage))},
		},
		{
			Name:  "fleet: stop at the canary, then go back",
			Given: fleet(3),
			When: crash.Step{
				Act:     editFleet(builders.Template(builders.CPU("9000"))),
				Settled: fleetTold(v1alpha1.ConditionRolloutOpen, metav1.ConditionFalse, v1alpha1.ReasonCanaryNotReady),
			},
			Afterwards: crash.Step{
				Act:     editFleet(func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Resources = v1alpha1.PeerResources{} }),
				Settled: fleetServes(3),
			},
		},
		{
			Name:  "fleet: take a bad template back",
			Given: fleet(2, func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = &v1alpha1.PeerRollback{After: "10s"} }),
			When: crash.Step{
				Act: editFleet(builders.Template(builders.CPU("9000"))),
				Settled: all(fleetTold(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRolledBack),
					fleetTold(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing)),
			},
		},
		{
			Name:  "fleet: override single peers",
			Given: fleet(2),
			When: crash.Step{
				Act: editFleet(builders.Overriding(
					v1alpha1.PeerOverride{Ordinal: 0, Suspend: new(true)},
					v1alpha1.PeerOverride{Ordinal: 1, Image: otherImage, Storage: &v1alpha1.PeerStorageOverride{Size: "128Mi"}})),
				Settled: all(fleetServes(2), suspended("relay-0"), podRuns("relay-1", otherImage), capacity("relay-1", "128Mi")),
			},
		},
		{
			Name:  "fleet: delete",
			Given: fleet(2),
			When:  crash.Step{Act: removeFleet(), Settled: all(gone[*v1alpha1.PeerFleet]("relay"), allGone("relay-0"), allGone("relay-1")), Retained: keptOf("relay-0", "relay-1")},
		},
		{
			Name:  "fleet: delete and recreate at once",
			Given: fleet(2),
			When:  crash.Step{Act: all(removeFleet(), createFleet(2)), Settled: fleetServes(2)},
		},
	}
	list = append(list, fleetRotation())
	for i := range list {
		list[i].KilledOver = ofTheFleet
	}
	return list
}

// ofTheFleet are the writes of the fleet's controller.
func ofTheFleet(_, path string) bool {
	return strings.Contains(path, "/peerfleets/") || strings.Contains(path, "/relay-fleet") ||
		strings.Contains(path, "/peernodes/") && !strings.HasSuffix(path, "/status")
}

// declaringElsewhere names a peer in a namespace that these operators do not watch, and one of the same name that does
// not exist.
func declaringElsewhere(p *v1alpha1.PeerNode) {
	p.Spec.Network.Peers = []v1alpha1.PeerReference{{Name: "alpha", Namespace: "elsewhere"}, {Name: "alpha"}}
}

func fleet(replicas int32, modify ...func(*v1alpha1.PeerFleet)) crash.Step {
	return crash.Step{Act: createFleet(replicas, modify...), Settled: fleetServes(replicas)}
}

func createFleet(replicas int32, modify ...func(*v1alpha1.PeerFleet)) do {
	return func(ctx context.Context, w *crash.World) error {
		return w.Admin.Create(ctx, builders.PeerFleet(w.Namespace, "relay", replicas, modify...))
	}
}

func editFleet(change ...func(*v1alpha1.PeerFleet)) do {
	return func(ctx context.Context, w *crash.World) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			f := &v1alpha1.PeerFleet{}
			if err := w.Admin.Get(ctx, types.NamespacedName{Namespace: w.Namespace, Name: "relay"}, f); err != nil {
				return err
			}
			for _, c := range change {
				c(f)
			}
			return w.Admin.Update(ctx, f)
		})
	}
}

func removeFleet() do {
	return func(ctx context.Context, w *crash.World) error {
		return w.Admin.Delete(ctx, builders.PeerFleet(w.Namespace, "relay", 0))
	}
}

// fleetTold looks whether the fleet tells of its present spec that a condition has a status and a reason.
func fleetTold(conditionType string, status metav1.ConditionStatus, reason string) do {
	return func(ctx context.Context, w *crash.World) error {
		f := &v1alpha1.PeerFleet{}
		if err := get(ctx, w, "relay", f); err != nil {
			return err
		}
		c := conditions.Find(f.Status.Conditions, conditionType)
		if f.DeletionTimestamp != nil || c.ObservedGeneration != f.Generation || c.Status != status || c.Reason != reason {
			return fmt.Errorf("%s of generation %d/%d is %s, %s (%s), want %s, %s",
				conditionType, c.ObservedGeneration, f.Generation, c.Status, c.Reason, c.Message, status, reason)
		}
		return nil
	}
}

// fleetServes looks whether the fleet has that many peers, all updated, and none down that is not parked.
func fleetServes(replicas int32) do {
	return all(
		fleetTold(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllServing),
		fleetTold(v1alpha1.ConditionReconciling, metav1.ConditionFalse, v1alpha1.ReasonSettled),
		func(ctx context.Context, w *crash.World) error {
			f := &v1alpha1.PeerFleet{}
			if err := get(ctx, w, "relay", f); err != nil {
				return err
			}
			if s := f.Status; s.Replicas != replicas || s.UpdatedReplicas != replicas || s.ReadyReplicas+s.ParkedReplicas != replicas {
				return fmt.Errorf("the fleet has %d peers, %d updated, %d ready, want %d", s.Replicas, s.UpdatedReplicas, s.ReadyReplicas, replicas)
			}
			return nil
		})
}
