// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/pkg/handover"
)

// KeyJobMessages are the termination messages in which a pod of KeyJob hands a key over, for handover.Join. It is
// false until all containers that hand something over have ended well. Like KeyJobFailure it looks at the status alone:
// the operator keeps nothing of a pod's spec, and a kubelet lists all containers from the beginning.
func KeyJobMessages(pod *corev1.Pod) ([]string, bool) {
	var messages []string
	for _, s := range handingOver(pod) {
		end := s.State.Terminated
		if end == nil || end.ExitCode != 0 {
			return nil, false
		}
		messages = append(messages, end.Message)
	}
	return messages, len(messages) > 0
}

// KeyJobFailure says why a pod of KeyJob failed, in the words of the container that did, or of the kubelet. It is
// false for a pod that has not failed.
func KeyJobFailure(pod *corev1.Pod) (string, bool) {
	return failure(pod, handingOver(pod))
}

// failure says why a pod failed, by those of its containers that are ours.
func failure(pod *corev1.Pod, ours []corev1.ContainerStatus) (string, bool) {
	if pod.Status.Phase != corev1.PodFailed {
		return "", false
	}
	for _, s := range ours {
		if end := s.State.Terminated; end != nil && end.ExitCode != 0 {
			words := strings.TrimSpace(strings.TrimPrefix(end.Message, "error: "))
			return cmp.Or(words, fmt.Sprintf("container %s ended with exit code %d, %s", s.Name, end.ExitCode, end.Reason)), true
		}
	}
	return cmp.Or(pod.Status.Message, pod.Status.Reason, "the pod failed and does not say why"), true
}

// done is how the first of some containers ended that did its work, nil while none has.
func done(ours []corev1.ContainerStatus) *corev1.ContainerStateTerminated {
	for _, s := range ours {
		if end := s.State.Terminated; end != nil && end.ExitCode == 0 {
			return end
		}
	}
	return nil
}

// statusesOf are those of the container of a name, without those that somebody has put beside it.
func statusesOf(pod *corev1.Pod, container string) []corev1.ContainerStatus {
	return slices.DeleteFunc(slices.Clone(pod.Status.ContainerStatuses), func(s corev1.ContainerStatus) bool { return s.Name != container })
}

// handingOver are the containers with the parts, in their order. Those that somebody has put beside them are left out.
func handingOver(pod *corev1.Pod) []corev1.ContainerStatus {
	ours := []string{ContainerKeygen}
	for part := 2; part <= handover.MaxParts; part++ {
		ours = append(ours, handover.PartName(part))
	}
	var out []corev1.ContainerStatus
	statuses := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	for _, name := range ours {
		if i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == name }); i >= 0 {
			out = append(out, statuses[i])
		}
	}
	return out
}
