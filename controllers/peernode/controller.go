// SPDX-License-Identifier: Apache-2.0

// Package peernode makes and keeps the objects of each PeerNode. It promises that what its plan intends exists,
// that nothing else is touched, and that the status tells what is.
package peernode

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers/internal/apply"
	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/controllers/internal/freshness"
	"github.com/peernode/operator/controllers/internal/look"
	"github.com/peernode/operator/controllers/internal/outcome"
	"github.com/peernode/operator/controllers/internal/status"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

// Reconciler brings one PeerNode to its spec.
type Reconciler struct {
	// Client reads from the cache and writes.
	Client client.Client
	// Live reads from the API server, past the cache.
	Live client.Reader
	// Events records events of events.k8s.io/v1.
	Events events.EventRecorder
	// OptionalCache shapes the caches of kinds that not every cluster has, which are made while this one does.
	OptionalCache cache.Options
	// Options are the operator's own settings.
	Options settings.Operator
	// Enforced is what is known of NetworkPolicies.
	Enforced *enforced.State
	// Now is the clock.
	Now func() time.Time

	ledger    freshness.Ledger
	published look.Published
	// certificates are those of cert-manager, routes those of the Gateway API.
	certificates, routes *optionalKind
	begin                sync.Once
	begun                time.Time
}

// Reconcile looks, decides, does and tells.
func (r *Reconciler) Reconcile(ctx context.Context, p *v1alpha1.PeerNode) (ctrl.Result, error) {
	if p.DeletionTimestamp != nil {
		return r.delete(ctx, p)
	}
	observed, err := r.observe(ctx, p)
	if err != nil {
		return outcome.Of(err).Result()
	}
	decided, err := plan.Decide(observed)
	if err != nil {
		return ctrl.Result{}, err
	}
	kept, err := r.do(ctx, p, decided)
	done := outcome.Of(err)
	if done.Err != nil || done.Finding == nil && done.After > 0 {
		return done.Result()
	}
	if done.Finding == nil {
		r.record(p, plan.Changes(decided))
	}
	if !kept {
		decided = decided.WithoutKey()
	}
	return r.tell(ctx, observed, decided, done)
}

// do carries the plan out. Every step can be repeated. kept is whether a key that was made is kept by now, whatever else
// went wrong.
func (r *Reconciler) do(ctx context.Context, p *v1alpha1.PeerNode, decided plan.Plan) (kept bool, err error) {
	if decided.Blocked != nil {
		return true, nil
	}
	if decided.Acts() {
		if err := look.Alive(ctx, r.Live, refOf(p), p); err != nil {
			return false, err
		}
	}
	if err := r.guardData(ctx, p); err != nil {
		return false, err
	}
	if err := r.keepKey(ctx, p, decided); err != nil {
		return false, err
	}
	hands := r.hands(p)
	if err := hands.Apply(ctx, decided.Apply); err != nil {
		return true, err
	}
	for _, object := range decided.Delete {
		kind, err := r.Client.GroupVersionKindFor(object)
		if err != nil {
			return true, err
		}
		if err := hands.Delete(ctx, kind, object); err != nil {
			return true, err
		}
	}
	return true, nil
}

// tell writes the status if it says something new, and then the events that follow from it.
func (r *Reconciler) tell(ctx context.Context, o plan.Observed, decided plan.Plan, done outcome.Outcome) (ctrl.Result, error) {
	before, now := o.PeerNode.Status, r.Now()
	again := outcome.Soonest(done.After, o.LookAgain)
	if until := decided.Rotation(o, now).Until; !until.IsZero() {
		again = outcome.Soonest(again, max(time.Second, until.Sub(now)))
	}
	if due := decided.CertificateDue(o, now); !due.IsZero() {
		again = outcome.Soonest(again, max(time.Second, due.Sub(now)))
	}
	if due := decided.BackupDue(o, now); !due.IsZero() {
		again = outcome.Soonest(again, max(time.Second, due.Sub(now)))
	}
	after := plan.Status(o, decided, plan.Judge(o, decided, done.Finding, now), now)
	telling := plan.ToTell(before, after, now, r.Options.Settle)
	if !telling.Write {
		return ctrl.Result{RequeueAfter: outcome.Soonest(again, telling.After)}, nil
	}
	version, err := status.Write(ctx, r.Client, o.PeerNode, after)
	if apierrors.IsConflict(err) {
		return outcome.Of(err).Result()
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	r.ledger.Wrote(refOf(o.PeerNode), version, r.Now())
	r.record(o.PeerNode, plan.Events(before, after))
	return ctrl.Result{RequeueAfter: again}, nil
}

func (r *Reconciler) record(p *v1alpha1.PeerNode, list []conditions.Event) {
	for _, e := range list {
		r.Events.Eventf(p, nil, e.Type, e.Reason, e.Action, "%s", e.Message)
	}
}

func (r *Reconciler) hands(p *v1alpha1.PeerNode) *apply.Hands {
	ours := func(o metav1.Object) bool { return gate.Ours(p, o) }
	return &apply.Hands{Client: r.Client, Live: r.Live, Ledger: &r.ledger, Now: r.Now, Manager: apply.FieldManager, Ours: ours}
}

func refOf(p *v1alpha1.PeerNode) intent.Ref {
	return intent.Ref{
		GroupVersionKind: v1alpha1.SchemeGroupVersion.WithKind("PeerNode"),
		NamespacedName:   client.ObjectKeyFromObject(p),
	}
}
