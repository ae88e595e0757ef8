// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a PeerNode. This file is the manual of status: every type and every reason that a person
// or a program can meet is here, with what it asks of them.
const (
	// ConditionReady is True while the peer serves, by its software's own judgement.
	ConditionReady = "Ready"

	// ConditionReconciling is True while the operator works or waits towards the spec (kstatus).
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when only a person can help; nothing that runs is touched meanwhile (kstatus).
	ConditionStalled = "Stalled"

	// ConditionIdentityBound is True once the running software has proven which key it holds.
	ConditionIdentityBound = "IdentityBound"

	// ConditionIdentityInEtcd is True while a Secret holds the private key that opens the peer's own, so that whoever
	// reads etcd, its backups or the Secrets of the namespace has the key. Shown only then.
	ConditionIdentityInEtcd = "IdentityInEtcd"

	// ConditionKeyRotated is False while a new key is on its way, and says what that waits for; otherwise it says when the
	// next is due. Shown while keys rotate by schedule, and while one is on its way.
	ConditionKeyRotated = "KeyRotated"

	// ConditionKeyBackedUp is True while each store of spec.identity.backup has a copy of the latest sealed key. A peer runs
	// without it. Shown only while stores are named.
	ConditionKeyBackedUp = "KeyBackedUp"

	// ConditionRestored is True once the volume was filled from the backup that spec.bootstrap names; the software is not started
	// before. Shown only of a peer that begins with one.
	ConditionRestored = "Restored"

	// ConditionStorageReady is True while the volume is bound and as large as asked for.
	ConditionStorageReady = "StorageReady"

	// ConditionBackupHealthy is True while the newest backup that was read back is as new as spec.backup.schedule wants it to be,
	// whatever came of the last run. It is Unknown before the first. A peer runs without it. Shown only while spec.backup is set.
	ConditionBackupHealthy = "BackupHealthy"

	// ConditionCertificateReady is True while the API of the peer has a certificate that holds. The peer protocol does not
	// need one. Shown only while the API is enabled.
	ConditionCertificateReady = "CertificateReady"

	// ConditionPeersResolved is True when every declared peer exists, is known by its identity, and declares this
	// one in return. Shown only while peers are declared.
	ConditionPeersResolved = "PeersResolved"

	// ConditionNetworkPolicyEnforced is True while the cluster's network plugin was seen to enforce NetworkPolicies, without
	// which the peer's own limits nothing. It is Unknown while nobody has found out. A peer runs whatever it says.
	ConditionNetworkPolicyEnforced = "NetworkPolicyEnforced"

	// ConditionExposed is True while the outside can be told where to reach the ports of the peer protocol, and is let in.
	// A peer runs without it. Shown only while spec.network.peer.exposure asks for something.
	ConditionExposed = "Exposed"

	// ConditionAPIExposed is True while users outside of the cluster can be told where to reach the API, and are let in. A
	// peer runs without it. Shown only while spec.network.api asks for something by exposure, ingress or gateway.
	ConditionAPIExposed = "APIExposed"

	// ConditionCustomPodTemplate is True while spec.podTemplate changes the pod that the operator would build.
	ConditionCustomPodTemplate = "CustomPodTemplate"
)

