// SPDX-License-Identifier: Apache-2.0

package resources

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

const (
	// ContainerProof runs the peer's software on what was restored on trial.
	ContainerProof = "check"

	volumeProof = "proof"
	// pathProof is where the pod of a backup restores on trial.
	pathProof = "/proof"
)

// ProofInput is what the check of a trial restore follows from.
type ProofInput struct {
	// PeerBackup is what asks for it.
	PeerBackup *v1alpha1.PeerBackup
	// PeerNode is whose data they are, and Workload how its software runs.
	PeerNode *v1alpha1.PeerNode
	Workload peer.Workload
	// Seconds is how long it may take.
	Seconds int64
	// Options are the operator's own settings.
	Options Options
}

// ProofClaim is the scratch volume: as large as that of the peer, and gone when the proof has ended.
func ProofClaim(b *v1alpha1.PeerBackup, p *v1alpha1.PeerNode, data *corev1.PersistentVolumeClaim) *applycorev1.PersistentVolumeClaimApplyConfiguration {
	spec := applycorev1.PersistentVolumeClaimSpec().
		WithAccessModes(p.Spec.Storage.AccessMode).
		WithResources(applycorev1.VolumeResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceStorage: claimSize(p, data)}))
	if class := p.Spec.Storage.StorageClassName; class != nil {
		spec.WithStorageClassName(*class)
	}
	return applycorev1.PersistentVolumeClaim(names.BackupProof(b), b.Namespace).
		WithLabels(names.BackupLabels(b, names.ComponentProof)).
		WithOwnerReferences(backupOwner(b)).
		WithSpec(spec)
}

// ProofJob runs the software's own check on what was restored on trial: as the peer's user, with the peer's image, and with
// neither its key nor a token. What it finds is the termination message of its pod.
func ProofJob(in ProofInput) *applybatchv1.JobApplyConfiguration {
	b := in.PeerBackup
	labels := names.BackupLabels(b, names.ComponentProof)
	return applybatchv1.Job(names.BackupProof(b), b.Namespace).
		WithLabels(labels).
		WithOwnerReferences(backupOwner(b)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(0). // Data that are not good do not get better.
			WithActiveDeadlineSeconds(in.Seconds).
			WithPodReplacementPolicy(batchv1.Failed).
			WithTTLSecondsAfterFinished(backupKept).
			WithTemplate(applycorev1.PodTemplateSpec().WithLabels(labels).WithSpec(proofPod(in))))
}

func proofPod(in ProofInput) *applycorev1.PodSpecApplyConfiguration {
	w := in.Workload
	check := software(ContainerProof, Input{PeerNode: in.PeerNode, Workload: w}).
		WithArgs(w.DataCheck...).
		WithTerminationMessagePath(corev1.TerminationMessagePathDefault).
		WithResources(resources(in.PeerNode.Spec.Resources)).
		WithVolumeMounts(
			applycorev1.VolumeMount().WithName(volumeProof).WithMountPath(w.DataPath).WithSubPath(backup.FolderTrial),
			applycorev1.VolumeMount().WithName(volumeTmp).WithMountPath("/tmp"))
	return jobPod(in.PeerNode, in.Options.HostUsers).
		WithSecurityContext(podSecurity(w.User)).
		WithVolumes(
			claimed(volumeProof, names.BackupProof(in.PeerBackup)),
			applycorev1.Volume().WithName(volumeTmp).WithEmptyDir(
				applycorev1.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("16Mi")))).
		WithContainers(check)
}

// ProofPolicy opens no way to the pod of a proof, and none from it.
func ProofPolicy(b *v1alpha1.PeerBackup) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return applynetworkingv1.NetworkPolicy(names.BackupProof(b), b.Namespace).
		WithLabels(names.BackupLabels(b, names.ComponentProof)).
		WithOwnerReferences(backupOwner(b)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.BackupSelector(b, names.ComponentProof))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
}

// ProofDone is how the container of a pod of ProofJob ended that found the data good, with its message; nil for any other pod.
func ProofDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, ContainerProof))
}

// ProofFailure says why a pod of ProofJob failed, false for a pod that has not.
func ProofFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, ContainerProof))
}
