// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
)

const (
	// pathBackedUp is where the pod of a backup finds the peer's volume, and pathState what it keeps there for the next one.
	pathBackedUp = "/data"
	pathState    = pathBackedUp + "/.peernode-backup/state"

	// backupTries is how many pods a Job may have besides the first. The peer is stopped meanwhile.
	backupTries = 2
	// backupKept is how long, in seconds, somebody has to read a Job that has ended, and the operator to read its receipt.
	backupKept = 24 * 60 * 60
)

// BackupInput is what the Job that makes a backup follows from.
type BackupInput struct {
	// PeerBackup is what was asked for.
	PeerBackup *v1alpha1.PeerBackup
	// PeerNode is whose data they are, and User the one that they belong to.
	PeerNode *v1alpha1.PeerNode
	User     int64
	// Store is where they go.
	Store *v1alpha1.PeerBackupStore
	// UnsealerCA is by which to know the unsealer, which signs the record.
	UnsealerCA string
	// Seconds is how long it may take.
	Seconds int64
	// Options are the operator's own settings.
	Options Options
}

// BackupJob copies the volume of a peer that is stopped into a bucket, reads it back, and leaves a receipt in the termination
// message of its pod. The kubelet brings it the credentials of the store; it has no token but the one for the unsealer.
func BackupJob(in BackupInput) *applybatchv1.JobApplyConfiguration {
	b := in.PeerBackup
	labels := names.BackupLabels(b, names.ComponentBackup)
	return applybatchv1.Job(names.BackupJob(b), b.Namespace).
		WithLabels(labels).
		WithOwnerReferences(backupOwner(b)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(backupTries).
			WithActiveDeadlineSeconds(in.Seconds).
			WithPodReplacementPolicy(batchv1.Failed).
			WithTTLSecondsAfterFinished(backupKept).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithAnnotations(map[string]string{v1alpha1.AnnotationUnsealerCA: in.UnsealerCA}).
				WithSpec(backupPod(in))))
}

// backupPod runs as the user whose the data are, so that it may read them.
func backupPod(in BackupInput) *applycorev1.PodSpecApplyConfiguration {
	c := companion(unseal.ContainerBackup, in.Options.CompanionImage).
		WithArgs(backupArgs(in)...).
		WithResources(applycorev1.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")})).
		WithVolumeMounts(
			applycorev1.VolumeMount().WithName(volumeData).WithMountPath(pathBackedUp),
			readOnly(volumeUnsealer, unsealerPath)).
		WithVolumeMounts(storeMounts(in.Store)...)
	pod := jobPod(in.PeerNode, in.Options.HostUsers).
		WithSecurityContext(podSecurity(in.User)).
		WithVolumes(claimed(volumeData, names.Data(in.PeerNode)), unsealerOfJob()).
		WithVolumes(storeVolumes(in.Store)...)
	if in.PeerBackup.Spec.Prove {
		c.WithVolumeMounts(applycorev1.VolumeMount().WithName(volumeProof).WithMountPath(pathProof))
		pod.WithVolumes(claimed(volumeProof, names.BackupProof(in.PeerBackup)))
	}
	return pod.WithContainers(c)
}

// claimed is the volume of a claim.
func claimed(name, claim string) *applycorev1.VolumeApplyConfiguration {
	return applycorev1.Volume().WithName(name).WithPersistentVolumeClaim(applycorev1.PersistentVolumeClaimVolumeSource().WithClaimName(claim))
}

func backupArgs(in BackupInput) []string {
	b := in.PeerBackup
	args := []string{
		"backup",
		"--namespace=" + b.Namespace,
		"--peernode=" + b.Spec.PeerNodeRef.Name,
		"--name=" + b.Name,
		"--method=" + string(v1alpha1.BackupStopped),
		"--data=" + pathBackedUp,
		"--state=" + pathState,
		"--unsealer-url=" + sealingkey.URL(in.Options.UnsealerNamespace),
		"--unsealer-token=" + path.Join(unsealerPath, tokenFile),
		"--unsealer-ca=" + path.Join(unsealerPath, caFile),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}
	if b.Spec.Type == v1alpha1.BackupFull {
		args = append(args, "--full")
	}
	if limit := b.Spec.UploadLimit; limit != nil {
		args = append(args, "--limit-upload="+limit.String())
	}
	if b.Spec.Prove {
		args = append(args, "--trial-restore="+pathProof)
	}
	for _, pattern := range b.Spec.Exclude {
		args = append(args, "--exclude="+string(pattern))
	}
	for _, recipient := range in.Store.Spec.Recipients {
		args = append(args, "--recipient="+recipient)
	}
	return append(args, storeArgs(in.Store)...)
}

// BackupPolicy opens the way to DNS, to the unsealer and to the store for the pods of a backup, and no other in either
// direction.
func BackupPolicy(b *v1alpha1.PeerBackup, store *v1alpha1.PeerBackupStore, o Options) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	return applynetworkingv1.NetworkPolicy(names.BackupJob(b), b.Namespace).
		WithLabels(names.BackupLabels(b, names.ComponentBackup)).
		WithOwnerReferences(backupOwner(b)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(names.BackupSelector(b, names.ComponentBackup))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithEgress(dns(o.DNSCIDRs), unsealer(o), toURL(store.Spec.Endpoint, store.Spec.AllowTo)))
}

// BackupDone is how the container of a pod of BackupJob ended that did its work, with its message; nil for any other pod.
func BackupDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, unseal.ContainerBackup))
}

// BackupFailure says why a pod of BackupJob failed, false for a pod that has not.
func BackupFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, unseal.ContainerBackup))
}

// backupOwner makes the garbage collector remove the object after the PeerBackup.
func backupOwner(b *v1alpha1.PeerBackup) *applymetav1.OwnerReferenceApplyConfiguration {
	return applymetav1.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).
		WithKind("PeerBackup").
		WithName(b.Name).
		WithUID(b.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}
