// SPDX-License-Identifier: Apache-2.0

// Package backupstore has each PeerBackupStore checked: when it is made or changed, and again and again. It promises that the
// status tells what the last check found, and that nothing is written between two of them. It has old backups removed in the
// same way, where the spec asks for that.
package backupstore

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/controllers/internal/status"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/settings"
)

// Reconciler has one store checked.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server, past the cache.
	Live client.Reader
	// Events records events of events.k8s.io/v1.
	Events events.EventRecorder
	// Options are the operator's own settings.
	Options settings.Operator
	// Now is the clock.
	Now func() time.Time

	ledger freshness.Ledger
}

// Reconcile looks, decides, does and tells. A store on its way out needs nothing: the garbage collector removes what it owns.
func (r *Reconciler) Reconcile(ctx context.Context, s *v1alpha1.PeerBackupStore) (ctrl.Result, error) {
	if s.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	observed, err := r.observe(ctx, s)
	if err != nil {
		return outcome.Of(err).Result()
	}
	plan, err := backupstore.Decide(observed)
	if err != nil {
		return ctrl.Result{}, err
	}
	done := outcome.Of(r.do(ctx, s, plan))
	if done.Err != nil || done.Finding == nil && done.After > 0 {
		return done.Result()
	}
	return r.tell(ctx, observed, plan, done)
}

// do carries the plan out. Every step can be repeated.
func (r *Reconciler) do(ctx context.Context, s *v1alpha1.PeerBackupStore, plan backupstore.Plan) error {
	if !plan.Acts() {
		return nil
	}
	if err := look.Alive(ctx, r.Live, refOf(s), s); err != nil {
		return err
	}
	ours := func(o metav1.Object) bool { return gate.OfStore(s, o) }
	hands := &apply.Hands{Client: r.Client, Live: r.Live, Ledger: &r.ledger, Now: r.Now, Manager: apply.FieldManager, Ours: ours}
	if err := hands.Apply(ctx, plan.Apply); err != nil {
		return err
	}
	return hands.Remove(ctx, plan.Remove)
}

// tell writes the status if it says something new, and then the events that follow from it.
func (r *Reconciler) tell(ctx context.Context, o backupstore.Observed, plan backupstore.Plan, done outcome.Outcome) (ctrl.Result, error) {
	before := o.Store.Status
	after := backupstore.Status(o, plan, done.Finding, r.Now())
	if !plan.LookAgain.IsZero() {
		done.After = outcome.Soonest(done.After, max(time.Second, plan.LookAgain.Sub(o.Now)))
	}
	if !backupstore.News(before, after) {
		return ctrl.Result{RequeueAfter: done.After}, nil
	}
	version, err := status.WriteStore(ctx, r.Client, o.Store, after)
	if apierrors.IsConflict(err) {
		return outcome.Of(err).Result()
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	r.ledger.Wrote(refOf(o.Store), version, r.Now())
	for _, e := range backupstore.Events(before, after) {
		r.Events.Eventf(o.Store, nil, e.Type, e.Reason, e.Action, "%s", e.Message)
	}
	// The watch brings back what was written, and with it when the next check is due.
	return ctrl.Result{RequeueAfter: done.After}, nil
}

func refOf(s *v1alpha1.PeerBackupStore) intent.Ref {
	return intent.Ref{
		GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("PeerBackupStore"),
		NamespacedName:   client.ObjectKeyFromObject(s),
	}
}
