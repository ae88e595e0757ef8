// SPDX-License-Identifier: Apache-2.0

package resources

import (
	networkingv1 "k8s.io/api/networking/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// KeyCopyPolicy opens the way to some stores for the Jobs that copy keys, and for none of the peer's other pods. DNS they
// have by the policy of the peer.
func KeyCopyPolicy(p *v1alpha1.PeerNode, stores []*v1alpha1.PeerBackupStore) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	labels := names.Selector(p.Name)
	labels[v1alpha1.LabelComponent] = ComponentKeyCopy
	spec := applynetworkingv1.NetworkPolicySpec().
		WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(labels)).
		WithPolicyTypes(networkingv1.PolicyTypeEgress)
	for _, store := range stores {
		spec.WithEgress(toURL(store.Spec.Endpoint, store.Spec.AllowTo))
	}
	return applynetworkingv1.NetworkPolicy(names.KeyCopies(p), p.Namespace).
		WithLabels(names.Labels(p, ComponentKeyCopy)).
		WithOwnerReferences(owner(p)).
		WithSpec(spec)
}
