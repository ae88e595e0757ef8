// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels, annotations and finalizers that peernode-operator writes. A name is never reused for another meaning.
const (
	// LabelPeerNode names the PeerNode that an object belongs to. It is part of every selector and never changes.
	LabelPeerNode = "peernode.dev/peernode"

	// LabelFleet names the PeerFleet that an object belongs to. On a PeerNode that somebody made by hand it says
	// that the fleet may take it over.
	LabelFleet = "peernode.dev/fleet"

	// LabelComponent tells which part of the operator's work an object is, for people and dashboards.
	LabelComponent = "app.kubernetes.io/component"

	// LabelManagedBy with the value ManagedBy marks the objects that the operator owns. The operator caches
	// only these, adopts only these, and never deletes anything without it.
	LabelManagedBy = "app.kubernetes.io/managed-by"

	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "peernode-operator"

	// LabelBackup on a Job names the PeerBackup that it makes.
	LabelBackup = "peernode.dev/backup"

	// LabelBackupStore on a Job names the PeerBackupStore that it works with.
	LabelBackupStore = "peernode.dev/backup-store"

	// LabelRun on a PeerBackup names the Job of a schedule for which it was made.
	LabelRun = "peernode.dev/run"

	// AnnotationRunUID on such a PeerBackup is the UID of that Job.
	AnnotationRunUID = "peernode.dev/run-uid"

	// RunsBackups in spec.managedBy of a Job says that the operator carries it out, by a PeerBackup, and not by a pod.
	RunsBackups = "peernode.dev/backup"

	// AnnotationIntent holds the hash of the intent that was last applied to an object. Together with a field by
	// field comparison it lets the operator see drift without sending a request.
	AnnotationIntent = "peernode.dev/intent"

	// AnnotationLoadBalancerClass on a Service is the class with which it was made. The class of a Service can never be
	// changed, so another one is another Service.
	AnnotationLoadBalancerClass = "peernode.dev/load-balancer-class"

	// AnnotationRevision on a PeerNode of a fleet is the revision of the template that it was made from.
	AnnotationRevision = "peernode.dev/revision"

	// AnnotationApprovedPod on a PeerNode of a fleet is the hash of the pod that the fleet lets it have by now. Until
	// it is that of the pod that the operator would run, the pod that runs is left alone: what a new release of the
	// operator changes goes peer by peer like any other change.
	AnnotationApprovedPod = "peernode.dev/approved-pod"

	// AnnotationKeyTurn on a PeerNode of a fleet is the epoch of the key to which the fleet lets it change: each change
	// replaces the pod, so it waits for its turn like any other restart.
	AnnotationKeyTurn = "peernode.dev/key-turn"

	// AnnotationHold on a PeerNode of a fleet says why the fleet must neither restart nor remove it now, such as "copy
	// of the volume until noon". A person or a tool sets it and takes it away.
	AnnotationHold = "peernode.dev/hold"

	// AnnotationUnsealerCA on the pod of a Job holds the certificates, in PEM, by which it knows the unsealer. The kubelet
	// brings it to the pod as a file.
	AnnotationUnsealerCA = "peernode.dev/unsealer-ca"

	// AnnotationRotateKey on a PeerNode asks for another key, once for each text that it is set to; on a PeerFleet it asks
	// every peer of the fleet.
	AnnotationRotateKey = "peernode.dev/rotate-key"

	// AnnotationApproveKey on a PeerNode whose spec.identity.rotation.approval is Manual names the epoch to which the peer
	// may switch.
	AnnotationApproveKey = "peernode.dev/approve-key"

	// AnnotationCompromisedKey on a PeerNode names an epoch whose key somebody else may have. It is given up at once.
	AnnotationCompromisedKey = "peernode.dev/compromised-key"

	// AnnotationConfig on a pod template holds the hash of the configuration files that a peer reads only at
	// start, so that a change of theirs replaces the pod.
	AnnotationConfig = "peernode.dev/config"

	// AnnotationOwnerUID on a retained volume holds the UID of the PeerNode that used it last.
	AnnotationOwnerUID = "peernode.dev/owner-uid"

	// FinalizerData is set on a PeerNode while spec.deletionPolicy.data is Delete: the volume is deleted on
	// purpose, by the operator, with preconditions, before the PeerNode goes.
	FinalizerData = "peernode.dev/data"

	// FinalizerIdentity is set on a PeerIdentityReservation: one that was deleted stays until no pod can run with the key.
	FinalizerIdentity = "peernode.dev/identity"
)
