// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"path"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/seal"
)

const (
	// ComponentKeygen tells the Job that makes a key, and its pods, from the peer.
	ComponentKeygen = "keygen"
	// ContainerKeygen makes the key, and hands over the first part of it. Further parts are handed over by containers
	// of the names of handover.PartName.
	ContainerKeygen = "keygen"
)

const (
	// companionUser is that of the companion's image.
	companionUser int64 = 65532

	volumeHandOver = "hand-over"
	pathHandOver   = "/run/peernode/hand-over"
)

// KeyJobInput is what the Job of a key follows from. All of it is public.
type KeyJobInput struct {
	// PeerNode is whose key it is.
	PeerNode *v1alpha1.PeerNode
	// Epoch counts the keys of the peer, from 1.
	Epoch int64
	// KeyType is the algorithm.
	KeyType v1alpha1.IdentityType
	// Recipients are those who will be able to open it, at most handover.MaxRecipients.
	Recipients []seal.Recipient
	// Image is that of the companion.
	Image string
	// HostUsers is as in Options.
	HostUsers bool
}

// KeyJob makes a key and leaves it, sealed, in the termination messages of its pod. A pod that failed is kept to be
// read, and replaced when it has ended, with growing pauses; one that waits, as for an image, may wait. The Job removes
// itself when somebody had time to read it, and goes with the PeerNode.
func KeyJob(in KeyJobInput) *applybatchv1.JobApplyConfiguration {
	p := in.PeerNode
	return applybatchv1.Job(names.KeyJob(p, in.Epoch), p.Namespace).
		WithLabels(names.Labels(p, ComponentKeygen)).
		WithOwnerReferences(owner(p)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(6).
			WithPodReplacementPolicy(batchv1.Failed).
			WithTTLSecondsAfterFinished(600).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(names.Labels(p, ComponentKeygen)).
				WithSpec(keygenPod(in))))
}

// keygenPod makes the key, and hands over the envelope in as many containers as that takes. The kubelet starts no container
// twice in it, so nothing of one key is ever beside something of another.
func keygenPod(in KeyJobInput) *applycorev1.PodSpecApplyConfiguration {
	spec := jobPod(in.PeerNode, in.HostUsers)
	parts := handover.Parts(in.Recipients)
	if parts == 1 {
		return spec.WithContainers(companion(ContainerKeygen, in.Image).WithArgs(keygenArgs(in, parts)...))
	}
	mount := applycorev1.VolumeMount().WithName(volumeHandOver).WithMountPath(pathHandOver)
	spec.WithInitContainers(companion(ContainerKeygen, in.Image).WithArgs(keygenArgs(in, parts)...).WithVolumeMounts(mount))
	for part := 2; part <= parts; part++ {
		name := handover.PartName(part)
		spec.WithContainers(companion(name, in.Image).
			WithArgs("hand-over", "--from="+path.Join(pathHandOver, name), "--termination-log="+corev1.TerminationMessagePathDefault).
			WithVolumeMounts(applycorev1.VolumeMount().WithName(volumeHandOver).WithMountPath(pathHandOver).WithReadOnly(true)))
	}
	return spec.WithVolumes(applycorev1.Volume().WithName(volumeHandOver).WithEmptyDir(
		applycorev1.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))))
}

func keygenArgs(in KeyJobInput, parts int) []string {
	args := []string{
		"keygen",
		"--namespace=" + in.PeerNode.Namespace,
		"--peernode=" + in.PeerNode.Name,
		fmt.Sprintf("--epoch=%d", in.Epoch),
		"--type=" + string(in.KeyType),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}
	if parts > 1 {
		args = append(args, fmt.Sprintf("--parts=%d", parts), "--hand-over-dir="+pathHandOver)
	}
	for _, r := range in.Recipients {
		args = append(args, "--recipient="+r.String())
	}
	return args
}

// companionPod is the pod of a Job that runs the companion, without its containers. It passes Pod Security restricted and
// has no API token.
func companionPod(hostUsers bool) *applycorev1.PodSpecApplyConfiguration {
	return applycorev1.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithHostUsers(hostUsers).
		WithRestartPolicy(corev1.RestartPolicyNever).
		WithSecurityContext(podSecurity(companionUser))
}

// jobPod is the one of a Job that handles a key of a peer.
func jobPod(p *v1alpha1.PeerNode, hostUsers bool) *applycorev1.PodSpecApplyConfiguration {
	spec := companionPod(hostUsers).WithServiceAccountName(names.Workload(p))
	for _, secret := range p.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(applycorev1.LocalObjectReference().WithName(secret.Name))
	}
	return spec
}

// companion is a container of the companion's image, which works for a moment.
func companion(name, image string) *applycorev1.ContainerApplyConfiguration {
	return container(name, image).
		WithTerminationMessagePath(corev1.TerminationMessagePathDefault).
		WithTerminationMessagePolicy(corev1.TerminationMessageReadFile).
		WithResources(applycorev1.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}))
}

// disruptionIsNoFailure keeps a pod that was evicted, or lost its node, from counting as a try of its Job.
func disruptionIsNoFailure() *applybatchv1.PodFailurePolicyApplyConfiguration {
	return applybatchv1.PodFailurePolicy().WithRules(applybatchv1.PodFailurePolicyRule().
		WithAction(batchv1.PodFailurePolicyActionIgnore).
		WithOnPodConditions(applybatchv1.PodFailurePolicyOnPodConditionsPattern().WithType(corev1.DisruptionTarget).WithStatus(corev1.ConditionTrue)))
}
