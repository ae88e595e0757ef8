// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PeerIdentityReservation says that a public key belongs, in its network, to one PeerNode of the cluster. It is named
// after network and key, so there is one at most: the same identity never runs twice. The operator makes it before the
// key's Secret, and lets it go, once it was deleted, only when no pod can run with the key any more.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=pir,categories=peers
// +kubebuilder:printcolumn:name="Network",type=string,JSONPath=`.spec.network`,description="Where the key is an identity"
// +kubebuilder:printcolumn:name="Namespace",type=string,JSONPath=`.spec.holder.namespace`,description="The namespace of the PeerNode whose identity it is"
// +kubebuilder:printcolumn:name="PeerNode",type=string,JSONPath=`.spec.holder.name`,description="The PeerNode whose identity it is"
// +kubebuilder:printcolumn:name="Peer ID",type=string,JSONPath=`.spec.peerID`,description="The name of the peer in its network"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.network + '-' + self.spec.keyType.lowerAscii() + '-' + self.spec.publicKey",message="metadata.name must be <network>-<key type>-<public key>, in lower case, because the name is the lock"
type PeerIdentityReservation struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is which identity is whose. It never changes: to give an identity to another PeerNode, delete the reservation.
	// +required
	Spec PeerIdentityReservationSpec `json:"spec"`
}

// PeerIdentityReservationList is a list of PeerIdentityReservations.
//
// +kubebuilder:object:root=true
type PeerIdentityReservationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PeerIdentityReservation `json:"items"`
}

// PeerIdentityReservationSpec is which identity is whose.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is fixed at creation; to give the identity to another PeerNode, delete the reservation"
// +kubebuilder:validation:XValidation:rule="self.publicKey.size() == (self.keyType == 'Ed25519' ? 64 : 66)",fieldPath=".publicKey",message="must have the 64 digits of an Ed25519 key, or the 66 of a compressed Secp256k1 key"
type PeerIdentityReservationSpec struct {
	// network is where the key is an identity, such as libp2p. In another network the same key is somebody else.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Network string `json:"network"`

	// keyType is the algorithm of the key.
	// +required
	KeyType IdentityType `json:"keyType"`

	// publicKey is the public key in lower-case hexadecimal digits.
	// +required
	// +kubebuilder:validation:MaxLength=66
	// +kubebuilder:validation:Pattern=`^[0-9a-f]*$`
	PublicKey string `json:"publicKey"`

	// peerID is the name of the peer in its network, which follows from the key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	PeerID string `json:"peerID"`

	// holder is the PeerNode whose identity it is. One that is deleted and made again is the same holder.
	// +required
	Holder ReservationHolder `json:"holder"`

	// epoch is which of the holder's keys it is, from 1.
	// +required
	// +kubebuilder:validation:Minimum=1
	Epoch int64 `json:"epoch"`

	// secretName is the Secret in the holder's namespace that holds the sealed key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`
}

// ReservationHolder names a PeerNode.
type ReservationHolder struct {
	// namespace of the PeerNode.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`

	// name of the PeerNode.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	Name string `json:"name"`
}
