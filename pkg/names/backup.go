// SPDX-License-Identifier: Apache-2.0

package names

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
)

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

const (
	suffixSchedule = "-backup"
	// mostOfName is the longest name of a CronJob, which leaves its Jobs room for the time, and of a PeerBackup.
	mostOfName = 52
	// slotLayout is how the time of a run is written into a name, in UTC, where no hour comes twice.
	slotLayout = "20060102-1504"
)

// ComponentBackupRun tells the CronJob of a schedule, and its Jobs, from what makes a backup.
const ComponentBackupRun = "backup-run"

// BackupSchedule is the name of the CronJob of spec.backup.
func BackupSchedule(p *v1alpha1.PeerNode) string { return shortened(p.Name, suffixSchedule) }

// ScheduledBackup is the name of the PeerBackup of a run of the schedule. It follows from peer and time, so that a run is made
// once.
func ScheduledBackup(peerNode string, slot time.Time) string {
	return shortened(peerNode, "-"+slot.UTC().Format(slotLayout))
}

// RequestedBackup is the name of the PeerBackup of a run that somebody asked for by a Job of their own.
func RequestedBackup(peerNode string, job types.UID, created time.Time) string {
	return shortened(peerNode, "-"+created.UTC().Format(slotLayout)+"-"+digest(string(job)))
}

// shortened is a name with a suffix, of which the middle is a hash where it would be too long.
func shortened(name, suffix string) string {
	if len(name)+len(suffix) <= mostOfName {
		return name + suffix
	}
	hash := "-" + digest(name)
	return name[:mostOfName-len(hash)-len(suffix)] + hash + suffix
}

func digest(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:])[:6]
}