// Reasons of Ready, Reconciling and Stalled. A wait says what it waits for; a refusal says what is wrong.
const (
	// ReasonServing: the peer runs and its software reports that it serves.
	ReasonServing = "Serving"
	// ReasonSuspended: the peer was stopped by spec.suspend; volume and keys stay.
	ReasonSuspended = "Suspended"
	// ReasonBackingUp: the peer is kept stopped while its data are copied, and started after that.
	ReasonBackingUp = "BackingUp"
	// ReasonSettled: nothing is left to do.
	ReasonSettled = "Settled"

	// ReasonWaitingForPod: the pod is being created, started, or its readiness probe does not succeed yet.
	ReasonWaitingForPod = "WaitingForPod"
	// ReasonWaitingForPodGone: the pod is stopping.
	ReasonWaitingForPodGone = "WaitingForPodGone"
	// ReasonWaitingForRevision: the pod of the previous revision has to be replaced first.
	ReasonWaitingForRevision = "WaitingForRevision"
	// ReasonWaitingForVolume: the volume is not bound yet.
	ReasonWaitingForVolume = "WaitingForVolume"
	// ReasonWaitingForResize: the volume is growing.
	ReasonWaitingForResize = "WaitingForResize"
	// ReasonWaitingForPreviousPeerNode: objects of a deleted PeerNode of the same name are still going away.
	ReasonWaitingForPreviousPeerNode = "WaitingForPreviousPeerNode"
	// ReasonWaitingForNode: no node can take the pod; the message is the scheduler's.
	ReasonWaitingForNode = "WaitingForNode"
	// ReasonWaitingForLostNode: the pod is on a node that does not answer, and is not deleted by force, because two
	// processes could then hold one identity. It goes on when the node returns, or when a person says that it never
	// will: by deleting the Node object, or by the taint node.kubernetes.io/out-of-service.
	ReasonWaitingForLostNode = "WaitingForLostNode"
	// ReasonWaitingForKey: the Job that makes the peer's key has not ended yet.
	ReasonWaitingForKey = "WaitingForKey"
	// ReasonWaitingForAdoptedKey: spec.bootstrap has the peer go on with the key that it had, and that is not there yet. No other
	// is made.
	ReasonWaitingForAdoptedKey = "WaitingForAdoptedKey"
	// ReasonWaitingForBackup: the PeerBackup with which the peer is to begin does not exist, or has no record yet.
	ReasonWaitingForBackup = "WaitingForBackup"
	// ReasonWaitingForStore: of a PeerNode, there is no PeerBackupStore with the backup with which it is to begin. Of a
	// PeerBackup, there is none of that name, it names no recipients, or it is not ready.
	ReasonWaitingForStore = "WaitingForStore"
	// ReasonRestoring: the Job that fills the volume from a backup is at work; the peer is started after that.
	ReasonRestoring = "Restoring"
	// ReasonWaitingForReservation: the reservation of the peer's identity was deleted before this PeerNode was made, and is
	// let go once no pod can run with it.
	ReasonWaitingForReservation = "WaitingForReservation"
	// ReasonWaitingForUnsealer: the unsealer has not published its sealing key, or has not opened the peer's key yet. A
	// peer that runs does without it.
	ReasonWaitingForUnsealer = "WaitingForUnsealer"
	// ReasonWaitingForOpener: the private key with which the pod opens the peer's key by itself, as spec.identity.direct
	// says, cannot be had yet. The message says what is missing.
	ReasonWaitingForOpener = "WaitingForOpener"
	// ReasonWaitingForCertificate: the edge has no certificate yet under which it could serve the API; the peer runs
	// meanwhile.
	ReasonWaitingForCertificate = "WaitingForCertificate"
	// ReasonWaitingForImage: the image cannot be pulled; the message is the kubelet's.
	ReasonWaitingForImage = "WaitingForImage"
	// ReasonWaitingForFleet: the pod is to be replaced, and the fleet of the peer has not let it yet.
	ReasonWaitingForFleet = "WaitingForFleet"
	// ReasonCrashLooping: the peer's process ends again and again; its last message is shown.
	ReasonCrashLooping = "CrashLooping"
	// ReasonRetrying: a request to the API server failed and is tried again.
	ReasonRetrying = "Retrying"

	// ReasonForeignObject: an object with the name that the operator needs belongs to someone else. Rename or
	// remove it, or give the PeerNode another name.
	ReasonForeignObject = "ForeignObject"
	// ReasonInvalidPodTemplate: spec.podTemplate is not a patch of a pod template, or lifts a safeguard.
	ReasonInvalidPodTemplate = "InvalidPodTemplate"
	// ReasonNoImage: neither the spec nor the operator names an image.
	ReasonNoImage = "NoImage"
	// ReasonFilesTooLarge: the files of the peer, among them its list of peers, are more than a ConfigMap holds.
	ReasonFilesTooLarge = "FilesTooLarge"
	// ReasonInvalidSoftware: the software's part of the spec contradicts itself.
	ReasonInvalidSoftware = "InvalidSoftware"
	// ReasonInvalidEdge: the edge cannot serve the API of the software as spec.edge and spec.tls ask; the message says why.
	ReasonInvalidEdge = "InvalidEdge"
	// ReasonNoTLS: the API is enabled without spec.tls, as an older operator let it be.
	ReasonNoTLS = "NoTLS"
	// ReasonObjectRefused: the API server refuses an object that the spec leads to; the message is the server's.
	ReasonObjectRefused = "ObjectRefused"
	// ReasonIdentityRefused: the software refuses its key; the message is the software's.
	ReasonIdentityRefused = "IdentityRefused"
	// ReasonUnsealRefused: the unsealer does not open the peer's key for its pod, or the pod cannot open it by itself; the
	// message is the unsealer's, or the pod's.
	ReasonUnsealRefused = "UnsealRefused"
	// ReasonKeyJobFailed: the Job that makes the peer's key failed. Delete the Job to have it tried again.
	ReasonKeyJobFailed = "KeyJobFailed"
	// ReasonKeyNotSealed: the key on record lies in plaintext, as an older operator left it. Nothing is touched until it
	// is sealed (docs/keys.md).
	ReasonKeyNotSealed = "KeyNotSealed"
	// ReasonInvalidRecipient: spec.identity.direct.recipient, or one of spec.identity.recoveryRecipients, is no public key
	// of age.
	ReasonInvalidRecipient = "InvalidRecipient"
	// ReasonImportRefused: the key in spec.identity.import cannot be that of the peer; the message says why.
	ReasonImportRefused = "ImportRefused"
	// ReasonNoCompanion: the operator was started without the image of peer-companion, which makes and unseals keys.
	ReasonNoCompanion = "NoCompanion"
	// ReasonIdentityTaken: another PeerNode of the cluster holds the identity, as a PeerIdentityReservation says. What runs
	// is left alone, and no pod gets the key (docs/identities.md).
	ReasonIdentityTaken = "IdentityTaken"
	// ReasonIdentityUnknown: there is a Secret for the peer's key, which the operator cannot read, and nothing says whose
	// identity it is. Set spec.identity.expectedPublicKey.
	ReasonIdentityUnknown = "IdentityUnknown"
	// ReasonIdentityMissing: the Secret that is recorded as the peer's key is gone. Restore it; no new key is made.
	ReasonIdentityMissing = "IdentityMissing"
	// ReasonIdentityNotNew: spec.bootstrap asks for a new identity, and there is a key of an earlier PeerNode of this name.
	ReasonIdentityNotNew = "IdentityNotNew"
	// ReasonRestoreFailed: the Job could not fill the volume from the backup; the message is its own, and the peer is not
	// started. It is tried again an hour after its end, or when the Job is deleted.
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonVolumeLost: the claim lost its volume.
	ReasonVolumeLost = "VolumeLost"
)

