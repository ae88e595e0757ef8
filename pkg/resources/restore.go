// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"cmp"
	"path"
	"strconv"
	"time"

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
)

const (
	// ComponentRestore tells the Job that fills a volume from a backup, its pods and its NetworkPolicy from the peer.
	ComponentRestore = "restore"
	// ContainerRestore fills the volume.
	ContainerRestore = "restore"
)

const (
	volumeRecovery = "recovery-key"
	pathRecovery   = "/run/peernode/recovery"
	recoveryFile   = "recovery.key"

	// restoreTries is how many pods a Job may have besides the first. Each may read all of the backup.
	restoreTries = 2
	// restoreKept is how long, in seconds, somebody has to read a Job that has ended. One that failed is made again after that.
	restoreKept = 60 * 60
)

// RestoredBackup is which backup a volume is filled from.
type RestoredBackup struct {
	// Namespace and PeerNode are whose it is.
	Namespace, PeerNode string
	// Sequence is its number; where that is 0 it is the newest one that was finished by At.
	Sequence int64
	At       time.Time
	// RecordSHA256 is that of its record, "" where that is not known.
	RecordSHA256 string
	// Trust is by whom its record is signed.
	Trust []string
}

// RestoreInput is what the Job that fills a volume follows from.
type RestoreInput struct {
	// PeerNode is whose volume it is, and User the one that runs the software.
	PeerNode *v1alpha1.PeerNode
	User     int64
	// Peer is the pod of the peer: a volume that is made for the first pod that wants it has to be where that one may be.
	Peer *applycorev1.PodSpecApplyConfiguration
	// Backup is what is restored, Store where it lies, RecoveryKey what opens it.
	Backup      RestoredBackup
	Store       *v1alpha1.PeerBackupStore
	RecoveryKey v1alpha1.RecoveryKeySource
	// Options are the operator's own settings.
	Options Options
}

// RestoreJob fills the volume of a peer that has not started yet, and leaves a receipt in the termination message of its pod. The
// kubelet brings it the recovery key and the credentials of the store; it has no token at all.
func RestoreJob(in RestoreInput) *applybatchv1.JobApplyConfiguration {
	p := in.PeerNode
	labels := names.Labels(p, ComponentRestore)
	labels[v1alpha1.LabelBackupStore] = in.Store.Name
	return applybatchv1.Job(names.Restore(p), p.Namespace).
		WithLabels(labels).
		WithOwnerReferences(owner(p)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(restoreTries).
			WithPodReplacementPolicy(batchv1.Failed).
			WithPodFailurePolicy(disruptionIsNoFailure()).
			WithTTLSecondsAfterFinished(restoreKept).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithSpec(restorePod(in))))
}

// restorePod runs as the user whose the data are to be.
func restorePod(in RestoreInput) *applycorev1.PodSpecApplyConfiguration {
	key := applycorev1.Volume().WithName(volumeRecovery).WithSecret(applycorev1.SecretVolumeSource().
		WithSecretName(in.RecoveryKey.SecretName).
		WithDefaultMode(unsealMode).
		WithItems(applycorev1.KeyToPath().WithKey(cmp.Or(in.RecoveryKey.Key, recoveryFile)).WithPath(recoveryFile)))
	spec := jobPod(in.PeerNode, in.Options.HostUsers).
		WithSecurityContext(podSecurity(in.User)).
		WithVolumes(
			applycorev1.Volume().WithName(volumeData).WithPersistentVolumeClaim(applycorev1.PersistentVolumeClaimVolumeSource().WithClaimName(names.Data(in.PeerNode))),
			key).
		WithVolumes(storeVolumes(in.Store)...).
		WithContainers(companion(ContainerRestore, in.Options.CompanionImage).
			WithArgs(restoreArgs(in)...).
			WithResources(applycorev1.ResourceRequirements().
				WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}).
				WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")})).
			WithVolumeMounts(
				applycorev1.VolumeMount().WithName(volumeData).WithMountPath(pathBackedUp),
				readOnly(volumeRecovery, pathRecovery)).
			WithVolumeMounts(storeMounts(in.Store)...))
	if in.Peer != nil {
		spec.NodeSelector, spec.Affinity, spec.Tolerations, spec.SchedulerName = in.Peer.NodeSelector, in.Peer.Affinity, in.Peer.Tolerations, in.Peer.SchedulerName
	}
	return spec
}

func restoreArgs(in RestoreInput) []string {
	b := in.Backup
	args := []string{
		"restore",
		"--to=" + pathBackedUp,
		"--namespace=" + b.Namespace,
		"--peernode=" + b.PeerNode,
		"--identity=" + path.Join(pathRecovery, recoveryFile),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}
	if b.Sequence > 0 {
		args = append(args, "--sequence="+strconv.FormatInt(b.Sequence, 10))
	} else {
		args = append(args, "--at="+b.At.UTC().Format(time.RFC3339))
	}
	if b.RecordSHA256 != "" {
		args = append(args, "--record-sha256="+b.RecordSHA256)
	}
	for _, key := range b.Trust {
		args = append(args, "--trust="+key)
	}
	return append(args, storeArgs(in.Store)...)
}

// RestorePolicy opens the way to DNS and to the store for the pods that restore, and for none of the peer's other pods.
func RestorePolicy(in RestoreInput) *applynetworkingv1.NetworkPolicyApplyConfiguration {
	p := in.PeerNode
	pods := names.Selector(p.Name)
	pods[v1alpha1.LabelComponent] = ComponentRestore
	return applynetworkingv1.NetworkPolicy(names.Restore(p), p.Namespace).
		WithLabels(names.Labels(p, ComponentRestore)).
		WithOwnerReferences(owner(p)).
		WithSpec(applynetworkingv1.NetworkPolicySpec().
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(pods)).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithEgress(dns(in.Options.DNSCIDRs), toURL(in.Store.Spec.Endpoint, in.Store.Spec.AllowTo)))
}

// RestoreDone is how the container of a pod of RestoreJob ended that did its work, with its message; nil for any other pod.
func RestoreDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, ContainerRestore))
}

// RestoreFailure says why a pod of RestoreJob failed, false for a pod that has not.
func RestoreFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, ContainerRestore))
}
