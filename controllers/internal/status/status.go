// SPDX-License-Identifier: Apache-2.0

// Package status holds the only code that writes the status of our kinds.
package status

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	applyv1alpha1 "github.com/peernode/operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
)

// Write applies the whole status of p, so that a condition that is no longer told goes away. It returns the new
// resourceVersion, or "" when the PeerNode is gone, which is not an error.
func Write(ctx context.Context, c client.Client, p *v1alpha1.PeerNode, next v1alpha1.PeerNodeStatus) (string, error) {
	raw, err := json.Marshal(next)
	if err != nil {
		return "", fmt.Errorf("encode status: %w", err)
	}
	status := applyv1alpha1.PeerNodeStatus()
	if err := json.Unmarshal(raw, status); err != nil {
		return "", fmt.Errorf("decode status: %w", err)
	}
	// The UID keeps the status of a deleted PeerNode from landing on its successor.
	applied := applyv1alpha1.PeerNode(p.Name, p.Namespace).WithUID(p.UID).WithStatus(status)
	err = c.Status().Apply(ctx, applied, client.FieldOwner(apply.FieldManager), client.ForceOwnership)
	switch {
	case apierrors.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("write status: %w", err)
	case applied.ResourceVersion == nil:
		return "", nil
	}
	return *applied.ResourceVersion, nil
}
