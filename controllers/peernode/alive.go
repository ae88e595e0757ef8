// SPDX-License-Identifier: Apache-2.0

package peernode

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/outcome"
)

// alive makes sure that a PeerNode for which something new is about to be made is still there, and to stay. A cache
// that is behind shows its objects go before it shows that it is gone itself; what is made then would have nobody
// to belong to, and a volume or a key would stay for good.
func (r *Reconciler) alive(ctx context.Context, p *v1alpha1.PeerNode) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("PeerNode"))
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(p), live)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("look whether the PeerNode still exists before anything is made for it: %w", err)
	case err != nil, live.UID != p.UID, live.DeletionTimestamp != nil:
		return &outcome.Later{After: catchUp, Why: "the cache has yet to see that this PeerNode was deleted"}
	default:
		return nil
	}
}
