// SPDX-License-Identifier: Apache-2.0

package resources

import corev1 "k8s.io/api/core/v1"

// LastWords are what the first of some pods that failed says, by how pods of its kind fail; "" where none did.
func LastWords(pods []*corev1.Pod, failure func(*corev1.Pod) (string, bool)) string {
	for _, pod := range pods {
		if why, failed := failure(pod); failed {
			return why
		}
	}
	return ""
}

// LastTry are the same, as the end of a sentence about a Job that goes on.
func LastTry(pods []*corev1.Pod, failure func(*corev1.Pod) (string, bool)) string {
	if why := LastWords(pods, failure); why != "" {
		return "; a try of it failed: " + why
	}
	return ""
}
