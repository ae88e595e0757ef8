// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeerNodeBackup has the data of a peer backed up by the calendar. Each run that is due is a Job of the CronJob
// <name>-backup, and is carried out by a PeerBackup, when it is safe to stop the peer.
type PeerNodeBackup struct {
	// storeRef is the PeerBackupStore that the data are put into. It needs spec.recipients, to whom everything is sealed.
	// +required
	StoreRef BackupStoreReference `json:"storeRef"`

	// schedule is when a backup is due, a line of cron such as "30 2 * * *" for half past two every night. One that is due
	// while the one of before has not ended is left out.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z*,/?-]+( [0-9A-Za-z*,/?-]+){4}$`
	Schedule string `json:"schedule"`

	// timeZone is the zone in which schedule is meant, such as Europe/Zurich. Default Etc/UTC.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`
	TimeZone string `json:"timeZone,omitempty"`

	// jitter is how far the runs of peers with one schedule are spread: each begins up to so much later than it is due, by a
	// time that follows from peer and run. Default 5m; at most 24h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('24h')",message="must be at most 24h"
	Jitter Period `json:"jitter,omitempty"`

	// startWithin is how late a run may be asked for that the cluster has missed, because its control plane was down. What is
	// later is left out. Without it the last run that was missed is made up for, however late.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="must be between 1m and 168h"
	StartWithin Period `json:"startWithin,omitempty"`

	// suspend lets no new run begin. Those that have begun go on, and one can be asked for by hand.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// proveEvery has a run proven where the newest backup that was proven is older, such as 720h: it is restored on trial, and the
	// software checks it, as spec.prove of a PeerBackup says. Default: none is. At least 24h.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('24h')",message="must be at least 24h: a backup that is proven is a full one"
	ProveEvery Period `json:"proveEvery,omitempty"`

	BackupOptions `json:",inline"`
}

// PeerNodeBackupStatus is what came of spec.backup.
type PeerNodeBackupStatus struct {
	// latest is the newest backup of this PeerNode in the store of spec.backup that was read back, whoever asked for it.
	// +optional
	Latest *LatestBackup `json:"latest,omitempty"`
}

// LatestBackup is the newest good backup of a peer.
type LatestBackup struct {
	// name is that of its PeerBackup.
	// +required
	Name string `json:"name"`

	// store is the PeerBackupStore in which it lies.
	// +required
	Store string `json:"store"`

	// sequence is its number among the backups of the peer in the bucket.
	// +required
	Sequence int64 `json:"sequence"`

	// finishedAt is when the data had been copied.
	// +required
	FinishedAt metav1.Time `json:"finishedAt"`

	// size is how much data it holds.
	// +required
	Size resource.Quantity `json:"size"`
}
