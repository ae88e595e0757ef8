// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeerBackup is one backup of the data of a peer: what was asked for, which never changes, and in its status the record of
// what came of it. It outlives the peer. Deleting it deletes nothing in the bucket.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pb,categories=peers
// +kubebuilder:selectablefield:JSONPath=`.spec.peerNodeRef.name`
// +kubebuilder:printcolumn:name="Peer",type=string,JSONPath=`.spec.peerNodeRef.name`,description="Whose data it is"
// +kubebuilder:printcolumn:name="Store",type=string,JSONPath=`.spec.storeRef.name`,description="Where it lies"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether it was written and read back"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="What it waits for, or what has gone wrong"
// +kubebuilder:printcolumn:name="Proven",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Proven")].status`,description="Whether its software found good what was restored from it"
// +kubebuilder:printcolumn:name="Sequence",type=integer,JSONPath=`.status.record.sequence`,description="Its number in the bucket"
// +kubebuilder:printcolumn:name="Size",type=string,JSONPath=`.status.record.size`,description="How much data it holds"
// +kubebuilder:printcolumn:name="Uploaded",type=string,JSONPath=`.status.record.uploaded`,description="How much was written for it"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Finished",type=string,priority=1,JSONPath=`.status.record.finishedAt`,description="When the data had been copied"
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="More about the reason"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 52 characters of lower case letters, digits and '-', because a Job and its pods are named after it"
type PeerBackup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what was asked for. It never changes: for another backup create another PeerBackup.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is what was asked for and never changes; create another PeerBackup"
	Spec PeerBackupSpec `json:"spec"`

	// status is what came of it.
	// +optional
	Status PeerBackupStatus `json:"status,omitempty"`
}

// PeerBackupList is a list of PeerBackups.
//
// +kubebuilder:object:root=true
type PeerBackupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PeerBackup `json:"items"`
}

// PeerBackupSpec is a backup that is wanted.
type PeerBackupSpec struct {
	// peerNodeRef is the PeerNode whose data are to be backed up.
	// +required
	PeerNodeRef PeerNodeReference `json:"peerNodeRef"`

	// storeRef is the PeerBackupStore that they are put into. It needs spec.recipients, to whom everything is sealed.
	// +required
	StoreRef BackupStoreReference `json:"storeRef"`

	// prove asks for a proof that the backup can be restored: it is a full one, is restored to a scratch volume while the key
	// of its run is still at hand, and then the software checks what lies there, without an identity and without a network,
	// while the peer runs again. The scratch volume is as large as that of the peer, and of its storage class. For
	// software.custom it takes a dataCheck.
	// +optional
	Prove bool `json:"prove,omitempty"`

	BackupOptions `json:",inline"`
}

// BackupOptions say how the data of a peer are backed up.
type BackupOptions struct {
	// method is how it is seen to that the data stay as they are while they are copied. Stopped (default): the peer is
	// stopped before, and started after the copy was read back; at most as many peers of a fleet as may be unavailable, and
	// one other peer of a namespace at a time.
	// +optional
	// +kubebuilder:validation:Enum=Stopped
	Method BackupMethod `json:"method,omitempty"`

	// type is Incremental (default), which stores only blocks that have changed since the last backup of the peer and is a
	// full one where there is none; or Full. A backup that is to be proven is a full one.
	// +optional
	// +kubebuilder:validation:Enum=Incremental;Full
	Type BackupType `json:"type,omitempty"`

	// exclude is what of the volume is left out: a path in it, or a name that has no slash, in which * and ? stand for other
	// letters. It is required for software.custom, which keeps its own identity under its data path, because private keys
	// have no place in a backup of data: name where it lies. Default: nothing.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Exclude []BackupPattern `json:"exclude,omitempty"`

	// uploadLimit is how many bytes may be sent in a second, such as 20Mi. Default: as many as there is room for.
	// +optional
	// +kubebuilder:validation:XValidation:rule="isQuantity(string(self)) && !quantity(string(self)).isLessThan(quantity('1Mi'))",message="must be at least 1Mi, so that parts of 8 MiB are through before patience with the store ends"
	UploadLimit *resource.Quantity `json:"uploadLimit,omitempty"`

	// deadline ends what takes longer, counted from when the peer was asked to stop, and the peer is started again. Default 6h;
	// at least 5m.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('5m') && duration(self) <= duration('168h')",message="must be between 5m and 168h"
	Deadline Period `json:"deadline,omitempty"`
}

