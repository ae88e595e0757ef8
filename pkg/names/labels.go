// SPDX-License-Identifier: Apache-2.0

package names

import "github.com/peernode/operator/api/v1alpha1"

// Selector chooses all pods of a peer, those of its Jobs too. A StatefulSet's selector is immutable, so nothing that may change belongs
// here.
func Selector(peerNode string) map[string]string {
	return map[string]string{v1alpha1.LabelPeerNode: peerNode}
}

// ComponentPeer is the component of the pod that runs the peer. It tells it from the pods of the peer's Jobs.
const ComponentPeer = "peer"

// PodSelector chooses the pod that runs the peer, and none of its Jobs.
func PodSelector(peerNode string) map[string]string {
	return map[string]string{v1alpha1.LabelPeerNode: peerNode, v1alpha1.LabelComponent: ComponentPeer}
}

// Labels are the labels of every object of a peer. Labels of the PeerNode itself are never copied down: a
// tracking label of a GitOps tool would make it prune what it did not create.
func Labels(p *v1alpha1.PeerNode, component string) map[string]string {
	return map[string]string{
		v1alpha1.LabelPeerNode:       p.Name,
		v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
		v1alpha1.LabelComponent:      component,
		"app.kubernetes.io/name":     "peernode",
		"app.kubernetes.io/instance": p.Name,
	}
}
