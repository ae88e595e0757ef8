// SPDX-License-Identifier: Apache-2.0

package builders

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// PeerFleet is a fleet of the smallest PeerNodes. They are available as soon as they are ready.
func PeerFleet(namespace, name string, replicas int32, modify ...func(*v1alpha1.PeerFleet)) *v1alpha1.PeerFleet {
	f := &v1alpha1.PeerFleet{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "PeerFleet"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PeerFleetSpec{
			Replicas: replicas,
			Template: v1alpha1.PeerNodeTemplate{Spec: PeerNode(namespace, name).Spec},
			Rollout:  v1alpha1.PeerRollout{MinReadySeconds: new(int32(0))},
		},
	}
	for _, m := range modify {
		m(f)
	}
	return f
}

// Replicas scales a fleet.
func Replicas(n int32) func(*v1alpha1.PeerFleet) {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Replicas = n }
}

// MinReady is for how long a peer has to be ready to be available, in seconds.
func MinReady(seconds int32) func(*v1alpha1.PeerFleet) {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.MinReadySeconds = &seconds }
}

// Template changes the template of a fleet.
func Template(change ...func(*v1alpha1.PeerNode)) func(*v1alpha1.PeerFleet) {
	return func(f *v1alpha1.PeerFleet) {
		p := &v1alpha1.PeerNode{Spec: f.Spec.Template.Spec}
		for _, c := range change {
			c(p)
		}
		f.Spec.Template.Spec = p.Spec
	}
}

// Overriding lays overrides over single peers.
func Overriding(overrides ...v1alpha1.PeerOverride) func(*v1alpha1.PeerFleet) {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Overrides = overrides }
}

// CPU asks for compute.
func CPU(amount string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(amount)}
	}
}
