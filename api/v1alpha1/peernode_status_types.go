// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PeerNodeStatus is the peer as the operator last saw it.
type PeerNodeStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Reconciling and Stalled (kstatus), and IdentityBound, KeyRotated, KeyBackedUp, Restored, IdentityInEtcd,
	// StorageReady, BackupHealthy, CertificateReady, PeersResolved, Exposed, APIExposed and CustomPodTemplate where they apply.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// software is the kind of software that runs: p2pAgent or custom.
	// +optional
	Software string `json:"software,omitempty"`

	// image is the image that the peer is told to run, the operator's default included.
	// +optional
	Image string `json:"image,omitempty"`

	// identity is the key in use.
	// +optional
	Identity *PeerIdentityStatus `json:"identity,omitempty"`

	// endpoints are the addresses of the peer.
	// +optional
	Endpoints *PeerEndpoints `json:"endpoints,omitempty"`

	// certificate is the one that cert-manager keeps for the API.
	// +optional
	Certificate *PeerCertificateStatus `json:"certificate,omitempty"`

	// storage is the volume in use.
	// +optional
	Storage *PeerStorageStatus `json:"storage,omitempty"`

	// bootstrap is the backup with which the peer began.
	// +optional
	Bootstrap *PeerBootstrapStatus `json:"bootstrap,omitempty"`

	// backup is what came of spec.backup.
	// +optional
	Backup *PeerNodeBackupStatus `json:"backup,omitempty"`

	// rollout is the pod that the fleet of the peer last let it have.
	// +optional
	Rollout *PeerRolloutStatus `json:"rollout,omitempty"`
}

// PeerRolloutStatus is the pod that a fleet let a peer have.
type PeerRolloutStatus struct {
	// pod is its hash, as the fleet wrote it into the annotation peernode.dev/approved-pod.
	// +required
	Pod string `json:"pod"`

	// since is when the operator set about it.
	// +required
	Since metav1.Time `json:"since"`
}

// PeerIdentityStatus is the key in use.
type PeerIdentityStatus struct {
	// epoch counts the keys of this peer, from 1. It never goes back.
	// +optional
	Epoch int64 `json:"epoch,omitempty"`

	// secretName is the Secret that holds the sealed key. Once recorded, a missing Secret stops the peer; a new key is
	// never made in its place.
	// +optional
	SecretName string `json:"secretName,omitempty"`

	// protection says how the key is kept. Brokered: sealed, and opened by the unsealer for the peer's own pod alone.
	// Direct: sealed, and opened by the pod itself, as spec.identity.direct says. Empty beside a secretName: in plaintext, by an operator from before there was an unsealer.
	// +optional
	Protection KeyProtection `json:"protection,omitempty"`

	// peerID is the name of the peer in its network, which follows from the key.
	// +optional
	PeerID string `json:"peerID,omitempty"`

	// publicKey is the public key, in the encoding of the software.
	// +optional
	PublicKey string `json:"publicKey,omitempty"`

	// epochs are the keys of the peer, of those that are revoked only the latest: three, or as many as keepPrevious says, and
	// those of which the Secret is still to be deleted.
	// +optional
	// +listType=map
	// +listMapKey=epoch
	Epochs []KeyEpoch `json:"epochs,omitempty"`

	// minimumEpoch is the first epoch that is not compromised, as far as has been said by annotation. A key of before is
	// never opened again.
	// +optional
	MinimumEpoch int64 `json:"minimumEpoch,omitempty"`

	// copies are the latest copies of the sealed key that spec.identity.backup asks for, one for each store.
	// +optional
	// +listType=map
	// +listMapKey=store
	Copies []KeyCopy `json:"copies,omitempty"`

	// removedThrough is the epoch up to which the Secrets of revoked keys were deleted on purpose, as
	// spec.identity.rotation.keepPrevious says. The janitor alone writes it.
	// +optional
	RemovedThrough int64 `json:"removedThrough,omitempty"`

	// rotation is what is known of the rotation of the keys.
	// +optional
	Rotation *KeyRotationStatus `json:"rotation,omitempty"`
}

