// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeerBootstrap is with what a new peer begins.
type PeerBootstrap struct {
	// restore has the volume filled from a backup before the software starts for the first time. A volume that holds data
	// already is refused, and left as it is.
	// +required
	Restore PeerRestore `json:"restore"`
}

// PeerRestore is the backup with which a peer begins.
//
// +kubebuilder:validation:ExactlyOneOf=backupRef;from
type PeerRestore struct {
	// backupRef is a PeerBackup of this namespace that was made: the one that is on record in its status, out of its store.
	// +optional
	BackupRef *PeerBackupReference `json:"backupRef,omitempty"`

	// from is a backup that no PeerBackup of this namespace knows of: of another cluster or namespace, of one that was lost,
	// or of another time.
	// +optional
	From *RestoreSource `json:"from,omitempty"`

	// recoveryKey is the private key of one of the recipients of the backup. The kubelet mounts it into the pod that restores,
	// and nowhere else; the operator cannot read it. Delete the Secret once the peer serves.
	// +required
	RecoveryKey RecoveryKeySource `json:"recoveryKey"`

	// identity is New, for a key of its own as any new peer has it, or Adopt, for the one that the peer had: then no key is
	// ever made. Its Secret is taken up, or spec.identity.import, and the peer waits until one of them is there. Of
	// software.custom, whose key is in no backup, it is New.
	// +required
	// +kubebuilder:validation:Enum=New;Adopt
	Identity RestoredIdentity `json:"identity"`
}

// PeerBackupReference names a PeerBackup of the same namespace.
type PeerBackupReference struct {
	// name of the PeerBackup.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
}

// RestoreSource is where a backup lies of which no PeerBackup knows, and how it is known to be genuine.
//
// +kubebuilder:validation:XValidation:rule="!has(self.sequence) || !has(self.at)",fieldPath=".at",message="must not be set beside sequence, which says another backup"
type RestoreSource struct {
	// storeRef is the PeerBackupStore with the bucket. It has to exist, and need not be ready: its credentials may be such as
	// only read.
	// +required
	StoreRef BackupStoreReference `json:"storeRef"`

	// namespace is the one that the peer was in whose backup it is. Default: that of this PeerNode.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`

	// peerNode is the name of that peer. Default: that of this PeerNode.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	PeerNode string `json:"peerNode,omitempty"`

	// sequence is the number of the backup. Default: the newest one that was finished before this PeerNode was created.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Sequence int64 `json:"sequence,omitempty"`

	// at has the newest one restored that was finished by this time, such as 2026-11-27T12:00:00Z.
	// +optional
	At *metav1.Time `json:"at,omitempty"`

	// trust are the public keys by which the records of that peer are known, as status.record.signedBy of its PeerBackups
	// shows them, and peer-companion signing-key. A record that none of them has signed is no backup.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=400
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9-]+/[a-z0-9-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$`
	Trust []string `json:"trust"`
}

// RecoveryKeySource is the Secret with a recovery key.
type RecoveryKeySource struct {
	// secretName is that of a Secret of this namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName"`

	// key is under which the Secret holds it, a private key of age. Default: recovery.key.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// RestoredIdentity says whose key a restored peer has.
type RestoredIdentity string

// The identities of a restored peer.
const (
	// IdentityNew is a key that is made for it.
	IdentityNew RestoredIdentity = "New"
	// IdentityAdopt is the key that the peer had.
	IdentityAdopt RestoredIdentity = "Adopt"
)

// PeerBootstrapStatus is the backup with which a peer began. Once it is on record nothing is restored again.
type PeerBootstrapStatus struct {
	// restoredAt is when the volume had been filled, and compared with what was backed up.
	RestoredAt metav1.Time `json:"restoredAt"`

	// namespace and peerNode are whose data they are.
	Namespace string `json:"namespace"`

	// peerNode is the name of the PeerNode that was backed up.
	PeerNode string `json:"peerNode"`

	// sequence is the number of the backup.
	Sequence int64 `json:"sequence"`

	// recordSHA256 is that of its record in the bucket.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	RecordSHA256 string `json:"recordSHA256"`

	// finishedAt is when the data had been copied: what the peer did after that is lost.
	FinishedAt metav1.Time `json:"finishedAt"`

	// files is how many there are.
	Files int64 `json:"files"`

	// size is how long the files are together.
	Size resource.Quantity `json:"size"`
}
