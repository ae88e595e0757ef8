// SPDX-License-Identifier: Apache-2.0

// Package outcome turns what a request came to into what the controller does next: wait, refuse or try again.
package outcome

import (
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Refused is a finding that came up while the plan was carried out.
type Refused struct{ Finding conditions.Finding }

// Error is the finding's message.
func (r *Refused) Error() string { return r.Finding.Reason + ": " + r.Finding.Message }

// Later asks for another look after a while, without the alarm of an error.
type Later struct {
	After time.Duration
	Why   string
}

// Error says why.
func (l *Later) Error() string { return l.Why }

// retryRefusal is how soon a refusal is put to the server again that could end without a change of ours, such as
// an exhausted quota.
const retryRefusal = 30 * time.Second

// Outcome is what the controller does next.
type Outcome struct {
	// Finding is to be told, nil when there is nothing to tell.
	Finding *conditions.Finding
	// After is when to look again, 0 for when something changes.
	After time.Duration
	// Err is handed to the work queue, which backs off.
	Err error
}

// Result is the outcome in the terms of the work queue.
func (o Outcome) Result() (ctrl.Result, error) {
	return ctrl.Result{RequeueAfter: o.After}, o.Err
}

// Soonest is the shorter of two waits, of which 0 is none.
func Soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Of classifies the error of doing a plan; nil is a success.
func Of(err error) Outcome {
	var refused *Refused
	var later *Later
	switch {
	case err == nil:
		return Outcome{}
	case errors.As(err, &refused):
		return Outcome{Finding: &refused.Finding, After: retryRefusal}
	case errors.As(err, &later):
		return Outcome{After: later.After, Err: nil}
	case apierrors.IsConflict(err):
		return Outcome{After: time.Second}
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return Outcome{After: retryRefusal}
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return Outcome{Finding: conditions.Refuse(v1alpha1.ReasonObjectRefused, err.Error()), After: retryRefusal}
	case apierrors.IsForbidden(err):
		return Outcome{Finding: conditions.Wait(v1alpha1.ReasonRetrying, err.Error()), After: retryRefusal}
	default:
		return Outcome{Err: err}
	}
}
