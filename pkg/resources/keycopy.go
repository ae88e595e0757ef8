// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"cmp"
	"path"
	"slices"

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

// Volumes of the pod that copies a key, and where it finds them.
const (
	volumeCredentials = "credentials"
	volumeCA          = "ca"

	pathEnvelope = "/run/peernode/envelope"
	pathStore    = "/run/peernode/store"
	pathCA       = "/run/peernode/ca"
)

// keyCopyDeadline ends a Job that hangs, such as for a Secret that is not there, in seconds.
const keyCopyDeadline = 300

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
			WithActiveDeadlineSeconds(keyCopyDeadline).
			WithPodReplacementPolicy(batchv1.Failed).
			WithTTLSecondsAfterFinished(600).
			WithTemplate(applycorev1.PodTemplateSpec().
				WithLabels(labels).
				WithSpec(keyCopyPod(in))))
}

// keyCopyPod finds envelope, credentials and CA in what the kubelet mounts, and can write none of it.
func keyCopyPod(in KeyCopyJobInput) *applycorev1.PodSpecApplyConfiguration {
	c := companion(ContainerKeyCopy, in.Image).WithArgs(keyCopyArgs(in.Store)...)
	for _, m := range []struct{ volume, path string }{{volumeEnvelope, pathEnvelope}, {volumeCredentials, pathStore}, {volumeCA, pathCA}} {
		if m.volume != volumeCA || in.Store.Spec.CA != nil {
			c.WithVolumeMounts(applycorev1.VolumeMount().WithName(m.volume).WithMountPath(m.path).WithReadOnly(true))
		}
	}
	return jobPod(in.PeerNode, in.HostUsers).WithVolumes(keyCopyVolumes(in)...).WithContainers(c)
}

func keyCopyVolumes(in KeyCopyJobInput) []*applycorev1.VolumeApplyConfiguration {
	out := []*applycorev1.VolumeApplyConfiguration{
		applycorev1.Volume().WithName(volumeEnvelope).WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(in.SecretName).
			WithDefaultMode(unsealMode).
			WithItems(applycorev1.KeyToPath().WithKey(keysecret.Envelope).WithPath(keysecret.Envelope))),
		applycorev1.Volume().WithName(volumeCredentials).WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(in.Store.Spec.Credentials.SecretName).
			WithDefaultMode(unsealMode)),
	}
	if ca := in.Store.Spec.CA; ca != nil {
		key := cmp.Or(ca.Key, defaultCAKey)
		out = append(out, applycorev1.Volume().WithName(volumeCA).WithConfigMap(applycorev1.ConfigMapVolumeSource().
			WithName(ca.ConfigMapName).
			WithItems(applycorev1.KeyToPath().WithKey(key).WithPath(defaultCAKey))))
	}
	return out
}

// Defaults of a PeerBackupStore.
const (
	defaultRegion = "us-east-1"
	defaultCAKey  = "ca.crt"
)

func keyCopyArgs(store *v1alpha1.PeerBackupStore) []string {
	s := store.Spec
	args := []string{
		"back-up-key",
		"--envelope=" + path.Join(pathEnvelope, keysecret.Envelope),
		"--endpoint=" + s.Endpoint,
		"--region=" + cmp.Or(s.Region, defaultRegion),
		"--bucket=" + s.Bucket,
		"--addressing=" + string(cmp.Or(s.Addressing, v1alpha1.AddressingPath)),
		"--credentials-dir=" + pathStore,
		"--termination-log=" + corev1.TerminationMessagePathDefault,
	}
	if s.Prefix != "" {
		args = append(args, "--prefix="+s.Prefix)
	}
	if s.CA != nil {
		args = append(args, "--ca-file="+path.Join(pathCA, defaultCAKey))
	}
	return args
}

// KeyCopyDone is how the container of a pod of KeyCopyJob ended that did its work, with its message; nil for any other pod.
func KeyCopyDone(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	for _, s := range copying(pod) {
		if end := s.State.Terminated; end != nil && end.ExitCode == 0 {
			return end
		}
	}
	return nil
}

// KeyCopyFailure says why a pod of KeyCopyJob failed, false for a pod that has not.
func KeyCopyFailure(pod *corev1.Pod) (string, bool) { return failure(pod, copying(pod)) }

// copying is the container that copies, without those that somebody has put beside it.
func copying(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.DeleteFunc(slices.Clone(pod.Status.ContainerStatuses), func(s corev1.ContainerStatus) bool { return s.Name != ContainerKeyCopy })
}
