// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// PersistentVolumeClaim is the peer's volume. It is an object of its own, not a claim template of the
// StatefulSet, so that it can grow in place. It has no owner: the garbage collector must never decide over data.
// It stays when the PeerNode goes, unless spec.deletionPolicy.data says otherwise. A claim that already asks for
// more, as one that was taken up again may, keeps its size.
func PersistentVolumeClaim(in Input, live *corev1.PersistentVolumeClaim) *applycorev1.PersistentVolumeClaimApplyConfiguration {
	p := in.PeerNode
	spec := applycorev1.PersistentVolumeClaimSpec().
		WithAccessModes(p.Spec.Storage.AccessMode).
		WithResources(applycorev1.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: claimSize(p, live)}))
	if class := p.Spec.Storage.StorageClassName; class != nil {
		spec.WithStorageClassName(*class)
	}
	return applycorev1.PersistentVolumeClaim(names.Data(p), p.Namespace).
		WithLabels(names.Labels(p, componentData)).
		WithAnnotations(map[string]string{v1alpha1.AnnotationOwnerUID: string(p.UID)}).
		WithSpec(spec)
}

func claimSize(p *v1alpha1.PeerNode, live *corev1.PersistentVolumeClaim) resource.Quantity {
	size := p.Spec.Storage.Size.DeepCopy()
	if live == nil {
		return size
	}
	if asked := live.Spec.Resources.Requests[corev1.ResourceStorage]; asked.Cmp(size) > 0 {
		return asked.DeepCopy()
	}
	return size
}
