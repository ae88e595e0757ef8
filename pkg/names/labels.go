// SPDX-License-Identifier: Apache-2.0

package names

import "github.com/peernode/operator/api/v1alpha1"

// Selector chooses the pods of a peer. A StatefulSet's selector is immutable, so nothing that may change belongs
// here.
func Selector(peerNode string) map[string]string {
	return map[string]string{v1alpha1.LabelPeerNode: peerNode}
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
