// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// KeyImport is a key that was made before the PeerNode.
type KeyImport struct {
	// envelope is the sealed key, as peer-companion seal, reseal or keygen prints it, or as a bucket holds it. It is bound
	// to this namespace and name, and sealed to the unsealer of this cluster. It is public: who has it cannot open it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Envelope string `json:"envelope"`
}

// KeyBackup says where copies of the sealed keys of a peer are kept.
type KeyBackup struct {
	// stores are the PeerBackupStores of this namespace of which each gets a copy of every key that is made from then on,
	// and of the latest one that there is.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Stores []BackupStoreReference `json:"stores"`
}

// KeyCopy is a copy of a sealed key in a bucket.
type KeyCopy struct {
	// store is the PeerBackupStore through which it was put there.
	// +required
	Store string `json:"store"`

	// epoch is which of the peer's keys it is.
	// +required
	Epoch int64 `json:"epoch"`

	// location is where it lies: endpoint, bucket and object.
	// +required
	Location string `json:"location"`

	// readBack is true when it was read back, and was what had been put there. The credentials of some stores do not
	// allow it.
	// +optional
	ReadBack bool `json:"readBack,omitempty"`

	// since is when it was put there, or found there.
	// +required
	Since metav1.Time `json:"since"`
}
