// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/quantity"
)

// volumeFinding says why the volume cannot be used yet, nil when it can.
func volumeFinding(o Observed) *conditions.Finding {
	claim := o.claim()
	switch {
	case claim != nil && claim.Status.Phase == corev1.ClaimLost:
		return conditions.Refuse(v1alpha1.ReasonVolumeLost, fmt.Sprintf("claim %s lost its volume %s; restore the volume, the operator makes no new one in its place",
			claim.Name, claim.Spec.VolumeName))
	case claim == nil || claim.Status.Phase != corev1.ClaimBound:
		return conditions.Wait(v1alpha1.ReasonWaitingForVolume, fmt.Sprintf("claim %s is not bound to a volume yet", names.Data(o.PeerNode)))
	}
	return nil
}

// resizeFinding says what a growing volume waits for, nil when it is large enough.
func resizeFinding(claim *corev1.PersistentVolumeClaim) *conditions.Finding {
	if claim == nil || claim.Status.Phase != corev1.ClaimBound {
		return nil
	}
	asked := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	has := claim.Status.Capacity[corev1.ResourceStorage]
	if has.Cmp(asked) >= 0 {
		return nil
	}
	return conditions.Wait(v1alpha1.ReasonWaitingForResize, fmt.Sprintf("claim %s grows from %s to %s%s", claim.Name, has.String(), asked.String(), resizeTrouble(claim)))
}

// grows reports whether a change of a volume claim asks for more room, and is not about its labels alone.
func grows(c intent.Change) bool {
	claim, isClaim := c.Live.(*corev1.PersistentVolumeClaim)
	if !isClaim {
		return false
	}
	asked, _, err := unstructured.NestedString(c.Object.Object, "spec", "resources", "requests", string(corev1.ResourceStorage))
	has := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	return err == nil && !quantity.Same(asked, has.String())
}

// resizeTrouble adds what the resizer and the kubelet say of the growth.
func resizeTrouble(claim *corev1.PersistentVolumeClaim) string {
	for _, c := range claim.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
			return ": " + c.Message
		case corev1.PersistentVolumeClaimFileSystemResizePending:
			return "; the node finishes it while the pod runs"
		}
	}
	return ""
}
