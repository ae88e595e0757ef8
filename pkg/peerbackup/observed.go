// SPDX-License-Identifier: Apache-2.0

// Package peerbackup decides how far a PeerBackup is, and what is to be done next: wait until the peer may be stopped, have it
// stopped, have its data copied, and let it start again. It is pure.
//
// What a peer is stopped for is on record in the status of the PeerBackup before anything happens, and whoever runs the
// peer goes by that record. So no two backups hold a peer, an operator that is killed finds out where it was, and a
// PeerBackup that is deleted holds nothing.
package peerbackup

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/settings"
)

// Observed is what was read about a backup.
type Observed struct {
	// Backup is what was asked for, and what was told of it last.
	Backup *v1alpha1.PeerBackup
	// Peer is the PeerNode whose data it is, and Store where they go; nil where there is none.
	Peer  *v1alpha1.PeerNode
	Store *v1alpha1.PeerBackupStore
	// StatefulSet and Pod are those of the peer; nil where there is none.
	StatefulSet *appsv1.StatefulSet
	Pod         *corev1.Pod
	// Data is the claim of the peer, nil where there is none.
	Data *corev1.PersistentVolumeClaim
	// Fleet is that of the peer, nil where it is of none.
	Fleet *v1alpha1.PeerFleet
	// Peers are all PeerNodes of the namespace, and Backups all PeerBackups.
	Peers   []*v1alpha1.PeerNode
	Backups []*v1alpha1.PeerBackup
	// Run is the Job of a schedule for which the backup was made; nil where it was not, or where that is gone.
	Run *batchv1.Job
	// Objects are those of the backup that exist, Pods those of its Job, and ProofPods those of the Job of its proof.
	Objects         map[intent.Ref]intent.Object
	Pods, ProofPods []*corev1.Pod
	// Sealing is what the unsealer publishes, nil while it has published nothing.
	Sealing *sealingkey.Published
	// Options are the operator's own settings.
	Options settings.Operator
	// Now is when this was read.
	Now time.Time
}

// PolicyRef is the NetworkPolicy of the pods that make a backup.
func PolicyRef(b *v1alpha1.PeerBackup) intent.Ref { return ref(b, kindPolicy, names.BackupJob(b)) }

// JobRef is the Job that makes it.
func JobRef(b *v1alpha1.PeerBackup) intent.Ref { return ref(b, kindJob, names.BackupJob(b)) }

// ProofRef is the Job that checks what was restored from it on trial.
func ProofRef(b *v1alpha1.PeerBackup) intent.Ref { return ref(b, kindJob, names.BackupProof(b)) }

// ProofPolicyRef is the NetworkPolicy of the pod that does.
func ProofPolicyRef(b *v1alpha1.PeerBackup) intent.Ref {
	return ref(b, kindPolicy, names.BackupProof(b))
}

// ProofClaimRef is the volume to which is restored.
func ProofClaimRef(b *v1alpha1.PeerBackup) intent.Ref { return ref(b, kindClaim, names.BackupProof(b)) }

// Refs are all objects that a backup may have.
func Refs(b *v1alpha1.PeerBackup) []intent.Ref {
	refs := []intent.Ref{PolicyRef(b), JobRef(b)}
	if b.Spec.Prove {
		refs = append(refs, ProofClaimRef(b), ProofPolicyRef(b), ProofRef(b))
	}
	return refs
}

var (
	kindJob    = batchv1.SchemeGroupVersion.WithKind("Job")
	kindPolicy = networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy")
	kindClaim  = corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim")
)

func ref(b *v1alpha1.PeerBackup, kind schema.GroupVersionKind, name string) intent.Ref {
	return intent.Ref{GroupVersionKind: kind, NamespacedName: types.NamespacedName{Namespace: b.Namespace, Name: name}}
}

// Holds reports whether a backup keeps its peer stopped.
func Holds(b *v1alpha1.PeerBackup) bool {
	return b.DeletionTimestamp == nil && b.Status.HeldSince != nil && b.Status.ReleasedAt == nil
}

// Ended reports whether nothing is left to do about a backup.
func Ended(b *v1alpha1.PeerBackup) bool {
	s := b.Status
	return s.ReleasedAt != nil && (s.Proof == nil || s.Proof.EndedAt != nil)
}
