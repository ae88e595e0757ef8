// SPDX-License-Identifier: Apache-2.0

package names

import "github.com/peernode/operator/api/v1alpha1"

// ComponentBackup tells the Jobs that back peers up, their pods and their NetworkPolicies from the peer.
const ComponentBackup = "backup"

// BackupJob is the name of the Job that makes a backup, and of its NetworkPolicy.
func BackupJob(b *v1alpha1.PeerBackup) string { return b.Name + "-backup" }

// BackupLabels are the labels of the objects of a backup.
func BackupLabels(b *v1alpha1.PeerBackup) map[string]string {
	return map[string]string{
		v1alpha1.LabelPeerNode:       b.Spec.PeerNodeRef.Name,
		v1alpha1.LabelBackup:         b.Name,
		v1alpha1.LabelBackupStore:    b.Spec.StoreRef.Name,
		v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
		v1alpha1.LabelComponent:      ComponentBackup,
		"app.kubernetes.io/name":     "peerbackup",
		"app.kubernetes.io/instance": b.Name,
	}
}

// BackupSelector chooses the pods that make a backup.
func BackupSelector(b *v1alpha1.PeerBackup) map[string]string {
	return map[string]string{v1alpha1.LabelBackup: b.Name, v1alpha1.LabelComponent: ComponentBackup}
}
