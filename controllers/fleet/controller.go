// SPDX-License-Identifier: Apache-2.0

// Package fleet makes, changes and removes the PeerNodes of each PeerFleet, and keeps what they share: the list of
// peers and the disruption budget. What happens below a PeerNode is the business of package peernode.
package fleet

import (
	"context"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/controllers/internal/status"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/settings"
)

// Reconciler brings one PeerFleet to its spec.
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
	told   sync.Map // types.UID of a fleet -> time.Time of its last status
}

// Reconcile looks, decides, does and tells. A fleet on its way out needs nothing: the garbage collector removes what
// it owns, and each PeerNode sees to its own volume and keys.
func (r *Reconciler) Reconcile(ctx context.Context, f *v1alpha1.PeerFleet) (ctrl.Result, error) {
	if f.DeletionTimestamp != nil {
		r.told.Delete(f.UID)
		return ctrl.Result{}, nil
	}
	observed, err := r.observe(ctx, f)
	if err != nil {
		return outcome.Of(err).Result()
	}
	plan, err := fleet.Decide(observed)
	if err != nil {
		return ctrl.Result{}, err
	}
	done := outcome.Of(r.do(ctx, f, plan))
	if done.Err != nil || done.Finding == nil && done.After > 0 {
		return done.Result()
	}
	return r.tell(ctx, observed, plan, done)
}

// do carries the plan out. Every step can be repeated.
func (r *Reconciler) do(ctx context.Context, f *v1alpha1.PeerFleet, plan fleet.Plan) error {
	if plan.Blocked != nil {
		return nil
	}
	if plan.Acts() {
		if err := look.Alive(ctx, r.Live, refOf(f), f); err != nil {
			return err
		}
	}
	hands := r.hands(f)
	if err := hands.Apply(ctx, plan.Apply); err != nil {
		return err
	}
	for _, peer := range plan.Delete {
		if err := hands.Delete(ctx, v1alpha1.SchemeGroupVersion.WithKind("PeerNode"), peer); err != nil {
			return err
		}
		r.record(f, conditions.Normal(v1alpha1.ReasonPeerRemoved, "Delete", "removed PeerNode "+peer.Name+", whose ordinal is no longer wanted"))
	}
	for _, record := range plan.Forget {
		if err := hands.Delete(ctx, appsv1.SchemeGroupVersion.WithKind("ControllerRevision"), record); err != nil {
			return err
		}
	}
	return nil
}

// tell writes the status if it says something new, and then the events that follow from it.
func (r *Reconciler) tell(ctx context.Context, o fleet.Observed, plan fleet.Plan, done outcome.Outcome) (ctrl.Result, error) {
	before := o.Fleet.Status
	if !plan.LookAgain.IsZero() {
		done.After = outcome.Soonest(done.After, max(time.Second, plan.LookAgain.Sub(o.Now)))
	}
	after := fleet.Status(o, plan, done.Finding, r.Now())
	hold, news := fleet.ToTell(before, after, r.lastTold(o.Fleet.UID), r.Now(), r.Options.Settle)
	if !news || hold > 0 {
		return ctrl.Result{RequeueAfter: outcome.Soonest(done.After, hold)}, nil
	}
	version, err := status.WriteFleet(ctx, r.Client, o.Fleet, after)
	if apierrors.IsConflict(err) {
		return outcome.Of(err).Result()
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	r.told.Store(o.Fleet.UID, r.Now())
	r.ledger.Wrote(refOf(o.Fleet), version, r.Now())
	for _, e := range fleet.Events(before, after) {
		r.record(o.Fleet, e)
	}
	return ctrl.Result{RequeueAfter: done.After}, nil
}

func (r *Reconciler) lastTold(uid types.UID) time.Time {
	if at, ok := r.told.Load(uid); ok {
		return at.(time.Time) //nolint:forcetypeassert // nothing else is stored
	}
	return time.Time{}
}

func (r *Reconciler) record(f *v1alpha1.PeerFleet, e conditions.Event) {
	r.Events.Eventf(f, nil, e.Type, e.Reason, e.Action, "%s", e.Message)
}

func (r *Reconciler) hands(f *v1alpha1.PeerFleet) *apply.Hands {
	ours := func(o metav1.Object) bool { return gate.OfFleet(f, o) }
	return &apply.Hands{Client: r.Client, Live: r.Live, Ledger: &r.ledger, Now: r.Now, Manager: apply.FleetFieldManager, Ours: ours}
}

func refOf(f *v1alpha1.PeerFleet) intent.Ref {
	return intent.Ref{
		GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("PeerFleet"),
		NamespacedName:   client.ObjectKeyFromObject(f),
	}
}
