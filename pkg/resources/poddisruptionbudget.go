// SPDX-License-Identifier: Apache-2.0

package resources

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applypolicyv1 "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/peernode/operator/pkg/names"
)

// PodDisruptionBudget allows one voluntary eviction at a time. A single peer must not block the drain of a node;
// what a network can lose at once is the business of its fleet. A pod that is not ready may always be evicted, or
// a broken peer would hold its node for ever. nil for a peer of a fleet, which has one budget for all: a pod that
// two budgets choose can never be evicted. It goes with the PeerNode.
func PodDisruptionBudget(in Input) *applypolicyv1.PodDisruptionBudgetApplyConfiguration {
	p := in.PeerNode
	if p.Spec.Fleet != nil {
		return nil
	}
	return applypolicyv1.PodDisruptionBudget(names.Workload(p), p.Namespace).
		WithLabels(names.Labels(p, componentPeer)).
		WithOwnerReferences(owner(p)).
		WithSpec(applypolicyv1.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(applymetav1.LabelSelector().WithMatchLabels(names.PodSelector(p.Name))))
}