// KeyEpoch is one key of a peer.
type KeyEpoch struct {
	// epoch is its number.
	// +required
	// +kubebuilder:validation:Minimum=1
	Epoch int64 `json:"epoch"`

	// stage is how far the key is. Pending: it is being made. Published: it is stored, and the peers that declare this one
	// let it in already. Active: the peer runs with it. Retiring: others still let it in. Revoked: nobody is to let it in
	// any more, and the unsealer does not open it.
	// +required
	Stage KeyStage `json:"stage"`

	// since is when it came to this stage.
	// +required
	Since metav1.Time `json:"since"`

	// secretName is the Secret that holds the sealed key.
	// +optional
	SecretName string `json:"secretName,omitempty"`

	// peerID is the name that the key gives to the peer.
	// +optional
	PeerID string `json:"peerID,omitempty"`

	// publicKey is the public key, in the encoding of the software.
	// +optional
	PublicKey string `json:"publicKey,omitempty"`
}

// KeyStage is how far a key of a peer is.
//
// +kubebuilder:validation:Enum=Pending;Published;Active;Retiring;Revoked
type KeyStage string

// The stages of a key, in their order.
const (
	KeyPending   KeyStage = "Pending"
	KeyPublished KeyStage = "Published"
	KeyActive    KeyStage = "Active"
	KeyRetiring  KeyStage = "Retiring"
	KeyRevoked   KeyStage = "Revoked"
)

// KeyRotationStatus is what is known of the rotation of the peer's keys.
type KeyRotationStatus struct {
	// next is when a new key is due by spec.identity.rotation.every.
	// +optional
	Next *metav1.Time `json:"next,omitempty"`

	// lastRequest is the last text of the annotation peernode.dev/rotate-key that was acted on.
	// +optional
	LastRequest string `json:"lastRequest,omitempty"`
}

// KeyProtection is how a key is kept.
//
// +kubebuilder:validation:Enum=Brokered;Direct
type KeyProtection string

// How keys are kept.
const (
	// ProtectionBrokered is a sealed key that the unsealer opens.
	ProtectionBrokered KeyProtection = "Brokered"
	// ProtectionDirect is a sealed key that the pod of the peer opens by itself.
	ProtectionDirect KeyProtection = "Direct"
)

// PeerEndpoints are the addresses of the peer.
type PeerEndpoints struct {
	// peer is where other peers in the cluster reach it, host and port.
	// +optional
	Peer string `json:"peer,omitempty"`

	// api is where users in the cluster reach its API, host and port, while it is enabled.
	// +optional
	API string `json:"api,omitempty"`

	// external are where the outside reaches the ports that are exposed.
	// +optional
	// +listType=atomic
	External []ExternalEndpoint `json:"external,omitempty"`
}

// PeerCertificateStatus is the certificate that cert-manager keeps for the API of a peer.
type PeerCertificateStatus struct {
	// secretName is the Secret that holds it.
	// +required
	SecretName string `json:"secretName"`

	// notAfter is when it runs out.
	// +optional
	NotAfter *metav1.Time `json:"notAfter,omitempty"`

	// renewalTime is when cert-manager renews it.
	// +optional
	RenewalTime *metav1.Time `json:"renewalTime,omitempty"`
}

// PeerStorageStatus is the volume in use.
type PeerStorageStatus struct {
	// claimName is the PersistentVolumeClaim.
	// +optional
	ClaimName string `json:"claimName,omitempty"`

	// requested is the size that was asked for.
	// +optional
	Requested *resource.Quantity `json:"requested,omitempty"`

	// capacity is the size that the volume has.
	// +optional
	Capacity *resource.Quantity `json:"capacity,omitempty"`
}