// BackupPattern is a path in a volume, or a name that has no slash, such as tmp/* or *.sock.
//
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.*?-]+(/[A-Za-z0-9_.*?-]+)*$`
type BackupPattern string

// PeerNodeReference names a PeerNode of the same namespace.
type PeerNodeReference struct {
	// name of the PeerNode.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
}

// BackupMethod is how data are kept as they are while they are copied.
type BackupMethod string

// The methods.
const (
	// BackupStopped copies while the peer is stopped.
	BackupStopped BackupMethod = "Stopped"
)

// BackupType is how much of the data is stored.
type BackupType string

// The types.
const (
	BackupIncremental BackupType = "Incremental"
	BackupFull        BackupType = "Full"
)

// PeerBackupStatus is what came of a backup.
type PeerBackupStatus struct {
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say how far it is. Ready: it was written and read back. Uploaded: its record lies in the bucket. Verified:
	// every byte that was written for it was read back, opened and compared. Proven, where spec.prove asks for it: it was
	// restored, and its software found the data good.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// peerNodeUID is that of the PeerNode whose data were copied.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	PeerNodeUID string `json:"peerNodeUID,omitempty"`

	// heldSince is when the peer was asked to stop for the copy. It is kept stopped until releasedAt.
	// +optional
	HeldSince *metav1.Time `json:"heldSince,omitempty"`

	// releasedAt is when the peer was let start again, or when the backup was given up before the peer was stopped.
	// +optional
	ReleasedAt *metav1.Time `json:"releasedAt,omitempty"`

	// record is what lies in the bucket.
	// +optional
	Record *BackupRecord `json:"record,omitempty"`

	// proof is what came of the proof that spec.prove asks for.
	// +optional
	Proof *BackupProof `json:"proof,omitempty"`
}

// BackupProof is what came of a trial restore.
type BackupProof struct {
	// restoredAt is when all of the backup had been read from the bucket, and lay on the scratch volume as it had lain on that
	// of the peer.
	// +optional
	RestoredAt *metav1.Time `json:"restoredAt,omitempty"`

	// endedAt is when the software had checked it, or the proof was given up. The condition Proven says which.
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`

	// state is what the software said of the data, in its own words.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	State string `json:"state,omitempty"`
}

// BackupRecord is what lies in the bucket of a backup.
type BackupRecord struct {
	// sequence is its number among the backups of the peer in the bucket, by which a restore names it.
	Sequence int64 `json:"sequence"`

	// sha256 is that of its record in the bucket. With it nobody can put another backup in its place.
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	SHA256 string `json:"sha256"`

	// base is the sequence of the full backup of its chain, its own for a full one.
	Base int64 `json:"base"`

	// startedAt is when the copy was begun, by the clock of the node.
	StartedAt metav1.Time `json:"startedAt"`

	// finishedAt is when the data had been copied.
	FinishedAt metav1.Time `json:"finishedAt"`

	// verifiedAt is when all that was written had been read back, opened and compared.
	// +optional
	VerifiedAt *metav1.Time `json:"verifiedAt,omitempty"`

	// files is how many there are.
	Files int64 `json:"files"`

	// size is how long the files are together.
	Size resource.Quantity `json:"size"`

	// stored is how much of that is not zero.
	Stored resource.Quantity `json:"stored"`

	// uploaded is how much was written to the bucket for this backup.
	Uploaded resource.Quantity `json:"uploaded"`

	// signedBy is the public key by which its record, and that of every other backup of the peer made with the same sealing
	// key of the cluster, is known. Keep it with the recovery key: a restore without the cluster needs it.
	// +kubebuilder:validation:MaxLength=400
	SignedBy string `json:"signedBy"`
}
