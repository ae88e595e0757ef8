// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PeerBackupStore is a bucket of S3, or of another service with the same interface, in which peers of its namespace keep
// copies. Whatever is put there is sealed before, and nothing that is there is ever changed or removed by a peer. Whether it
// does what is wanted of it is checked again and again (docs/backup-stores.md).
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pbs,categories=peers
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`,description="Where the service is"
// +kubebuilder:printcolumn:name="Bucket",type=string,JSONPath=`.spec.bucket`,description="The bucket"
// +kubebuilder:printcolumn:name="Prefix",type=string,JSONPath=`.spec.prefix`,priority=1,description="The folder in the bucket"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the last check found the store as the spec wants it"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready, or is not"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="What that means, and what to do"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name must be at most 63 characters, because labels hold it"
type PeerBackupStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is where the bucket is, and how it is reached.
	// +required
	Spec PeerBackupStoreSpec `json:"spec"`

	// status is what the last checks have found.
	// +optional
	Status PeerBackupStoreStatus `json:"status,omitempty"`
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
//
// +kubebuilder:validation:XValidation:rule="!has(self.retention) || self.retention.credentials.secretName != self.credentials.secretName",fieldPath=".retention.credentials.secretName",message="must be another Secret than that of the store's own credentials, because who writes backups must not be able to remove any"
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
	// should have s3:GetObject, so that what was put can be read back; for backups of data, to which recipients belong, also
	// s3:AbortMultipartUpload under prefix, and s3:ListBucket. Not more (docs/backup-stores.md).
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

	// recipients are public keys of age, age1pq1... (hybrid, post-quantum) or age1... (X25519), all of one of these families,
	// to whom backups of data are sealed. Their private halves stay offline, with people: neither the cluster nor the store
	// ever has one, and without one nobody can read a backup. A change holds for backups that are made from then on. Copies
	// of keys go by spec.identity.recoveryRecipients of their PeerNode.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:Pattern=`^age1(pq1)?[02-9ac-hj-np-z]+$`
	// +kubebuilder:validation:XValidation:rule="self.all(r, r.startsWith('age1pq1')) || !self.exists(r, r.startsWith('age1pq1'))",message="must be all hybrid (age1pq1...) or all X25519 (age1...), because age seals no file to both"
	Recipients []string `json:"recipients,omitempty"`

	// serverSideEncryption has the store itself encrypt what is put there, which is sealed by then anyway. Default: what the
	// bucket is set to.
	// +optional
	ServerSideEncryption *ServerSideEncryption `json:"serverSideEncryption,omitempty"`

	// objectLock is what the bucket's default retention has to be at least. It is checked, and not set: that is for who owns
	// the bucket. The credentials then need s3:GetBucketObjectLockConfiguration on the bucket.
	// +optional
	ObjectLock *BackupStoreLock `json:"objectLock,omitempty"`

	// checkEvery is how often the store is checked, default 1h. A check that fails is made again after five minutes.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('5m') && duration(self) <= duration('168h')",message="must be at least 5m and at most 168h"
	CheckEvery Period `json:"checkEvery,omitempty"`

	// retention has old backups removed from the bucket, by a user of the store whose credentials no peer has. Default: nothing
	// is removed.
	// +optional
	Retention *BackupRetention `json:"retention,omitempty"`
}

// BackupRetention is which backups are kept. One goes when the store has had it for longer than keepFor, and it is not among
// the newest; what it shares with backups that stay, stays.
type BackupRetention struct {
	// keepFor is how long each backup is kept, by the clock of the store, such as 720h. At least 192h, since a backup that
	// is being made may go on from one of a week ago.
	// +required
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('192h')",message="must be at least 192h, because a backup that is being made may go on from one of a week ago"
	KeepFor Period `json:"keepFor"`

	// keepLast is how many of the newest backups of each peer are kept, however old they are. Default 3.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	KeepLast int32 `json:"keepLast,omitempty"`

	// every is how often old backups are removed. Default 24h. A run that fails is made again after an hour.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('168h')",message="must be at least 1h and at most 168h"
	Every Period `json:"every,omitempty"`

	// credentials is the Secret with the access key of a user who may list, read and delete what is under prefix/backups, and not
	// write there (docs/backup-stores.md). The pod of the Job that removes old backups mounts it, and no other.
	// +required
	Credentials BackupStoreCredentials `json:"credentials"`

	// trust are public keys by which records of backups are known, as status.record.signedBy of a PeerBackup says, NAMESPACE/NAME+HASH+KEY.
	// Each says whose backups it knows, also in other namespaces. Those of the PeerBackups of this store count in any case. Of a
	// peer of whom no key is known nothing is removed.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	Trust []RecordKey `json:"trust,omitempty"`
}

// RecordKey is a public key that knows the records of a peer.
//
// +kubebuilder:validation:MaxLength=400
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z]([-a-z0-9]*[a-z0-9])?\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$`
type RecordKey string

// ServerSideEncryption is how a store encrypts what it keeps.
//
// +kubebuilder:validation:XValidation:rule="!has(self.kmsKeyID) || self.mode == 'KMS'",fieldPath=".kmsKeyID",message="goes with mode KMS alone"
type ServerSideEncryption struct {
	// mode is AES256, with keys of the store, or KMS, with a key of its key service.
	// +required
	// +kubebuilder:validation:Enum=AES256;KMS
	Mode EncryptionMode `json:"mode"`

	// kmsKeyID is the key in the store's key service, by its ID or ARN. Default: the one that the service has for the bucket.
	// The credentials then need kms:GenerateDataKey, and kms:Decrypt to read.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9:/_+=,.@-]+$`
	KMSKeyID string `json:"kmsKeyID,omitempty"`
}

// EncryptionMode says with whose keys a store encrypts.
type EncryptionMode string

// The ways in which a store encrypts.
const (
	EncryptionAES256 EncryptionMode = "AES256"
	EncryptionKMS    EncryptionMode = "KMS"
)

// BackupStoreLock is for how long a bucket keeps what is put there from being changed or removed.
type BackupStoreLock struct {
	// mode is Governance, which some users of the store may lift, or Compliance, which nobody can.
	// +required
	// +kubebuilder:validation:Enum=Governance;Compliance
	Mode LockMode `json:"mode"`

	// period is how long, such as 720h.
	// +required
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('24h')",message="must be at least 24h, because buckets count it in days"
	Period Period `json:"period"`
}

// LockMode is how firmly a bucket keeps what is put there.
type LockMode string

// The modes of Object Lock.
const (
	LockGovernance LockMode = "Governance"
	LockCompliance LockMode = "Compliance"
)

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
