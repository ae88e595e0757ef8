// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
)

// awaitFleet leaves the pod of a peer alone that its fleet has not let have another one, whatever the change comes
// from: a new release of the operator would otherwise replace the pods of a whole fleet at once. What the pod alone
// reads at its start waits with it.
func awaitFleet(o Observed, changes []intent.Change) ([]intent.Change, *conditions.Finding) {
	set := o.statefulSet()
	if !fleets(o.PeerNode) || o.stops() || set == nil || set.Spec.Replicas != nil && *set.Spec.Replicas == 0 {
		return changes, nil
	}
	replaces := slices.ContainsFunc(changes, func(c intent.Change) bool { return c.GroupVersionKind == kindStatefulSet })
	if !replaces || o.approvedPod() == blueprint.PodOfFleet(o.PeerNode.Namespace, o.PeerNode.Spec.Fleet.Name, o.PeerNode.Spec, o.Options) {
		return changes, nil
	}
	rest := slices.DeleteFunc(changes, func(c intent.Change) bool {
		return c.GroupVersionKind == kindStatefulSet || c.GroupVersionKind == kindConfigMap
	})
	return rest, conditions.Wait(v1alpha1.ReasonWaitingForFleet, "the pod is to be replaced, and PeerFleet "+o.PeerNode.Spec.Fleet.Name+
		" has not let it yet. It changes its peers one by one; a change made to the PeerNode itself is none of the fleet's: make it in the template or in an override")
}

// fleets reports whether a fleet decides when the pod of a peer may be replaced.
func fleets(p *v1alpha1.PeerNode) bool {
	owner := metav1.GetControllerOf(p)
	return p.Spec.Fleet != nil && owner != nil && owner.Kind == "PeerFleet"
}

// approvedPod is the hash of the pod that the fleet of the peer lets it have, "" where it has none.
func (o Observed) approvedPod() string {
	return o.PeerNode.Annotations[v1alpha1.AnnotationApprovedPod]
}

// rollout tells since when the peer has the pod that its fleet last let it have, nil where none did.
func rollout(o Observed, p Plan, now metav1.Time) *v1alpha1.PeerRolloutStatus {
	before := o.PeerNode.Status.Rollout
	switch {
	case o.approvedPod() == "":
		return nil
	case p.Blocked != nil, p.awaits != nil, before != nil && before.Pod == o.approvedPod():
		return before.DeepCopy()
	}
	return &v1alpha1.PeerRolloutStatus{Pod: o.approvedPod(), Since: now.Rfc3339Copy()}
}
