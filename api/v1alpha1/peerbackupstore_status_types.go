// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeerBackupStoreStatus is the store as its last checks have found it.
type PeerBackupStoreStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Reconciling and Stalled (kstatus), LeastPrivilege, and RetentionHealthy where old backups are removed.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// lastCheck is the last check that came to an end, well or not.
	// +optional
	LastCheck *BackupStoreCheck `json:"lastCheck,omitempty"`

	// lastPassed is when a check last found the store as the spec wants it.
	// +optional
	LastPassed *metav1.Time `json:"lastPassed,omitempty"`

	// found is what the last check that could look has seen.
	// +optional
	Found *BackupStoreFindings `json:"found,omitempty"`

	// retention is what the removal of old backups has come to, where spec.retention asks for it.
	// +optional
	Retention *BackupRetentionStatus `json:"retention,omitempty"`
}

// BackupRetentionStatus is what the removal of old backups has come to.
type BackupRetentionStatus struct {
	// lastRun is the last run that came to an end, well or not.
	// +required
	LastRun BackupStoreCheck `json:"lastRun"`

	// lastPassed is when a run last looked at all peers. The counts are those of the last run that could look, and
	// zero before there was one.
	// +optional
	LastPassed *metav1.Time `json:"lastPassed,omitempty"`

	// peers is of how many peers the backups were looked at.
	// +required
	Peers int32 `json:"peers"`

	// kept is how many backups there are now.
	// +required
	Kept int32 `json:"kept"`

	// removed is how many backups went.
	// +required
	Removed int32 `json:"removed"`

	// objects is how many objects went that no record names any more.
	// +required
	Objects int32 `json:"objects"`

	// freed is how much that was.
	// +required
	Freed resource.Quantity `json:"freed"`

	// locked is how many records and objects are to go, and the store does not let go yet.
	// +optional
	Locked int32 `json:"locked,omitempty"`

	// postponed is how many backups are to go, and were left to the next run.
	// +optional
	Postponed int32 `json:"postponed,omitempty"`

	// strange is how many records there are that are no good backups: signed by no key that is trusted, or without some of their
	// objects.
	// +optional
	Strange int32 `json:"strange,omitempty"`
}

// BackupStoreCheck is one check of a store.
type BackupStoreCheck struct {
	// time is when the operator learned of its end.
	// +required
	Time metav1.Time `json:"time"`

	// job is the Job that made it, which goes ten minutes after its end.
	// +required
	Job string `json:"job"`

	// generation is that of the spec that was checked.
	// +required
	Generation int64 `json:"generation"`

	// failed is true when it could not be carried through, so that it says nothing about what the store does.
	// +optional
	Failed bool `json:"failed,omitempty"`
}

// BackupStoreFindings are what a store does, and what the credentials may do there.
type BackupStoreFindings struct {
	// writesOnce is whether the store leaves what has a name already, when asked to (If-None-Match).
	// +required
	WritesOnce StoreAnswer `json:"writesOnce"`

	// multipartOnce is the same for what comes in parts, as backups of data do. It is asked where the store has recipients.
	// +required
	MultipartOnce StoreAnswer `json:"multipartOnce"`

	// readsBack is whether the credentials may read what they wrote.
	// +required
	ReadsBack StoreAnswer `json:"readsBack"`

	// lists is whether the credentials may list what is under the prefix.
	// +required
	Lists StoreAnswer `json:"lists"`

	// versioning of the bucket: Enabled, Suspended, Off, or Unknown where the credentials may not ask.
	// +required
	Versioning StoreVersioning `json:"versioning"`

	// encryption is how the store keeps what was written: AES256, KMS, Other, None, or Unknown where that cannot be read.
	// +required
	Encryption StoreEncryption `json:"encryption"`

	// objectLock is the mode of the bucket's default retention: Governance, Compliance, None, or Unknown where the
	// credentials may not ask.
	// +required
	ObjectLock StoreLock `json:"objectLock"`

	// objectLockPeriod is how long that is, in hours.
	// +optional
	ObjectLockPeriod Period `json:"objectLockPeriod,omitempty"`

	// mayOverwrite is whether the credentials may write over what is there, when they do not ask the store to leave it. It
	// is Unknown where the bucket keeps versions, because then nothing is lost by it.
	// +required
	MayOverwrite StoreAnswer `json:"mayOverwrite"`

	// mayDelete is whether the credentials may delete what is there.
	// +required
	MayDelete StoreAnswer `json:"mayDelete"`
}

// StoreAnswer is what came of a question to a store.
type StoreAnswer string

// The answers.
const (
	StoreYes     StoreAnswer = "Yes"
	StoreNo      StoreAnswer = "No"
	StoreUnknown StoreAnswer = "Unknown"
)

// StoreVersioning is whether a bucket keeps what is written over or deleted.
type StoreVersioning string

// The states of versioning.
const (
	VersioningEnabled   StoreVersioning = "Enabled"
	VersioningSuspended StoreVersioning = "Suspended"
	VersioningOff       StoreVersioning = "Off"
	VersioningUnknown   StoreVersioning = "Unknown"
)

// StoreEncryption is how a store keeps an object.
type StoreEncryption string

// What is seen of encryption.
const (
	FoundAES256            StoreEncryption = "AES256"
	FoundKMS               StoreEncryption = "KMS"
	FoundOtherEncryption   StoreEncryption = "Other"
	FoundNoEncryption      StoreEncryption = "None"
	FoundUnknownEncryption StoreEncryption = "Unknown"
)

// StoreLock is the mode of a bucket's default retention.
type StoreLock string

// What is seen of Object Lock.
const (
	FoundGovernance  StoreLock = "Governance"
	FoundCompliance  StoreLock = "Compliance"
	FoundNoLock      StoreLock = "None"
	FoundUnknownLock StoreLock = "Unknown"
)
