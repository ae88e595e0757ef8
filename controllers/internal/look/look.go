// SPDX-License-Identifier: Apache-2.0

// Package look reads objects from the cache, and notices when the cache has not caught up with our own writes.
package look

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/intent"
)

// catchUp is a net under the watch event that ends the wait for the cache.
const catchUp = 2 * time.Second

// Eyes read.
type Eyes struct {
	// Reader reads from the cache, whose objects Scheme knows.
	Reader client.Reader
	Scheme *runtime.Scheme
	// Ledger knows our last writes.
	Ledger *freshness.Ledger
	// Now is the clock.
	Now func() time.Time
}

// Object reads an object, nil where there is none. It asks to come again while the cache has yet to see our last
// write of it.
func (e Eyes) Object(ctx context.Context, ref intent.Ref) (intent.Object, error) {
	typed, err := e.Scheme.New(ref.GroupVersionKind)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	object, ok := typed.(client.Object)
	if !ok {
		return nil, fmt.Errorf("read %s: not an object", ref)
	}
	err = e.Reader.Get(ctx, ref.NamespacedName, object)
	if apierrors.IsNotFound(err) {
		return nil, e.Fresh(ref, "")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	return object, e.Fresh(ref, object.GetResourceVersion())
}

// Fresh asks to come again while a cache that shows the object at resourceVersion, or "" for absent, has yet to see
// our last write of it.
func (e Eyes) Fresh(ref intent.Ref, resourceVersion string) error {
	if e.Ledger.Behind(ref, resourceVersion, e.Now()) {
		return &outcome.Later{After: catchUp, Why: fmt.Sprintf("the cache has yet to see our last write of %s", ref)}
	}
	return nil
}
