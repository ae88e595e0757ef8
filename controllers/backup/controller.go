// SPDX-License-Identifier: Apache-2.0

// Package backup makes the backups that PeerBackups ask for. It promises that a peer is stopped for one only when that is safe,
// that nothing is copied while the peer runs, and that the peer is let start again whatever comes of it.
package backup

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
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/peerbackup"
	"github.com/peernode/operator/pkg/settings"
)

// lookAgain is a net under the watches, for what a backup waits for and nobody tells.
const lookAgain = time.Minute

// Reconciler makes one backup. One is worked on at a time, so that no two find the same peer free.
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

	ledger    freshness.Ledger
	published look.Published
}

// Reconcile looks, decides, does and tells. Before a peer is stopped, or its data are touched, it looks a second time, past
// the cache.
func (r *Reconciler) Reconcile(ctx context.Context, b *v1alpha1.PeerBackup) (ctrl.Result, error) {
	switch {
	case b.DeletionTimestamp != nil:
		return ctrl.Result{}, nil
	case peerbackup.Ended(b):
		return r.tidy(ctx, b)
	}
	observed, plan, err := r.decide(ctx, r.Client, b)
	if err == nil && plan.Irreversible() {
		observed, plan, err = r.decide(ctx, r.Live, b)
	}
	if err != nil {
		return outcome.Of(err).Result()
	}
	done := outcome.Of(r.do(ctx, b, plan))
	if done.Err != nil || done.Finding == nil && done.After > 0 {
		return done.Result()
	}
	return r.tell(ctx, observed, plan, done)
}

// tidy removes what a proof has left.
func (r *Reconciler) tidy(ctx context.Context, b *v1alpha1.PeerBackup) (ctrl.Result, error) {
	if !b.Spec.Prove {
		return ctrl.Result{}, nil
	}
	o := peerbackup.Observed{Backup: b, Objects: map[intent.Ref]intent.Object{}}
	if err := r.observeObjects(ctx, r.eyes(r.Client), &o); err != nil {
		return outcome.Of(err).Result()
	}
	return outcome.Of(r.do(ctx, b, peerbackup.Leftovers(o))).Result()
}

func (r *Reconciler) decide(ctx context.Context, reader client.Reader, b *v1alpha1.PeerBackup) (peerbackup.Observed, peerbackup.Plan, error) {
	observed, err := r.observe(ctx, reader, b)
	if err != nil {
		return observed, peerbackup.Plan{}, err
	}
	plan, err := peerbackup.Decide(observed)
	return observed, plan, err
}

// do carries the plan out. Every step can be repeated.
func (r *Reconciler) do(ctx context.Context, b *v1alpha1.PeerBackup, plan peerbackup.Plan) error {
	if !plan.Irreversible() && len(plan.Delete) == 0 {
		return nil
	}
	if err := look.Alive(ctx, r.Live, refOf(b), b); err != nil {
		return err
	}
	ours := func(o metav1.Object) bool { return gate.OfBackup(b, o) }
	hands := &apply.Hands{Client: r.Client, Live: r.Live, Ledger: &r.ledger, Now: r.Now, Manager: apply.FieldManager, Ours: ours}
	if err := hands.Apply(ctx, plan.Apply); err != nil {
		return err
	}
	return hands.Remove(ctx, plan.Delete)
}

// tell writes the status if it says something new, and then the events that follow from it. What it says is what others go by:
// the peer is stopped, and started, by the record.
func (r *Reconciler) tell(ctx context.Context, o peerbackup.Observed, plan peerbackup.Plan, done outcome.Outcome) (ctrl.Result, error) {
	before, now := o.Backup.Status, r.Now()
	after := peerbackup.Status(o, plan, done.Finding, now)
	again := outcome.Soonest(done.After, lookAgain)
	if !plan.LookAgain.IsZero() {
		again = outcome.Soonest(again, max(time.Second, plan.LookAgain.Sub(now)))
	}
	if !peerbackup.News(before, after) {
		return ctrl.Result{RequeueAfter: again}, nil
	}
	version, err := status.WriteBackup(ctx, r.Client, o.Backup, after)
	if apierrors.IsConflict(err) {
		return outcome.Of(err).Result()
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	r.ledger.Wrote(refOf(o.Backup), version, now)
	for _, e := range peerbackup.Events(before, after) {
		r.Events.Eventf(o.Backup, o.Peer, e.Type, e.Reason, e.Action, "%s", e.Message)
	}
	return ctrl.Result{RequeueAfter: again}, nil
}

func refOf(b *v1alpha1.PeerBackup) intent.Ref {
	return intent.Ref{
		GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("PeerBackup"),
		NamespacedName:   client.ObjectKeyFromObject(b),
	}
}
