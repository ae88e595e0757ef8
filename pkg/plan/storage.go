// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// volumeFinding says why the volume cannot be used yet, nil when it can.
func volumeFinding(claim *corev1.PersistentVolumeClaim) *Finding {
	switch {
	case claim == nil:
		return wait(v1alpha1.ReasonWaitingForVolume, "the volume claim is being created")
	case claim.Status.Phase == corev1.ClaimLost:
		return refuse(v1alpha1.ReasonVolumeLost, fmt.Sprintf("claim %s lost its volume %s; restore the volume, the operator makes no new one in its place",
			claim.Name, claim.Spec.VolumeName))
	case claim.Status.Phase != corev1.ClaimBound:
		return wait(v1alpha1.ReasonWaitingForVolume, fmt.Sprintf("claim %s is not bound to a volume yet", claim.Name))
	}
	return nil
}

// resizeFinding says what a growing volume waits for, nil when it is large enough.
func resizeFinding(claim *corev1.PersistentVolumeClaim) *Finding {
	if claim == nil || claim.Status.Phase != corev1.ClaimBound {
		return nil
	}
	asked := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	has := claim.Status.Capacity[corev1.ResourceStorage]
	if has.Cmp(asked) >= 0 {
		return nil
	}
	message := fmt.Sprintf("claim %s grows from %s to %s", claim.Name, has.String(), asked.String())
	for _, c := range claim.Status.Conditions {
		if c.Status == corev1.ConditionTrue && c.Type == corev1.PersistentVolumeClaimFileSystemResizePending {
			message += "; the node finishes when the pod runs"
		}
		if c.Status == corev1.ConditionTrue && (c.Type == corev1.PersistentVolumeClaimControllerResizeError || c.Type == corev1.PersistentVolumeClaimNodeResizeError) {
			message += ": " + c.Message
		}
	}
	return wait(v1alpha1.ReasonWaitingForResize, message)
}
