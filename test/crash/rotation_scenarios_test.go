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

// rotated looks whether a peer runs with its second key, and the first is given up. It plays the kubelet: each new pod
// shows the key that is on record.
func rotated(name string) do {
	return all(
		func(ctx context.Context, w *crash.World) error {
			_ = w.ProveIdentity(ctx, w.Namespace, name)
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
