// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/storecheck"
)

// Status is what is to be told about the store. failed is what doing the plan ran into, nil when it went well.
func Status(o Observed, p Plan, failed *conditions.Finding, now time.Time) v1alpha1.PeerBackupStoreStatus {
	s := *o.Store.Status.DeepCopy()
	s.ObservedGeneration = o.Store.Generation
	why := ""
	if p.ended != nil {
		why = record(o.Store, &s, *p.ended, now)
	}
	known := judge(o.Store, s, why)
	if p.ended != nil && known == nil {
		s.LastPassed = &s.LastCheck.Time
	}
	finding := known
	for _, hindrance := range []*conditions.Finding{failed, p.blocked} {
		if hindrance != nil {
			finding = hindrance
		}
	}
	if known != nil && known.Reason == v1alpha1.ReasonWaitingForCheck {
		known = finding // Nothing is known, and this is why.
	}
	list := []metav1.Condition{ready(s, known), conditions.Reconciling(finding), conditions.Stalled(finding), leastPrivilege(o.Store, s)}
	list = append(list, retained(o, p, &s, now)...)
	for i := range list {
		list[i].ObservedGeneration = o.Store.Generation
	}
	s.Conditions = conditions.Carry(o.Store.Status.Conditions, list, now)
	return s
}

// leastPrivilege is Unknown until somebody has looked.
func leastPrivilege(store *v1alpha1.PeerBackupStore, s v1alpha1.PeerBackupStoreStatus) metav1.Condition {
	if s.Found == nil || s.LastCheck == nil || s.LastCheck.Generation != store.Generation {
		return conditions.New(v1alpha1.ConditionLeastPrivilege, metav1.ConditionUnknown, v1alpha1.ReasonWaitingForCheck, "what the credentials may do has not been tried yet")
	}
	return storecheck.LeastPrivilege(store.Spec, *s.Found)
}

// record puts the end of a check on record, and returns why it failed, "" where it did not. What was found by another spec
// says nothing about this one.
func record(store *v1alpha1.PeerBackupStore, s *v1alpha1.PeerBackupStoreStatus, e ended, now time.Time) string {
	if s.LastCheck != nil && s.LastCheck.Generation != store.Generation {
		s.Found = nil
	}
	s.LastCheck = &v1alpha1.BackupStoreCheck{
		Time: metav1.NewTime(now).Rfc3339Copy(), Job: JobRef(store).Name, Generation: store.Generation, Failed: e.found == nil,
	}
	if e.found == nil {
		return fmt.Sprintf("Job %s cannot check the store: %s. It is tried again in five minutes, or when the spec changes", s.LastCheck.Job, e.why)
	}
	s.Found = e.found
	return ""
}

// judge says what stands between the store and its spec by what is on record, nil where nothing does. why is of the check that
// has failed just now.
func judge(store *v1alpha1.PeerBackupStore, s v1alpha1.PeerBackupStoreStatus, why string) *conditions.Finding {
	last := s.LastCheck
	switch {
	case last == nil, last.Generation != store.Generation:
		return conditions.Wait(v1alpha1.ReasonWaitingForCheck, fmt.Sprintf("Job %s is to check the store; its pod starts once %s", JobRef(store).Name, mounted(store)))
	case why != "":
		return conditions.Wait(v1alpha1.ReasonCheckFailed, why)
	case last.Failed:
		return stillFailed(s)
	default:
		return storecheck.Decide(store.Spec, *s.Found)
	}
}

// stillFailed repeats why the last check failed, which nobody else remembers.
func stillFailed(s v1alpha1.PeerBackupStoreStatus) *conditions.Finding {
	if was := conditions.Find(s.Conditions, v1alpha1.ConditionReady); was.Reason == v1alpha1.ReasonCheckFailed {
		return conditions.Wait(was.Reason, was.Message)
	}
	return conditions.Wait(v1alpha1.ReasonCheckFailed, "the last check failed; it is tried again in five minutes, or when the spec changes")
}

// ready is Unknown while nobody knows.
func ready(s v1alpha1.PeerBackupStoreStatus, f *conditions.Finding) metav1.Condition {
	switch {
	case f == nil:
		message := "the last check found the store as the spec wants it"
		if notes := storecheck.Notes(*s.Found); notes != "" {
			message += "; " + notes
		}
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonChecked, message)
	case f.Reason == v1alpha1.ReasonWaitingForCheck:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionUnknown, f.Reason, f.Message)
	default:
		return conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, f.Reason, f.Message)
	}
}

// News reports whether a status says anything that the one before does not.
func News(before, next v1alpha1.PeerBackupStoreStatus) bool {
	if !conditions.Equal(before.Conditions, next.Conditions) {
		return true
	}
	before.Conditions, next.Conditions = nil, nil
	return !equality.Semantic.DeepEqual(before, next)
}

// waiting are reasons that are no news, beside that of a condition that is not there.
var waiting = []string{"", v1alpha1.ReasonWaitingForCheck, v1alpha1.ReasonWaitingForPrune, v1alpha1.ReasonNoKeyKnown}

// Events tells what turned between two statuses that were written one after the other.
func Events(before, next v1alpha1.PeerBackupStoreStatus) []conditions.Event {
	var out []conditions.Event
	for _, of := range []struct{ condition, action string }{{v1alpha1.ConditionReady, "Check"}, {v1alpha1.ConditionLeastPrivilege, "CheckRights"}, {v1alpha1.ConditionRetentionHealthy, "Prune"}} {
		was, is := conditions.Find(before.Conditions, of.condition), conditions.Find(next.Conditions, of.condition)
		switch {
		case was.Status == is.Status && was.Reason == is.Reason, slices.Contains(waiting, is.Reason):
		case is.Status != metav1.ConditionTrue:
			out = append(out, conditions.Warning(is.Reason, of.action, is.Message))
		case of.condition == v1alpha1.ConditionReady || was.Status == metav1.ConditionFalse:
			out = append(out, conditions.Normal(is.Reason, of.action, is.Message))
		}
	}
	return out
}
