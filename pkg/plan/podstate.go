// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/unseal"
)

// podServes reports whether the pod is ready by its software's own judgement.
func podServes(pod *corev1.Pod) bool {
	return pod != nil && pod.DeletionTimestamp == nil && readiness(pod).Status == corev1.ConditionTrue
}

// readiness is what the kubelet says of the pod as a whole, the zero value before it has said anything.
func readiness(pod *corev1.Pod) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c
		}
	}
	return corev1.PodCondition{}
}

// podFinding says why the pod does not serve the wanted revision, nil when it does.
func podFinding(set *appsv1.StatefulSet, pod *corev1.Pod) *conditions.Finding {
	switch {
	case set == nil || pod == nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForPod, "the pod is being created")
	case onLostNode(pod):
		return conditions.Wait(v1alpha1.ReasonWaitingForLostNode, fmt.Sprintf("node %s does not answer and may still run the pod. If it will not come back, "+
			"delete the Node object or taint it node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", pod.Spec.NodeName))
	case pod.DeletionTimestamp != nil:
		return conditions.Wait(v1alpha1.ReasonWaitingForRevision, "the previous pod is stopping")
	}
	for _, ask := range []func(*corev1.Pod) *conditions.Finding{unschedulable, unsealRefused, identityRefused, imageMissing, crashing} {
		if f := ask(pod); f != nil {
			return f
		}
	}
	if outdated(set, pod) {
		return conditions.Wait(v1alpha1.ReasonWaitingForRevision, "the pod still runs the previous revision")
	}
	if !podServes(pod) {
		return conditions.Wait(v1alpha1.ReasonWaitingForPod, "the pod has started; its software does not report ready yet")
	}
	return nil
}

// onLostNode reports whether the node of the pod does not answer. The node controller then declares the pod not ready,
// and nothing else: its containers stay ready as the kubelet last said. A kubelet that makes a pod unready gives a reason.
func onLostNode(pod *corev1.Pod) bool {
	var ready, containers corev1.PodCondition
	for _, c := range pod.Status.Conditions {
		switch c.Type {
		case corev1.PodReady:
			ready = c
		case corev1.ContainersReady:
			containers = c
		}
	}
	return ready.Status == corev1.ConditionFalse && ready.Reason == "" && containers.Status == corev1.ConditionTrue
}

// outdated reports whether the StatefulSet controller has yet to look at the newest template, or to replace the pod.
func outdated(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	if set.Status.ObservedGeneration < set.Generation {
		return true
	}
	revision := pod.Labels[appsv1.ControllerRevisionHashLabelKey]
	return set.Status.UpdateRevision != "" && revision != "" && revision != set.Status.UpdateRevision
}

// unschedulable leaves out waits for the volume, which are told as such.
func unschedulable(pod *corev1.Pod) *conditions.Finding {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable &&
			!strings.Contains(c.Message, "PersistentVolumeClaim") && !strings.Contains(c.Message, "persistentvolumeclaim") {
			return conditions.Wait(v1alpha1.ReasonWaitingForNode, "no node takes the pod: "+c.Message)
		}
	}
	return nil
}

// identityRefused reads the last word of the software's own identity check.
func identityRefused(pod *corev1.Pod) *conditions.Finding {
	ended := failed(pod, resources.ContainerIdentity)
	if ended == nil {
		return nil
	}
	return conditions.Refuse(v1alpha1.ReasonIdentityRefused, "the software refuses its key: "+lastWord(ended))
}

// failed is how an init container ended that did not end well, also while it is tried again.
func failed(pod *corev1.Pod, container string) *corev1.ContainerStateTerminated {
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name != container {
			continue
		}
		for _, ended := range []*corev1.ContainerStateTerminated{s.State.Terminated, s.LastTerminationState.Terminated} {
			if ended != nil {
				if ended.ExitCode == 0 {
					return nil
				}
				return ended
			}
		}
	}
	return nil
}

// unsealRefused reads the last word of the unsealing container, which begins with the reason.
func unsealRefused(pod *corev1.Pod) *conditions.Finding {
	ended := failed(pod, resources.ContainerUnseal)
	if ended == nil {
		return nil
	}
	if unseal.MayPass(ended.Message) {
		reason := v1alpha1.ReasonWaitingForUnsealer
		if unseal.LacksOpener(ended.Message) {
			reason = v1alpha1.ReasonWaitingForOpener
		}
		return conditions.Wait(reason, "the peer's key is not unsealed yet: "+lastWord(ended))
	}
	return conditions.Refuse(v1alpha1.ReasonUnsealRefused, "the peer's key is not unsealed: "+lastWord(ended))
}

// AsksForKey reports whether the pod is asking the unsealer for its key, and since when.
func AsksForKey(pod *corev1.Pod) (time.Time, bool) {
	if pod == nil || pod.DeletionTimestamp != nil {
		return time.Time{}, false
	}
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name == resources.ContainerUnseal && s.State.Running != nil {
			return s.State.Running.StartedAt.Time, true
		}
	}
	return time.Time{}, false
}

// WaitsForMounts reports whether the pod is on a node and its first container has not been started for lack of a
// volume or of an image.
func WaitsForMounts(pod *corev1.Pod) bool {
	if pod == nil || pod.DeletionTimestamp != nil {
		return false
	}
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name == resources.ContainerUnseal {
			return s.State.Waiting != nil && s.LastTerminationState.Terminated == nil
		}
	}
	return false
}

func imageMissing(pod *corev1.Pod) *conditions.Finding {
	for _, s := range statuses(pod) {
		if s.State.Waiting == nil {
			continue
		}
		switch s.State.Waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable":
			return conditions.Wait(v1alpha1.ReasonWaitingForImage, fmt.Sprintf("image %s cannot be had (%s); set spec.image to one that the nodes can pull", s.Image, s.State.Waiting.Reason))
		}
	}
	return nil
}

// crashing stays true between two crashes, until the process has held out long enough to be ready.
func crashing(pod *corev1.Pod) *conditions.Finding {
	for _, s := range statuses(pod) {
		ended := s.LastTerminationState.Terminated
		waiting := s.State.Waiting
		switch {
		case waiting != nil && (waiting.Reason == "CreateContainerConfigError" || waiting.Reason == "CreateContainerError" || waiting.Reason == "RunContainerError"):
			return conditions.Wait(v1alpha1.ReasonCrashLooping, "the container cannot start: "+waiting.Message)
		case !s.Ready && s.RestartCount > 1 && ended != nil && ended.ExitCode != 0:
			return conditions.Wait(v1alpha1.ReasonCrashLooping, "the process ends again and again: "+lastWord(ended))
		}
	}
	return nil
}

func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
}

// lastWord is bounded, so that a long log does not fill the status.
func lastWord(t *corev1.ContainerStateTerminated) string {
	message := strings.TrimSpace(t.Message)
	if message == "" {
		return fmt.Sprintf("exit code %d (%s), no message", t.ExitCode, t.Reason)
	}
	const most = 512
	if len(message) > most {
		message = "..." + strings.ToValidUTF8(message[len(message)-most:], "")
	}
	return fmt.Sprintf("exit code %d: %s", t.ExitCode, message)
}