// Reasons of the other conditions.
const (
	// ReasonKeyProven: the software derived the peer ID from the key.
	ReasonKeyProven = "KeyProven"
	// ReasonKeyCreated: the key exists, no process has shown yet that it can use it.
	ReasonKeyCreated = "KeyCreated"
	// ReasonOpenerInSecret: spec.identity.direct.secret is in effect.
	ReasonOpenerInSecret = "OpenerInSecret"
	// ReasonKeyOnSchedule: one key is accepted, and the next is not due yet.
	ReasonKeyOnSchedule = "KeyOnSchedule"
	// ReasonWaitingForNextKey: the next key is being made, while the peer runs with the one that it has.
	ReasonWaitingForNextKey = "WaitingForNextKey"
	// ReasonWaitingForPropagation: the next key is stored, and the peers that declare this one learn of it.
	ReasonWaitingForPropagation = "WaitingForPropagation"
	// ReasonWaitingForApproval: the next key is known, and somebody has to approve of the switch.
	ReasonWaitingForApproval = "WaitingForApproval"
	// ReasonWaitingForHold: the next key is known, and the peer must not be restarted now.
	ReasonWaitingForHold = "WaitingForHold"
	// ReasonWaitingForProof: the process that runs has not shown yet that it holds the active key.
	ReasonWaitingForProof = "WaitingForProof"
	// ReasonOverlapping: the peer has another key, and the one of before is still let in.
	ReasonOverlapping = "Overlapping"
	// ReasonInvalidSchedule: spec.identity.rotation, or spec.backup, has a schedule or a timeZone that says no time.
	ReasonInvalidSchedule = "InvalidSchedule"
	// ReasonKeyPinned: a new key is asked for, and spec.identity.expectedPublicKey keeps the peer at its own.
	ReasonKeyPinned = "KeyPinned"
	// ReasonKeyCompromised: somebody else may have the active key. It is not handed out any more; the next one is used as
	// soon as it is made.
	ReasonKeyCompromised = "KeyCompromised"
	// ReasonKeyCopied: each store has a copy of the latest key. The message says where they could not be read back.
	ReasonKeyCopied = "KeyCopied"
	// ReasonWaitingForKeyCopy: a Job is putting a copy of the key into a store.
	ReasonWaitingForKeyCopy = "WaitingForKeyCopy"
	// ReasonKeyCopyFailed: a Job could not put a copy of the key into a store; the message is its own. It is tried again.
	ReasonKeyCopyFailed = "KeyCopyFailed"
	// ReasonWaitingForFirstBackup: no backup of this PeerNode is in the store yet, and none should be.
	ReasonWaitingForFirstBackup = "WaitingForFirstBackup"
	// ReasonBackupRecent: the newest good backup is as new as spec.backup.schedule wants it to be.
	ReasonBackupRecent = "BackupRecent"
	// ReasonBackupOverdue: a backup was due, has had its time, and did not come to a good end.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonStoreMissing: a PeerBackupStore that spec.identity.backup names does not exist.
	ReasonStoreMissing = "StoreMissing"
	// ReasonRestored: the volume was filled from a backup, which status.bootstrap names.
	ReasonRestored = "Restored"
	// ReasonCertificateIssued: cert-manager keeps the certificate, and it holds.
	ReasonCertificateIssued = "CertificateIssued"
	// ReasonCertificateProvided: the edge serves under the certificate in spec.tls.secretName, of which the operator sees no more.
	ReasonCertificateProvided = "CertificateProvided"
	// ReasonCertificateRefused: the certificate was asked for, and was not given; the message is cert-manager's.
	ReasonCertificateRefused = "CertificateRefused"
	// ReasonCertificateExpired: the certificate has run out, and clients refuse it. The edge goes on with it until it is renewed.
	ReasonCertificateExpired = "CertificateExpired"
	// ReasonRenewalFailing: the certificate holds, and could not be renewed; the message is cert-manager's.
	ReasonRenewalFailing = "RenewalFailing"
	// ReasonCertManagerMissing: spec.tls.issuerRef is set, and the cluster has no cert-manager. It is taken up once it has.
	ReasonCertManagerMissing = "CertManagerMissing"
	// ReasonBound: the volume is bound.
	ReasonBound = "Bound"
	// ReasonLargerThanAsked: the volume that was taken up again is larger than spec.storage.size; it is kept.
	ReasonLargerThanAsked = "LargerThanAsked"
	// ReasonAllKnown: every declared peer is known.
	ReasonAllKnown = "AllKnown"
	// ReasonPeerMissing: a declared PeerNode or PeerFleet does not exist.
	ReasonPeerMissing = "PeerMissing"
	// ReasonPeerNotWatched: a declared PeerNode or PeerFleet is in a namespace in which the operator does not work.
	ReasonPeerNotWatched = "PeerNotWatched"
	// ReasonPeerUnknown: a declared PeerNode, or one of a declared PeerFleet, has not shown its identity yet.
	ReasonPeerUnknown = "PeerUnknown"
	// ReasonPeerOneSided: a declared PeerNode or PeerFleet does not declare this one in return, so they cannot connect.
	ReasonPeerOneSided = "PeerOneSided"
	// ReasonEnforced: NetworkPolicies limit traffic in both directions.
	ReasonEnforced = "Enforced"
	// ReasonNotEnforced: NetworkPolicies limit nothing. Install a network plugin that enforces them.
	ReasonNotEnforced = "NotEnforced"
	// ReasonIngressNotEnforced: NetworkPolicies do not limit who reaches a pod.
	ReasonIngressNotEnforced = "IngressNotEnforced"
	// ReasonEgressNotEnforced: NetworkPolicies do not limit what a pod reaches.
	ReasonEgressNotEnforced = "EgressNotEnforced"
	// ReasonSourceAddressHidden: source NAT between pods defeats the ranges of addresses that the peer lets in.
	ReasonSourceAddressHidden = "SourceAddressHidden"
	// ReasonNotProbed: nobody has found out whether NetworkPolicies are enforced.
	ReasonNotProbed = "NotProbed"
	// ReasonProbeUnreachable: the probe of NetworkPolicies does not answer the operator.
	ReasonProbeUnreachable = "ProbeUnreachable"
	// ReasonAddressFound: the addresses in status.endpoints.external are those at which the outside reaches the peer.
	ReasonAddressFound = "AddressFound"
	// ReasonWaitingForAddress: no controller has given the Service, or the Ingress, an address yet, or it is not there yet.
	ReasonWaitingForAddress = "WaitingForAddress"
	// ReasonWaitingForServiceGone: the Service of before is still going away, and another of its name is made after it.
	ReasonWaitingForServiceGone = "WaitingForServiceGone"
	// ReasonNobodyAllowed: the peer is exposed, and allowFrom names no ipBlock, so nobody outside gets in; or nobody at all,
	// so that an ingress controller or a Gateway does not.
	ReasonNobodyAllowed = "NobodyAllowed"
	// ReasonUnknownPort: the exposure names a port that the software does not have, or the software has none for peers.
	ReasonUnknownPort = "UnknownPort"
	// ReasonGatewayAPIMissing: the cluster does not serve the TLSRoutes of the Gateway API.
	ReasonGatewayAPIMissing = "GatewayAPIMissing"
	// ReasonWaitingForGateway: a Gateway has not said yet whether it takes the TLSRoute.
	ReasonWaitingForGateway = "WaitingForGateway"
	// ReasonGatewayRefused: a Gateway does not take the TLSRoute, or cannot follow it.
	ReasonGatewayRefused = "GatewayRefused"
	// ReasonPatched: spec.podTemplate is in effect.
	ReasonPatched = "Patched"
)

