// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// PeerNode is one peer of a peer-to-peer network: one identity, one volume and at most one running process.
// The smallest one names its software, its image and the size of its storage; everything else has a safe default.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pn,categories=peers
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the peer serves"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready, or what it waits for"
// +kubebuilder:printcolumn:name="Software",type=string,JSONPath=`.status.software`,description="The peer software"
// +kubebuilder:printcolumn:name="Storage",type=string,JSONPath=`.status.storage.capacity`,description="What the volume holds"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Peer ID",type=string,priority=1,JSONPath=`.status.identity.peerID`,description="The name of the peer in its network"
// +kubebuilder:printcolumn:name="Epoch",type=integer,priority=1,JSONPath=`.status.identity.epoch`,description="Which of its keys the peer uses"
// +kubebuilder:printcolumn:name="Peers",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="PeersResolved")].status`,description="Whether every declared peer is known"
// +kubebuilder:printcolumn:name="Certificate Until",type=string,priority=1,JSONPath=`.status.certificate.notAfter`,description="When the certificate of its API runs out"
// +kubebuilder:printcolumn:name="Endpoint",type=string,priority=1,JSONPath=`.status.endpoints.peer`,description="Where other peers reach it in the cluster"
// +kubebuilder:printcolumn:name="External",type=string,priority=1,JSONPath=`.status.endpoints.external[0].address`,description="Where the outside reaches its first port that is exposed"
// +kubebuilder:printcolumn:name="Image",type=string,priority=1,JSONPath=`.status.image`,description="The image in use"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 52 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 52 characters of lower case letters, digits and '-', begin with a letter and not end with '-', because Services and pod labels are named after it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.network) || !has(self.spec.network.peers) || self.spec.network.peers.all(p, p.name != self.metadata.name || (has(p.namespace) && p.namespace.size() > 0))",fieldPath=".spec.network.peers",message="must not list the PeerNode itself"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.bootstrap) || has(oldSelf.spec.bootstrap) && self.spec.bootstrap == oldSelf.spec.bootstrap",fieldPath=".spec.bootstrap",message="is read at creation: it cannot come later, or be changed"
// +kubebuilder:validation:XValidation:rule="has(self.spec.bootstrap) || !has(oldSelf.spec.bootstrap) || has(self.status) && has(self.status.bootstrap)",fieldPath=".spec.bootstrap",message="can be taken out once status.bootstrap says what was restored, and not before, because the peer would start without it; to do without, delete the PeerNode and create it again"
type PeerNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the peer as it should be. The operator never writes to it.
	// +required
	Spec PeerNodeSpec `json:"spec"`

	// status is the peer as the operator last saw it.
	// +optional
	Status PeerNodeStatus `json:"status,omitzero"`
}

// PeerNodeList is a list of PeerNodes.
//
// +kubebuilder:object:root=true
type PeerNodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PeerNode `json:"items"`
}

