// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// SimulateResizer plays the CSI resizer, which this control plane does not have: the capacity of bound claims
// follows what they ask for. It returns when ctx ends.
func (e *Env) SimulateResizer(ctx context.Context) {
	for {
		// A failure is tried again at the next look, as the real one would.
		_ = e.resizeAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

func (e *Env) resizeAll(ctx context.Context) error {
	claims := &corev1.PersistentVolumeClaimList{}
	if err := e.Admin.List(ctx, claims); err != nil {
		return err
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		asked, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
		if claim.Status.Phase != corev1.ClaimBound || has.Cmp(asked) >= 0 {
			continue
		}
		before := claim.DeepCopy()
		claim.Status.Capacity[corev1.ResourceStorage] = asked
		if err := e.Admin.Status().Patch(ctx, claim, client.MergeFrom(before)); err != nil {
			return err
		}
	}
	return nil
}
