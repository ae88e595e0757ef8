// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/crash"
)

// rotations are the ways in which a peer comes to another key.
func rotations() []crash.Scenario {
	rotating := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "1s"}}
	}
	given := steps(create(rotating), serving("alpha"), proves("alpha"), knows("alpha"))
	return []crash.Scenario{
		{
			Name:  "rotate the key on demand",
			Given: given,
			When:  crash.Step{Act: edit("alpha", annotated(v1alpha1.AnnotationRotateKey, "monday")), Settled: rotated("alpha")},
		},
		{
			Name:  "replace a compromised key",
			Given: given,
			When:  crash.Step{Act: edit("alpha", annotated(v1alpha1.AnnotationCompromisedKey, "1")), Settled: rotated("alpha")},
		},
	}
}

func annotated(annotation, value string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { metav1.SetMetaDataAnnotation(&p.ObjectMeta, annotation, value) }
}

// fleetRotation is a fleet whose peers change their keys one after the other.
func fleetRotation() crash.Scenario {
	members := []string{"relay-0", "relay-1"}
	each := func(look func(name string) do) do {
		var parts []do
		for _, name := range members {
			parts = append(parts, look(name))
		}
		return all(parts...)
	}
	rotating := func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "1s"}}
	}
	return crash.Scenario{
		Name:  "fleet: rotate the keys",
		Given: steps(createFleet(2, rotating), fleetServes(2), each(proves), all(each(knows), fleetServes(2))),
		When: crash.Step{
			Act: editFleet(func(f *v1alpha1.PeerFleet) {
				metav1.SetMetaDataAnnotation(&f.ObjectMeta, v1alpha1.AnnotationRotateKey, "monday")
			}),
			Settled: all(each(kubelet), each(rotated), fleetServes(2)),
		},
	}
}

// kubelet lets a pod show the key that is on record, as far as there is one.
func kubelet(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		_ = w.ProveIdentity(ctx, w.Namespace, name)
		return nil
	}
}

// rotated looks whether a peer runs with its second key, and the first is given up.
func rotated(name string) do {
	return all(
		kubelet(name),
		func(ctx context.Context, w *crash.World) error {
			p := &v1alpha1.PeerNode{}
			if err := get(ctx, w, name, p); err != nil {
				return err
			}
			var stages []v1alpha1.KeyStage
			for _, e := range p.Status.Identity.Epochs {
				stages = append(stages, e.Stage)
			}
			if !slices.Equal(stages, []v1alpha1.KeyStage{v1alpha1.KeyRevoked, v1alpha1.KeyActive}) {
				return fmt.Errorf("the keys of %s are %v", name, stages)
			}
			return nil
		},
		knows(name),
		serving(name),
	)
}