// PeerNodeSpec is the peer as it should be.
//
// +kubebuilder:validation:XValidation:rule="has(self.image) || has(self.software.p2pAgent)",fieldPath=".image",message="is required for software.custom; only software.p2pAgent has a default image"
// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.enabled) || !self.network.api.enabled || has(self.tls)",fieldPath=".tls",message="is required while network.api.enabled is true, because an API is served under TLS alone; name an issuer of cert-manager in tls.issuerRef, or a Secret in tls.secretName"
// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.enabled) || !self.network.api.enabled || !has(self.software.custom) || (has(self.edge) && has(self.edge.routes) && size(self.edge.routes) > 0)",fieldPath=".edge",message="must have routes while network.api.enabled is true, because nothing is known to be good for everybody of software.custom"
// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.gateway) || !has(self.edge) || !has(self.edge.trustedProxies)",fieldPath=".edge.trustedProxies",message="must not be set beside network.api.gateway, through which TLS passes: what a request says of its client is then written by the client"
// +kubebuilder:validation:XValidation:rule="!has(self.identity) || has(self.software.p2pAgent)",fieldPath=".identity",message="must not be set for software.custom, which keeps its own identity under its data path"
// +kubebuilder:validation:XValidation:rule="!has(self.backup) || !has(self.software.custom) || has(self.backup.exclude)",fieldPath=".backup",message="must say in exclude where software.custom keeps its own identity under its data path, because private keys have no place in a backup of data"
// +kubebuilder:validation:XValidation:rule="has(self.identity) && has(self.identity.type) ? (has(oldSelf.identity) && has(oldSelf.identity.type) ? self.identity.type == oldSelf.identity.type : self.identity.type == 'Ed25519') : !(has(oldSelf.identity) && has(oldSelf.identity.type) && oldSelf.identity.type != 'Ed25519')",fieldPath=".identity",message="type is fixed at creation; a peer with another type of key is another peer"
// +kubebuilder:validation:XValidation:rule="(has(self.identity) && has(self.identity.direct) ? self.identity.direct.recipient : 'none') == (has(oldSelf.identity) && has(oldSelf.identity.direct) ? oldSelf.identity.direct.recipient : 'none')",fieldPath=".identity",message="direct and its recipient are fixed at creation, because a key that is sealed to one recipient does not open with another"
// +kubebuilder:validation:XValidation:rule="!has(self.identity) || !has(self.identity.__import__) || (has(oldSelf.identity) && has(oldSelf.identity.__import__) && self.identity.__import__.envelope == oldSelf.identity.__import__.envelope)",fieldPath=".identity",message="import is read at creation, and can only be taken out afterwards, because the peer has a key then"
// +kubebuilder:validation:XValidation:rule="(has(self.deletionPolicy) && has(self.deletionPolicy.keys) && self.deletionPolicy.keys == 'Delete') == (has(oldSelf.deletionPolicy) && has(oldSelf.deletionPolicy.keys) && oldSelf.deletionPolicy.keys == 'Delete')",fieldPath=".deletionPolicy",message="keys is fixed at creation, because it is written into the key's Secret, which nothing may change afterwards"
// +kubebuilder:validation:XValidation:rule="!has(self.backup) || !has(self.backup.proveEvery) || !has(self.software.custom) || has(self.software.custom.dataCheck)",fieldPath=".backup",message="proveEvery needs software.custom.dataCheck, because only the software can say whether its data are good"
// +kubebuilder:validation:XValidation:rule="!has(self.bootstrap) || self.bootstrap.restore.identity == 'New' || has(self.software.p2pAgent)",fieldPath=".bootstrap",message="restore.identity must be New for software.custom, which keeps its own identity under its data path, from where no backup takes it"
// +kubebuilder:validation:XValidation:rule="!has(self.bootstrap) || self.bootstrap.restore.identity == 'Adopt' || !has(self.identity) || !has(self.identity.__import__)",fieldPath=".identity",message="import must not be set where bootstrap.restore.identity is New; Adopt takes it up"
type PeerNodeSpec struct {
	// software is the program that this peer runs. Exactly one kind, fixed at creation: data of one kind is of no
	// use to another.
	// +required
	Software PeerSoftware `json:"software"`

	// image is the container image of the peer, pinned by digest where it matters:
	// registry.example.com/peer@sha256:... . Required for custom; p2pAgent defaults to the reference agent that
	// came with the operator.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?$')",message="must be an image reference such as registry.example.com/peer@sha256:<64 hexadecimal digits> or registry.example.com/peer:v1"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z0-9]') || self.contains('@') || self.matches('^.*:[a-zA-Z0-9_][a-zA-Z0-9_.-]*$')",message="must carry a digest (@sha256:...) or at least a tag, so that a restart cannot silently change the program"
	Image string `json:"image,omitempty"`

	// imagePullSecrets names Secrets of this namespace with credentials for the image's registry.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(s, has(s.name) && s.name.size() > 0)",message="each entry must have the name of a Secret"
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// suspend stops the peer: its pod goes, its volume, keys and addresses stay. Set it back to resume.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// identity is the key by which other peers know this one.
	// +optional
	Identity *PeerIdentity `json:"identity,omitempty"`

	// storage is the volume that holds the peer's data.
	// +required
	Storage PeerStorage `json:"storage"`

	// backup has the data of the peer backed up by the calendar (docs/backups.md). Without it backups are made only when
	// somebody creates a PeerBackup.
	// +optional
	Backup *PeerNodeBackup `json:"backup,omitempty"`

	// network says who may talk to the peer and to whom it may talk. Whatever is not named here is denied, in
	// both directions, except DNS and the way to the unsealer, from which the pod gets its key.
	// +optional
	Network PeerNetwork `json:"network,omitzero"`

	// tls is the certificate under which the API is served. Without one there is no API: nothing serves it in plain.
	// +optional
	TLS *PeerTLS `json:"tls,omitempty"`

	// edge is what stands between the API and its users: open routes, rates, limits, tokens.
	// +optional
	Edge *PeerEdge `json:"edge,omitempty"`

	// deletionPolicy says what becomes of data and keys when the PeerNode is deleted.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitzero"`

	// bootstrap is with what a new peer begins, in place of an empty volume. It is read at creation, and can be taken out
	// once status.bootstrap says what was restored; it cannot be changed, or come later.
	// +optional
	Bootstrap *PeerBootstrap `json:"bootstrap,omitempty"`

	// resources are the compute resources of the peer's container. Default: requests of 100m CPU and 128Mi
	// memory, limit of 512Mi memory.
	// +optional
	Resources PeerResources `json:"resources,omitzero"`

	// fleet makes this peer one of a PeerFleet: it takes its list of peers from the fleet, and its pod may talk to
	// those of the fleet and is spread beside them. The fleet fills it in for its own peers.
	// +optional
	Fleet *FleetMembership `json:"fleet,omitempty"`

	// podTemplate is the last resort: a strategic merge patch for the peer's pod template (metadata and spec, as
	// in a Deployment's spec.template), for node selectors, tolerations, affinity or a sidecar. It cannot lift
	// the restricted pod security of the peer. While it is set the condition CustomPodTemplate is shown.
	// +optional
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`
}

// PeerSoftware is the program that a peer runs: one arm for each kind that the operator knows.
//
// +kubebuilder:validation:ExactlyOneOf=p2pAgent;custom
// +kubebuilder:validation:XValidation:rule="has(self.p2pAgent) == has(oldSelf.p2pAgent)",message="the kind of software is fixed at creation; make another PeerNode for another kind"
type PeerSoftware struct {
	// p2pAgent is an agent that keeps the written p2p-agent contract, by default the reference agent.
	// +optional
	P2PAgent *P2PAgentSoftware `json:"p2pAgent,omitempty"`

	// custom is any other peer program, described by its command, ports, files, data path and probes.
	// +optional
	Custom *CustomSoftware `json:"custom,omitempty"`
}

// IdentityType is an algorithm of identity keys.
//
// +kubebuilder:validation:Enum=Ed25519;Secp256k1
type IdentityType string

// The algorithms of identity keys.
const (
	IdentityEd25519   IdentityType = "Ed25519"
	IdentitySecp256k1 IdentityType = "Secp256k1"
)

// PeerIdentity is the key by which other peers know this one.
//
// +kubebuilder:validation:XValidation:rule="!has(self.rotation) || !has(self.expectedPublicKey)",fieldPath=".rotation",message="must not be set beside expectedPublicKey, which keeps the peer at one key"
// +kubebuilder:validation:XValidation:rule="!has(self.expectedPublicKey) || self.expectedPublicKey.startsWith('CAISI') == (has(self.type) && self.type == 'Secp256k1')",fieldPath=".expectedPublicKey",message="must be a key of the type in type: one of Ed25519 begins with CAESI, one of Secp256k1 with CAISI"
// +kubebuilder:validation:XValidation:rule="!has(self.backup) || (has(self.recoveryRecipients) && size(self.recoveryRecipients) > 0)",fieldPath=".backup",message="needs recoveryRecipients, because without them nobody could open the copies once the cluster is lost"
type PeerIdentity struct {
	// type is the algorithm of the key, Ed25519 (default) or Secp256k1; fixed at creation.
	// +optional
	Type IdentityType `json:"type,omitempty"`

	// expectedPublicKey is the public key that the peer has to hold, as status.identity.publicKey shows it. With any
	// other key, wherever it came from, it does not start. The template of a fleet has none, because each of its
	// peers has a key of its own. To set or change it restarts the peer.
	// +optional
	// +kubebuilder:validation:MaxLength=52
	// +kubebuilder:validation:Pattern=`^(CAESI[A-Za-z0-9+/]{43}|CAISI[A-Za-z0-9+/]{45}==)$`
	ExpectedPublicKey string `json:"expectedPublicKey,omitempty"`

	// recoveryRecipients are public keys of age, age1pq1... (hybrid, post-quantum) or age1... (X25519), of people who keep
	// the private ones offline. The key is sealed to each of them when it is made, so that it can be had back without the
	// cluster; without any, a lost sealing key is a lost peer. A change holds for keys that are made from then on.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:Pattern=`^age1(pq1)?[02-9ac-hj-np-z]+$`
	RecoveryRecipients []string `json:"recoveryRecipients,omitempty"`

	// direct lets the peer's pod open the key by itself, with a private key of age from a mounted file, where the
	// unsealer cannot be used. The unsealer then knows nothing of the key and guards nothing: whoever has that private
	// key has the key of the peer. Fixed at creation, but for where the private key comes from.
	// +optional
	Direct *DirectOpening `json:"direct,omitempty"`

	// import brings along a key that was made before the PeerNode, sealed, in place of having one made. It is read until
	// the peer has a key, and may be taken out afterwards; it cannot be changed, or come later.
	// +optional
	Import *KeyImport `json:"import,omitempty"`

	// backup has copies of the sealed keys put into buckets, so that recoveryRecipients can have them back when the cluster
	// is lost.
	// +optional
	Backup *KeyBackup `json:"backup,omitempty"`

	// rotation says when and how the peer changes its key. Without it the key changes only when somebody asks for it by
	// annotation (docs/rotation.md). Each change replaces the pod once.
	// +optional
	Rotation *KeyRotation `json:"rotation,omitempty"`
}

// KeyRotation says when and how a peer changes its key.
//
// +kubebuilder:validation:XValidation:rule="!has(self.every) || duration(self.every) > duration(has(self.overlap) ? self.overlap : '168h')",fieldPath=".every",message="must be longer than overlap, which is 168h where it is not set, because at most two keys are accepted at a time"
// +kubebuilder:validation:XValidation:rule="!has(self.every) || !has(self.schedule)",fieldPath=".schedule",message="must not be set beside every, which says another time"
// +kubebuilder:validation:XValidation:rule="!has(self.timeZone) || has(self.schedule)",fieldPath=".timeZone",message="is that of schedule, which is not set"
type KeyRotation struct {
	// every is how long a key is used before the next is made, such as 720h, plus up to a tenth of it, so that peers do not
	// change their keys together. Without it, and without schedule, keys are made only when asked for.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="must be at least 1h and at most 87600h"
	Every Period `json:"every,omitempty"`

	// schedule is when the next key is made, a line of cron such as "0 3 1 */3 *" for three o'clock on the first of every
	// third month, plus up to an hour, so that peers do not change their keys together. A key that is due while the one of
	// before is still let in waits until that is over. The minute is a number, so keys change once an hour at most.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-5]?[0-9]( [0-9A-Za-z*,/-]+){4}$`
	Schedule string `json:"schedule,omitempty"`

	// timeZone is the zone in which schedule is meant, such as Europe/Zurich; UTC when empty.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`

	// overlap is how long the key of before is still let in by the peers that declare this one, default 168h. Peers that
	// other people run have to learn of the new one in this time.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8760h')",message="must be at most 8760h"
	Overlap Period `json:"overlap,omitempty"`

	// approval is Auto or Manual. Unless it is Manual the peer changes to a new key when the others know it; otherwise it
	// waits until the annotation peernode.dev/approve-key names the epoch of the new key.
	// +optional
	// +kubebuilder:validation:Enum=Auto;Manual
	Approval KeyApproval `json:"approval,omitempty"`

	// keepPrevious is how many of the keys that the peer had before keep their Secret once they are revoked, the latest of
	// them; 0 keeps none. Without it all are kept. What is older is deleted by the janitor, a program of its own that has to
	// be installed (docs/rotation.md), and is lost unless you have a copy. The reservations of all keys stay.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	KeepPrevious *int32 `json:"keepPrevious,omitempty"`
}

