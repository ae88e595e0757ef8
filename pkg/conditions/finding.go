// SPDX-License-Identifier: Apache-2.0

package conditions

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// Finding is why an object is not where its spec wants it.
type Finding struct {
	// Reason is one of the reasons in package v1alpha1.
	Reason string
	// Message is for people: what, where, and what to do.
	Message string
	// Stalled is true when only a person can help, false when the operator waits.
	Stalled bool
}

// Wait is a finding that will pass by itself.
func Wait(reason, message string) *Finding {
	return &Finding{Reason: reason, Message: message}
}

// Refuse is a finding that only a person can end.
func Refuse(reason, message string) *Finding {
	return &Finding{Reason: reason, Message: message, Stalled: true}
}

// Reconciling is the kstatus condition that follows from a finding, nil for none.
func Reconciling(f *Finding) metav1.Condition {
	if f != nil && !f.Stalled {
		return metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: f.Reason, Message: f.Message}
	}
	return metav1.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonSettled}
}

// Stalled is the kstatus condition that follows from a finding, nil for none.
func Stalled(f *Finding) metav1.Condition {
	if f != nil && f.Stalled {
		return metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: f.Reason, Message: f.Message}
	}
	return metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonSettled}
}

// Progress is the condition that speaks for the whole: Stalled or Reconciling while True, otherwise Ready.
func Progress(list []metav1.Condition) metav1.Condition {
	for _, conditionType := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
		if c := Find(list, conditionType); c.Status == metav1.ConditionTrue {
			return c
		}
	}
	return Find(list, v1alpha1.ConditionReady)
}

// Event is a sentence for `kubectl describe`.
type Event struct {
	Type, Reason, Action, Message string
}

// Normal is an event about something that goes its way.
func Normal(reason, action, message string) Event {
	return Event{Type: corev1.EventTypeNormal, Reason: reason, Action: action, Message: message}
}

// Warning is an event about something that a person may want to look at.
func Warning(reason, action, message string) Event {
	return Event{Type: corev1.EventTypeWarning, Reason: reason, Action: action, Message: message}
}
