// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// ToTell reports how long the next status is to be held back, 0 for not at all, and false when it says nothing new.
// told is when a status was last written, the zero time when that is not known.
func ToTell(before, next v1alpha1.PeerFleetStatus, told, now time.Time, settle time.Duration) (time.Duration, bool) {
	switch {
	case sameStatus(before, next):
		return 0, false
	case important(before, next):
		return 0, true
	}
	return max(0, told.Add(settle).Sub(now)), true
}

func sameStatus(a, b v1alpha1.PeerFleetStatus) bool {
	if !conditions.Equal(a.Conditions, b.Conditions) {
		return false
	}
	a.Conditions, b.Conditions = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// important is whatever is not a number or a sentence: a new spec or template, a condition that turned, another
// reason.
func important(before, next v1alpha1.PeerFleetStatus) bool {
	if before.ObservedGeneration != next.ObservedGeneration || before.UpdateRevision != next.UpdateRevision || before.CurrentRevision != next.CurrentRevision ||
		(before.Failed == nil) != (next.Failed == nil) || len(before.Conditions) != len(next.Conditions) {
		return true
	}
	for _, is := range next.Conditions {
		was := conditions.Find(before.Conditions, is.Type)
		if was.Status != is.Status || was.Reason != is.Reason {
			return true
		}
	}
	return false
}

// Events tells what changed between two statuses that were written one after the other.
func Events(before, next v1alpha1.PeerFleetStatus) []conditions.Event {
	var out []conditions.Event
	if before.UpdateRevision != "" && before.UpdateRevision != next.UpdateRevision && next.UpdateRevision != "" {
		out = append(out, conditions.Normal(v1alpha1.ReasonRolloutStarted, "Update", "the template changed to revision "+next.UpdateRevision))
	}
	if next.Failed != nil && (before.Failed == nil || before.Failed.Revision != next.Failed.Revision) {
		out = append(out, conditions.Warning(v1alpha1.ReasonRolledBack, "Rollback", "revision "+next.Failed.Revision+" is taken back, because "+next.Failed.Message))
	}
	switch {
	case before.CurrentRevision != "" && before.CurrentRevision != next.CurrentRevision:
		out = append(out, conditions.Normal(v1alpha1.ReasonRolloutFinished, "Update", fmt.Sprintf("every peer has revision %s and serves", next.CurrentRevision)))
	case wentBack(before, next):
		out = append(out, conditions.Normal(v1alpha1.ReasonRolloutFinished, "Update", "every peer has revision "+next.CurrentRevision+" again"))
	}
	was, is := conditions.Progress(before.Conditions), conditions.Progress(next.Conditions)
	switch {
	case was.Reason == is.Reason && was.Type == is.Type, len(before.Conditions) == 0 && is.Type != v1alpha1.ConditionStalled:
	case is.Type == v1alpha1.ConditionStalled:
		out = append(out, conditions.Warning(is.Reason, "Refuse", is.Message))
	case is.Type == v1alpha1.ConditionReconciling:
		out = append(out, conditions.Normal(is.Reason, "Wait", is.Message))
	default:
		out = append(out, conditions.Normal(is.Reason, "Settle", is.Message))
	}
	return out
}

// wentBack reports whether the last peer just got the revision back that all of them had before.
func wentBack(before, next v1alpha1.PeerFleetStatus) bool {
	return before.OldestRevision != "" && next.CurrentRevision != "" && before.OldestRevision != next.CurrentRevision && next.OldestRevision == next.CurrentRevision
}
