// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
)

// Ours reports whether an object carries the labels that the operator gives to the objects of p. An object that
// does not is never changed.
func Ours(p *v1alpha1.PeerNode, o metav1.Object) bool {
	labels := o.GetLabels()
	return labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && labels[v1alpha1.LabelPeerNode] == p.Name
}

// OfFleet reports whether an object carries the label of a fleet. One that does not is never changed.
func OfFleet(f *v1alpha1.PeerFleet, o metav1.Object) bool {
	return o.GetLabels()[v1alpha1.LabelFleet] == f.Name
}

// OfStore reports whether an object carries the labels that the operator gives to what checks a store, or removes old backups
// from it. One that does not is never changed.
func OfStore(s *v1alpha1.PeerBackupStore, o metav1.Object) bool {
	labels := o.GetLabels()
	component := labels[v1alpha1.LabelComponent]
	return labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && labels[v1alpha1.LabelBackupStore] == s.Name &&
		(component == names.ComponentStoreCheck || component == names.ComponentStorePrune)
}

// OfBackup reports whether an object carries the labels that the operator gives to what makes a backup. One that does not is
// never changed.
func OfBackup(b *v1alpha1.PeerBackup, o metav1.Object) bool {
	labels := o.GetLabels()
	component := labels[v1alpha1.LabelComponent]
	return labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && labels[v1alpha1.LabelBackup] == b.Name &&
		(component == names.ComponentBackup || component == names.ComponentProof)
}

// Foreign refuses to touch an object that somebody else made.
func Foreign(ref intent.Ref) *conditions.Finding {
	return conditions.Refuse(v1alpha1.ReasonForeignObject, fmt.Sprintf(
		"%s exists and was not made by this operator; it is left alone. Remove or rename it, or choose another name for what is to be made", ref))
}
