// SPDX-License-Identifier: Apache-2.0

// Package apply carries out changes of owned objects: server-side apply under one field manager, and deletion
// with preconditions.
package apply

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
)

// Names under which the operator owns fields. A PeerNode of a fleet is written by two controllers, each of which
// would take away the other's fields under a shared name.
const (
	FieldManager      = "peernode-operator"
	FleetFieldManager = "peernode-operator/fleet"
	// JanitorFieldManager is that of another program, which tells one field of a status.
	JanitorFieldManager = "peernode-janitor"
)

// correctAgain is the pause before an object that somebody keeps changing is set right once more.
const correctAgain = 10 * time.Second

// Hands carries out changes.
type Hands struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server, past every cache.
	Live client.Reader
	// Ledger is told of every write.
	Ledger *freshness.Ledger
	// Now is the clock.
	Now func() time.Time
	// Manager is the name under which fields are owned.
	Manager string
	// Ours reports whether an object was made for the owner whose objects these are.
	Ours func(metav1.Object) bool
}

// Apply carries out changes in their order. Before the first write it makes sure, by live reads, that no
// object that is to be made is there already under somebody else's hand.
func (h *Hands) Apply(ctx context.Context, changes []intent.Change) error {
	for _, change := range changes {
		if change.Live == nil {
			if err := h.free(ctx, change.Ref); err != nil {
				return err
			}
		}
	}
	for _, change := range changes {
		if change.Difference.Drift && !h.Ledger.MayCorrect(change.Ref, h.Now()) {
			return &outcome.Later{After: correctAgain, Why: fmt.Sprintf("%s was changed again right after it was set right", change.Ref)}
		}
		if err := h.apply(ctx, change); err != nil {
			return err
		}
	}
	return nil
}

// free makes sure that a name is free. The cache shows only objects with our label, so an object that is not in it
// may still exist.
func (h *Hands) free(ctx context.Context, ref intent.Ref) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(ref.GroupVersionKind)
	err := h.Live.Get(ctx, ref.NamespacedName, live)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look whether %s exists: %w", ref, err)
	case !h.Ours(live):
		return &outcome.Refused{Finding: *gate.Foreign(ref)}
	default:
		return &outcome.Later{After: time.Second, Why: fmt.Sprintf("the cache has yet to see %s", ref)}
	}
}

// apply forces ownership: the object is ours, and a field that somebody else has set in it is drift.
func (h *Hands) apply(ctx context.Context, change intent.Change) error {
	object := change.Object.DeepCopy()
	err := h.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(h.Manager), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply %s: %w", change.Ref, err)
	}
	h.Ledger.Wrote(change.Ref, object.GetResourceVersion(), h.Now())
	return nil
}

// Remove removes owned objects, in their order.
func (h *Hands) Remove(ctx context.Context, gone []intent.Removal) error {
	for _, removal := range gone {
		if object, ok := removal.Object.(client.Object); ok { // as everything is that was read
			if err := h.Delete(ctx, removal.GroupVersionKind, object); err != nil {
				return err
			}
		}
	}
	return nil
}

// Delete removes an owned object, provided that a live read still shows the one that was decided about.
func (h *Hands) Delete(ctx context.Context, kind schema.GroupVersionKind, object client.Object) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(kind)
	err := h.Live.Get(ctx, client.ObjectKeyFromObject(object), live)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look at %s %s before deleting it: %w", kind.Kind, object.GetName(), err)
	case live.UID != object.GetUID() || live.DeletionTimestamp != nil:
		return nil
	}
	preconditions := client.Preconditions{UID: &live.UID, ResourceVersion: &live.ResourceVersion}
	// Of a Job that is deleted without a word on them the pods would stay.
	background := client.PropagationPolicy(metav1.DeletePropagationBackground)
	if err := h.Client.Delete(ctx, live, preconditions, background); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s %s: %w", kind.Kind, object.GetName(), err)
	}
	return nil
}