// Period is a length of time such as 720h or 90s.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,4}m)?([0-9]{1,4}s)?$`
type Period string

// KeyApproval says whether somebody has to approve of a new key before the peer uses it.
type KeyApproval string

// The kinds of approval.
const (
	ApprovalAuto   KeyApproval = "Auto"
	ApprovalManual KeyApproval = "Manual"
)

// No rule on a size makes a quantity of a text with an exponent: with one such as 1e99999999 the API server would
// calculate for hours.

// PeerStorage is the volume that holds the peer's data.
//
// +kubebuilder:validation:XValidation:rule="string(self.size).lowerAscii().contains('e') || quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",fieldPath=".size",message="may grow but never shrink; to move to a smaller volume make another PeerNode"
// +kubebuilder:validation:XValidation:rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="is fixed at creation, as it is for a PersistentVolumeClaim"
// +kubebuilder:validation:XValidation:rule="(has(self.accessMode) ? self.accessMode : 'ReadWriteOncePod') == (has(oldSelf.accessMode) ? oldSelf.accessMode : 'ReadWriteOncePod')",fieldPath=".accessMode",message="is fixed at creation, as it is for a PersistentVolumeClaim"
type PeerStorage struct {
	// size of the volume, such as 20Gi. It can be raised later where the storage class allows it, never lowered.
	// +required
	// +kubebuilder:validation:XValidation:rule="string(self).lowerAscii().contains('e') || quantity(string(self)).compareTo(quantity('1Mi')) >= 0",message="must be at least 1Mi"
	// +kubebuilder:validation:XValidation:rule="!string(self).lowerAscii().contains('e') && quantity(string(self)).compareTo(quantity('64Ti')) <= 0",message="must be at most 64Ti, and written without an exponent"
	Size resource.Quantity `json:"size"`

	// storageClassName is the StorageClass of the volume; the cluster's default class when not set. Fixed at creation.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	StorageClassName *string `json:"storageClassName,omitempty"`

	// accessMode is ReadWriteOncePod (default: no second pod can ever mount the data) or ReadWriteOnce, for
	// storage that does not know the former. Fixed at creation.
	// +optional
	// +kubebuilder:validation:Enum=ReadWriteOncePod;ReadWriteOnce
	AccessMode corev1.PersistentVolumeAccessMode `json:"accessMode,omitempty"`
}

