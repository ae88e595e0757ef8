// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// MayRelease asks whether a reservation that was deleted may be let go, so that another PeerNode can have the identity.
// named is the PeerNode that it names and pod the pod of that, nil where there is none, just read from the API server
// and in this order: once its holder is gone, no pod is given the key any more. The error says what speaks against it.
func MayRelease(r *v1alpha1.PeerIdentityReservation, named *v1alpha1.PeerNode, pod *corev1.Pod) error {
	switch {
	case r.DeletionTimestamp == nil:
		return fmt.Errorf("PeerIdentityReservation %s is not being deleted", r.Name)
	case named != nil && r.HeldBy(named):
		return fmt.Errorf("PeerNode %s/%s holds the identity, and runs with it; delete the PeerNode as well", named.Namespace, named.Name)
	case pod != nil:
		return fmt.Errorf("pod %s/%s may run with the identity until it is gone", pod.Namespace, pod.Name)
	}
	return nil
}
