// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DirectOpening is how the pod of a peer opens its key by itself.
//
// +kubebuilder:validation:ExactlyOneOf=secret;csi
type DirectOpening struct {
	// recipient is the public key of age, age1pq1... (hybrid, post-quantum) or age1... (X25519), to which the peer's key
	// is sealed in place of the unsealer's; fixed at creation.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^age1(pq1)?[02-9ac-hj-np-z]+$`
	Recipient string `json:"recipient"`

	// secret has the private key of recipient. Whoever reads etcd, its backups or the Secrets of the namespace then has
	// the peer's key too, so the condition IdentityInEtcd is shown. The last resort.
	// +optional
	Secret *DirectSecret `json:"secret,omitempty"`

	// csi is a volume of a CSI driver that brings the private key of recipient from a store outside of the cluster.
	// +optional
	CSI *DirectCSI `json:"csi,omitempty"`
}

// DirectSecret is a Secret with a private key of age.
type DirectSecret struct {
	// name of the Secret, in the namespace of the peer.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name"`

	// key is the one in the Secret's data under which the private key lies. Default identity.age.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[_a-zA-Z0-9-][._a-zA-Z0-9-]*$`
	Key string `json:"key,omitempty"`
}

// DirectCSI is an ephemeral volume of a CSI driver with a private key of age in one of its files. It is mounted
// read-only.
type DirectCSI struct {
	// driver is the name of the CSI driver, such as secrets-store.csi.k8s.io.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Driver string `json:"driver"`

	// volumeAttributes are what the driver asks for, such as secretProviderClass.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.size() >= 1 && name.size() <= 253)",message="must have names of 1 to 253 characters"
	VolumeAttributes map[string]VolumeAttribute `json:"volumeAttributes,omitempty"`

	// nodePublishSecretName is a Secret of this namespace with what the driver needs to reach its store.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	NodePublishSecretName string `json:"nodePublishSecretName,omitempty"`

	// file is the path of the private key in the volume, such as identity.age or keys/identity.age.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[_a-zA-Z0-9-][._a-zA-Z0-9-]*(/[_a-zA-Z0-9-][._a-zA-Z0-9-]*)*$`
	File string `json:"file"`
}

// VolumeAttribute is one thing that a CSI driver asks for.
//
// +kubebuilder:validation:MaxLength=4096
type VolumeAttribute string
