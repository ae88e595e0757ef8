// SPDX-License-Identifier: Apache-2.0

package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/enforcement"
)

// networkPolicyEnforced says whether the peer's NetworkPolicy limits anything. It holds of the cluster, and is told by each
// peer, because each relies on it.
func networkPolicyEnforced(o Observed) metav1.Condition {
	record := conditions.Find(o.PeerNode.Status.Conditions, v1alpha1.ConditionNetworkPolicyEnforced)
	return o.Enforcement.Condition(record, enforcement.Ranges(o.PeerNode.Spec.Network))
}

// enforcementEvents tells once that the peer is less closed than its spec says, and when that is over.
func enforcementEvents(before, next v1alpha1.PeerNodeStatus) []conditions.Event {
	was := conditions.Find(before.Conditions, v1alpha1.ConditionNetworkPolicyEnforced)
	is := conditions.Find(next.Conditions, v1alpha1.ConditionNetworkPolicyEnforced)
	switch {
	case was.Status == is.Status && was.Reason == is.Reason:
		return nil
	case is.Status == metav1.ConditionFalse:
		return []conditions.Event{conditions.Warning(is.Reason, "Probe", is.Message)}
	case was.Status == metav1.ConditionFalse && is.Status == metav1.ConditionTrue:
		return []conditions.Event{conditions.Normal(is.Reason, "Probe", is.Message)}
	}
	return nil
}
