// SPDX-License-Identifier: Apache-2.0

package resources

import (
	appsv1 "k8s.io/api/apps/v1"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"

	"github.com/peernode/operator/pkg/names"
)

// StatefulSet runs the peer: one pod, or none while it is to be stopped. Its pod management is Parallel because an ordered
// StatefulSet cannot leave a revision whose pod never becomes ready (kubernetes/kubernetes#67250), and the field
// can never be changed. The error is about spec.podTemplate. It goes with the PeerNode.
func StatefulSet(in Input) (*applyappsv1.StatefulSetApplyConfiguration, error) {
	p := in.PeerNode
	template, err := patched(podTemplate(in), p)
	if err != nil {
		return nil, err
	}
	replicas := int32(1)
	if p.Spec.Suspend || in.Stopped {
		replicas = 0
	}
	return applyappsv1.StatefulSet(names.Workload(p), p.Namespace).
		WithLabels(names.Labels(p, componentPeer)).
		WithOwnerReferences(owner(p)).
		WithSpec(applyappsv1.StatefulSetSpec().
			WithReplicas(replicas).
			WithServiceName(names.Workload(p)).
			WithSelector(selector(p)).
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithRevisionHistoryLimit(3).
			WithTemplate(template)), nil
}
