// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/crash"
)

// rotations are the ways in which a peer comes to a key, and what becomes of it.
func rotations() []crash.Scenario {
	rotating := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Rotation: &v1alpha1.KeyRotation{Overlap: "1s"}}
	}
	given := steps(create(rotating), serving("alpha"), proves("alpha"), knows("alpha"))
	return []crash.Scenario{
		keyCopies(),
		storeChecks(),
		backupOnDemand(),
		restore(),
		runOfASchedule(),
		oldBackups(),
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
		{
			Name:  "take up a key that was stored",
			Given: crash.Step{Act: bring("alpha")},
			When:  crash.Step{Act: createExpecting("alpha"), Settled: all(kubelet("alpha"), knows("alpha"), serving("alpha"))},
		},
		{
			Name: "import a key",
			When: crash.Step{Act: createImporting("alpha"), Settled: all(kubelet("alpha"), knows("alpha"), serving("alpha"))},
		},
	}
}

func annotated(annotation, value string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { metav1.SetMetaDataAnnotation(&p.ObjectMeta, annotation, value) }
}

// annotationExpected is where bring leaves whose key it is, for createExpecting.
const annotationExpected = "example.com/public-key"

// bring makes a key elsewhere and seals it for a PeerNode that does not exist yet.
func bring(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		key, err := identity.New(v1alpha1.IdentityEd25519, rand.Reader)
		if err != nil {
			return err
		}
		w.Keys.Add(key, bindingOf(w, name))
		return sealFor(ctx, w, name, key)
	}
}

func bindingOf(w *crash.World, name string) seal.Binding {
	return seal.Binding{Namespace: w.Namespace, PeerNode: name, Role: seal.RoleIdentity, Epoch: 1}
}

// sealFor makes the Secret of the first key of a PeerNode.
func sealFor(ctx context.Context, w *crash.World, name string, key identity.Key) error {
	envelope, err := envelopeFor(w, name, key)
	if err != nil {
		return err
	}
	p := builders.PeerNode(w.Namespace, name)
	secret := keysecret.New(p, 1, envelope.Text())
	secret.Annotations = map[string]string{annotationExpected: kinds.Key(p.Spec.Software).Identity(key.Public()).PublicKey}
	return w.Admin.Create(ctx, secret)
}

func envelopeFor(w *crash.World, name string, key identity.Key) (seal.Envelope, error) {
	return seal.Seal(key, bindingOf(w, name), []seal.Recipient{w.Sealing.Recipient()})
}

// createImporting makes a PeerNode that brings its key along.
func createImporting(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		key, err := identity.New(v1alpha1.IdentityEd25519, rand.Reader)
		if err != nil {
			return err
		}
		w.Keys.Add(key, bindingOf(w, name))
		envelope, err := envelopeFor(w, name, key)
		if err != nil {
			return err
		}
		return w.Admin.Create(ctx, builders.PeerNode(w.Namespace, name, func(p *v1alpha1.PeerNode) {
			p.Spec.Identity = &v1alpha1.PeerIdentity{Import: &v1alpha1.KeyImport{Envelope: string(envelope.Text())}}
		}))
	}
}

// createExpecting makes a PeerNode that starts with the key that was brought and with no other.
func createExpecting(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		secret := &corev1.Secret{}
		if err := get(ctx, w, name+"-identity-1", secret); err != nil {
			return err
		}
		return w.Admin.Create(ctx, builders.PeerNode(w.Namespace, name, func(p *v1alpha1.PeerNode) {
			p.Spec.Identity = &v1alpha1.PeerIdentity{ExpectedPublicKey: secret.Annotations[annotationExpected]}
		}))
	}
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
