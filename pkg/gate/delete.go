// SPDX-License-Identifier: Apache-2.0

// Package gate holds the named questions that stand before every act that cannot be undone.
package gate

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// MayDeleteData asks whether a volume claim, just read from the API server, may go with its PeerNode. The error
// says what speaks against it.
func MayDeleteData(p *v1alpha1.PeerNode, claim metav1.Object) error {
	switch {
	case p.DeletionTimestamp == nil:
		return fmt.Errorf("PeerNode %s/%s is not being deleted", p.Namespace, p.Name)
	case !p.DeletesData():
		return fmt.Errorf("spec.deletionPolicy.data of PeerNode %s/%s is not Delete", p.Namespace, p.Name)
	case !Ours(p, claim):
		return fmt.Errorf("claim %s/%s does not carry the labels of PeerNode %s", claim.GetNamespace(), claim.GetName(), p.Name)
	case claim.GetAnnotations()[v1alpha1.AnnotationOwnerUID] != string(p.UID):
		return fmt.Errorf("claim %s/%s was last used by another PeerNode (UID %s)",
			claim.GetNamespace(), claim.GetName(), claim.GetAnnotations()[v1alpha1.AnnotationOwnerUID])
	}
	return nil
}
