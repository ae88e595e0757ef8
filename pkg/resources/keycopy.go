// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	applybatchv1 "k8s.io/client-go/applyconfigurations/batch/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/names"
)

const (
	// ComponentKeyCopy tells the Jobs that copy keys, and their pods, from the peer.
	ComponentKeyCopy = "key-copy"
	// ContainerKeyCopy puts the copy into the bucket.
	ContainerKeyCopy = "key-copy"
)

// pathEnvelope is where the pod that copies a key finds it.
const pathEnvelope = "/run/peernode/envelope"

// KeyCopyJobInput is what the Job that copies a key follows from.
type KeyCopyJobInput struct {
	// PeerNode is whose key it is.
	PeerNode *v1alpha1.PeerNode
	// Epoch is which of its keys, and SecretName where that lies.
	Epoch      int64
	SecretName string
	// Store is where the copy goes.
	Store *v1alpha1.PeerBackupStore
	// Image is that of the companion.
	Image string
	// HostUsers is as in Options.
	HostUsers bool
}

// KeyCopyJob puts a copy of a sealed key into a bucket, and leaves in the termination message of its pod where it lies.
// The kubelet brings it envelope and credentials; neither it nor the operator can ask the API server for them. Once it has
// ended somebody has ten minutes to read why; after that a failed one is made again.
func KeyCopyJob(in KeyCopyJobInput) *applybatchv1.JobApplyConfiguration {
	p := in.PeerNode
	labels := names.Labels(p, ComponentKeyCopy)
	labels[v1alpha1.LabelBackupStore] = in.Store.Name
	return applybatchv1.Job(names.KeyCopyJob(p, in.Epoch, in.Store), p.Namespace).
		WithLabels(labels).
		WithOwnerReferences(owner(p)).
		WithSpec(applybatchv1.JobSpec().
			WithCompletions(1).
			WithParallelism(1).
			WithBackoffLimit(3).
			WithActiveDeadlineSeconds(storeDeadline).
			WithPodReplacementPolicy(batchv1.Failed).
			WithTTLSecondsAfterFinished(600).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithSpec(keyCopyPod(in))))
}

// keyCopyPod finds envelope, credentials and CA in what the kubelet mounts, and can write none of it.
func keyCopyPod(in KeyCopyJobInput) *applycorev1.PodSpecApplyConfiguration {
	envelope := applycorev1.Volume().WithName(volumeEnvelope).WithSecret(applycorev1.SecretVolumeSource().
		WithSecretName(in.SecretName).
		WithDefaultMode(unsealMode).
		WithItems(applycorev1.KeyToPath().WithKey(keysecret.Envelope).WithPath(keysecret.Envelope)))
	args := append([]string{
		"back-up-key",
		"--envelope=" + path.Join(pathEnvelope, keysecret.Envelope),
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}, storeArgs(in.Store)...)
	return jobPod(in.PeerNode, in.HostUsers).
		WithVolumes(envelope).
		WithVolumes(storeVolumes(in.Store)...).
		WithContainers(companion(ContainerKeyCopy, in.Image).
			WithArgs(args...).
			WithVolumeMounts(readOnly(volumeEnvelope, pathEnvelope)).
			WithVolumeMounts(storeMounts(in.Store)...))
}

// KeyCopyDone is how the container of a pod of KeyCopyJob ended that did its work, with its message; nil for any other pod.
func KeyCopyDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	return done(statusesOf(pod, ContainerKeyCopy))
}

// KeyCopyFailure says why a pod of KeyCopyJob failed, false for a pod that has not.
func KeyCopyFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, statusesOf(pod, ContainerKeyCopy))
}
