// SPDX-License-Identifier: Apache-2.0

package names

import "github.com/peernode/operator/api/v1alpha1"

// Components that tell objects from those of the peer.
const (
	// ComponentBackup are the Jobs that back peers up, their pods and their NetworkPolicies.
	ComponentBackup = "backup"
	// ComponentProof are those that check what was restored from a backup, and the volumes with it.
	ComponentProof = "proof"
)

// BackupJob is the name of the Job that makes a backup, and of its NetworkPolicy.
func BackupJob(b *v1alpha1.PeerBackup) string { return b.Name + "-backup" }

// BackupProof is the name of the Job that checks what was restored from a backup on trial, of its volume and its
// NetworkPolicy.
func BackupProof(b *v1alpha1.PeerBackup) string { return b.Name + "-proof" }

// BackupLabels are the labels of the objects of a backup that belong to a component.
func BackupLabels(b *v1alpha1.PeerBackup, component string) map[string]string {
	return map[string]string{
		v1alpha1.LabelPeerNode:       b.Spec.PeerNodeRef.Name,
		v1alpha1.LabelBackup:         b.Name,
		v1alpha1.LabelBackupStore:    b.Spec.StoreRef.Name,
		v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
		v1alpha1.LabelComponent:      component,
		"app.kubernetes.io/name":     "peerbackup",
		"app.kubernetes.io/instance": b.Name,
	}
}

// BackupSelector chooses the pods of a backup that belong to a component.
func BackupSelector(b *v1alpha1.PeerBackup, component string) map[string]string {
	return map[string]string{v1alpha1.LabelBackup: b.Name, v1alpha1.LabelComponent: component}
}