// PeerResources are the compute resources of the peer's container.
//
// +kubebuilder:validation:XValidation:rule="!has(self.requests) || !has(self.limits) || ['cpu', 'memory'].all(name, !(name in self.requests) || !(name in self.limits) || [self.requests[name], self.limits[name]].exists(amount, string(amount).lowerAscii().contains('e')) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",fieldPath=".requests",message="of cpu and memory must not exceed their limits"
type PeerResources struct {
	// requests is what the scheduler sets aside for the peer.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule="self.all(name, !string(self[name]).lowerAscii().contains('e'))",message="must be written without exponents, such as 500m or 2Gi"
	Requests corev1.ResourceList `json:"requests,omitempty"`

	// limits is what the peer can never exceed.
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule="self.all(name, !string(self[name]).lowerAscii().contains('e'))",message="must be written without exponents, such as 500m or 2Gi"
	Limits corev1.ResourceList `json:"limits,omitempty"`
}

// RetentionPolicy says what becomes of something when its PeerNode is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type RetentionPolicy string

// The retention policies.
const (
	RetentionRetain RetentionPolicy = "Retain"
	RetentionDelete RetentionPolicy = "Delete"
)

// DeletionPolicy says what becomes of data and keys when the PeerNode is deleted.
//
// +kubebuilder:validation:XValidation:rule="!has(self.keys) || self.keys != 'Delete' || has(self.data) && self.data == 'Delete'",fieldPath=".data",message="must be Delete where keys is Delete: a volume that outlives its key would be taken up by another identity"
type DeletionPolicy struct {
	// data is Retain (default: the volume stays and is taken up again by a PeerNode of the same name) or Delete.
	// What counts is the value at the moment of deletion.
	// +optional
	Data RetentionPolicy `json:"data,omitempty"`

	// keys is Retain (default: the key's Secret stays and is taken up again by a PeerNode of the same name) or
	// Delete, which needs data to be Delete as well. Fixed at creation.
	// +optional
	Keys RetentionPolicy `json:"keys,omitempty"`
}
