// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PeerBackupStore is a bucket of S3, or of another service with the same interface, in which peers of its namespace keep
// copies. Whatever is put there is sealed before, and nothing that is there is ever changed or removed by a peer.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=pbs,categories=peers
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`,description="Where the service is"
// +kubebuilder:printcolumn:name="Bucket",type=string,JSONPath=`.spec.bucket`,description="The bucket"
// +kubebuilder:printcolumn:name="Prefix",type=string,JSONPath=`.spec.prefix`,description="The folder in the bucket"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name must be at most 63 characters, because labels hold it"
type PeerBackupStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is where the bucket is, and how it is reached.
	// +required
	Spec PeerBackupStoreSpec `json:"spec"`
}

// PeerBackupStoreList is a list of PeerBackupStores.
//
// +kubebuilder:object:root=true
type PeerBackupStoreList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PeerBackupStore `json:"items"`
}

// PeerBackupStoreSpec is where a bucket is, and how it is reached.
type PeerBackupStoreSpec struct {
	// endpoint is the address of the service, such as https://s3.eu-central-1.amazonaws.com or https://s3.example.com:9000.
	// +required
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:Pattern=`^https://[A-Za-z0-9.:\[\]-]+$`
	// +kubebuilder:validation:XValidation:rule="isURL(self)",message="must be https:// and the name or address of a host, with a port where it is not 443, and nothing behind it"
	Endpoint string `json:"endpoint"`

	// region is the one for which requests are signed. Default us-east-1, which services other than Amazon's mostly take.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Region string `json:"region,omitempty"`

	// bucket is the name of the bucket, which has to exist.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`
	Bucket string `json:"bucket"`

	// prefix is the folder in the bucket under which everything is put, such as clusters/eu-1. Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`
	// +kubebuilder:validation:XValidation:rule="self.split('/').all(part, part != '.' && part != '..')",message="must have no part that is . or .."
	Prefix string `json:"prefix,omitempty"`

	// addressing says where requests name the bucket: Path (default), as in https://host/bucket, or VirtualHost, as in
	// https://bucket.host.
	// +optional
	// +kubebuilder:validation:Enum=Path;VirtualHost
	Addressing BucketAddressing `json:"addressing,omitempty"`

	// credentials is the Secret with the access key. Its user needs the right to put objects under prefix, s3:PutObject, and
	// should have s3:GetObject, so that what was put can be read back; not more.
	// +required
	Credentials BackupStoreCredentials `json:"credentials"`

	// ca is a ConfigMap with the certificates, in PEM, of the authorities that vouch for the endpoint, and no others do
	// then. Default: those that the public trusts.
	// +optional
	CA *CertificateAuthorities `json:"ca,omitempty"`

	// allowTo are the addresses behind endpoint to which the firewall of the Jobs that use the store is opened, on all
	// ports. Default: the address in endpoint, or any address where endpoint has a name, on the port in endpoint.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	AllowTo []NetworkPeer `json:"allowTo,omitempty"`
}

// BucketAddressing says where requests name a bucket.
type BucketAddressing string

// The ways of addressing a bucket.
const (
	AddressingPath        BucketAddressing = "Path"
	AddressingVirtualHost BucketAddressing = "VirtualHost"
)

// BackupStoreCredentials is a Secret with an access key.
type BackupStoreCredentials struct {
	// secretName is the Secret, in the namespace of the store. It has accessKeyID and secretAccessKey, and may have
	// sessionToken. The operator does not read it; the pods of Jobs mount it.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName"`
}

// BackupStoreReference names a PeerBackupStore of the same namespace.
type BackupStoreReference struct {
	// name of the PeerBackupStore.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name"`
}
