// SPDX-License-Identifier: Apache-2.0

package resources

import (
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/pkg/names"
)

// ServiceAccount gives the peer a name of its own and no token: nothing beside a peer can call the API server.
// It goes with the PeerNode.
func ServiceAccount(in Input) *applycorev1.ServiceAccountApplyConfiguration {
	p := in.PeerNode
	return applycorev1.ServiceAccount(names.Workload(p), p.Namespace).
		WithLabels(names.Labels(p, componentPeer)).
		WithOwnerReferences(owner(p)).
		WithAutomountServiceAccountToken(false)
}
