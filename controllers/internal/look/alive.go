// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/intent"
)

// Alive reads past the cache and makes sure that an object on whose behalf something is about to be done is still
// there, is to stay, and still asks for what was read. A cache that is behind shows its objects go, or lose their
// owner, before it shows that it is gone itself: what is made then would have nobody to belong to, and what is given
// its owner back would go with it.
func Alive(ctx context.Context, live client.Reader, ref intent.Ref, seen metav1.Object) error {
	now := &metav1.PartialObjectMetadata{}
	now.SetGroupVersionKind(ref.GroupVersionKind)
	err := live.Get(ctx, ref.NamespacedName, now)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("look whether %s still exists before anything is done for it: %w", ref, err)
	case err != nil, now.UID != seen.GetUID(), now.DeletionTimestamp != nil, now.Generation != seen.GetGeneration():
		return &outcome.Later{After: catchUp, Why: fmt.Sprintf("the cache has yet to see that %s was changed or deleted", ref)}
	default:
		return nil
	}
}
