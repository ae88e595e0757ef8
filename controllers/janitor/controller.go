// SPDX-License-Identifier: Apache-2.0

// Package janitor deletes the Secrets of revoked keys that need not be kept. It promises that no key goes that may still be
// used. It is no part of the operator, which may create Secrets and never delete one: it runs as a program with an account of
// its own, whose rights are in config/janitor. So there are no markers here; they would give those rights to the operator.
package janitor

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/controllers/internal/status"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/retention"
)

// catchUp is a net under the watch event that ends the wait for the cache.
const catchUp = 2 * time.Second

// Reconciler removes the keys of one PeerNode that need not be kept.
type Reconciler struct {
	// Client writes.
	Client client.Client
	// Live reads from the API server, past the cache.
	Live client.Reader
	// Events records events of events.k8s.io/v1.
	Events events.EventRecorder

	secrets secrets
}

// Reconcile looks, decides, does and tells. There is no condition to tell a refusal in, so that is logged.
func (r *Reconciler) Reconcile(ctx context.Context, seen *v1alpha1.PeerNode) (ctrl.Result, error) {
	removal := retention.Decide(seen)
	if removal.None() {
		return ctrl.Result{}, nil
	}
	done := outcome.Of(r.remove(ctx, seen, removal))
	if done.Finding != nil {
		logf.FromContext(ctx).Info("the keys stay for now", "epochs", removal.Epochs, "refused", done.Finding.Message)
	}
	return done.Result()
}

// remove deletes Secrets, and then says up to which epoch: killed in between, it finds nothing more to delete the next time,
// and says the same.
//
// The order of the looks is what makes it safe. Which Secrets have the names is asked first, and the PeerNode is read after
// that, past the cache. A key that is on record as revoked is never used again by this PeerNode, and its number never given
// to another. What a later PeerNode of the same name makes, or somebody restores for it, is a Secret with another UID, and a
// deletion that was late in coming does not meet it. There is no resourceVersion among the preconditions, because whoever
// may not read a Secret does not know it; the content of these cannot change, as they are immutable.
func (r *Reconciler) remove(ctx context.Context, seen *v1alpha1.PeerNode, removal retention.Removal) error {
	found := map[int64]types.UID{}
	for _, epoch := range removal.Epochs {
		uid, err := r.secrets.uid(ctx, seen.Namespace, names.Key(seen, epoch))
		if err != nil {
			return fmt.Errorf("ask which Secret %s there is: %w", names.Key(seen, epoch), err)
		}
		found[epoch] = uid
	}
	p := &v1alpha1.PeerNode{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(seen), p); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("look at PeerNode %s before its keys are removed: %w", seen.Name, err)
	}
	if p.UID != seen.UID || !slices.Equal(retention.Decide(p).Epochs, removal.Epochs) {
		return &outcome.Later{After: catchUp, Why: "the cache has yet to see what became of PeerNode " + seen.Name}
	}
	for _, epoch := range removal.Epochs {
		if err := r.delete(ctx, p, epoch, found[epoch]); err != nil {
			return err
		}
	}
	return status.WriteRemoved(ctx, r.Client, p, removal.Through)
}

// delete deletes the Secret that was found, and tells of it. Where none was found there is nothing to tell.
func (r *Reconciler) delete(ctx context.Context, p *v1alpha1.PeerNode, epoch int64, uid types.UID) error {
	if uid == "" {
		return nil
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: names.Key(p, epoch), UID: uid}}
	err := r.Client.Delete(ctx, secret, client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete Secret %s: %w", secret.Name, err)
	}
	if err == nil {
		// Events about two Secrets would be taken for one that repeats, but for what they are related to.
		r.Events.Eventf(p, secret, corev1.EventTypeNormal, v1alpha1.ReasonKeyRemoved, "Remove", "deleted Secret %s with the revoked key of epoch %d, as spec.identity.rotation.keepPrevious says", secret.Name, epoch)
	}
	return nil
}