// Reasons of events that are not also reasons of a condition.
const (
	// ReasonKeyPublished: the next key is stored; the peers that declare this one let it in from now on.
	ReasonKeyPublished = "KeyPublished"
	// ReasonKeySwitched: the peer changes to the next key.
	ReasonKeySwitched = "KeySwitched"
	// ReasonKeyRevoked: a key is not accepted any more.
	ReasonKeyRevoked = "KeyRevoked"
	// ReasonKeyRemoved: the Secret of a revoked key was deleted, as spec.identity.rotation.keepPrevious says.
	ReasonKeyRemoved = "KeyRemoved"
	// ReasonDataRetained: the volume was kept although it was to go, because something spoke against deleting it.
	ReasonDataRetained = "DataRetained"
	// ReasonDataDeleted: the volume was deleted as spec.deletionPolicy.data asks.
	ReasonDataDeleted = "DataDeleted"
	// ReasonVolumeAdopted: the retained volume of an earlier PeerNode of the same name was taken up again.
	ReasonVolumeAdopted = "VolumeAdopted"
	// ReasonReservationHeld: a PeerIdentityReservation was deleted, and stays until no pod can run with the key.
	ReasonReservationHeld = "ReservationHeld"
	// ReasonGrowing: the volume was asked to grow.
	ReasonGrowing = "Growing"
	// ReasonDrifted: an object was changed by someone else and has been set right.
	ReasonDrifted = "Drifted"
)
