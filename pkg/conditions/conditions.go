// SPDX-License-Identifier: Apache-2.0

// Package conditions keeps lists of conditions as kstatus and the Kubernetes API conventions want them.
package conditions

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// New is a condition without its time, which Carry adds.
func New(conditionType string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message}
}

// Find returns the condition of a type, the zero value where there is none.
func Find(list []metav1.Condition, conditionType string) metav1.Condition {
	for _, c := range list {
		if c.Type == conditionType {
			return c
		}
	}
	return metav1.Condition{}
}

// Carry gives every condition of next the time of its last transition: that of the same condition in previous
// where the status did not change, now where it did. It changes next and returns it.
func Carry(previous, next []metav1.Condition, now time.Time) []metav1.Condition {
	for i := range next {
		before := Find(previous, next[i].Type)
		next[i].LastTransitionTime = before.LastTransitionTime
		if before.Status != next[i].Status {
			next[i].LastTransitionTime = metav1.NewTime(now).Rfc3339Copy()
		}
	}
	return next
}

// LastTransition is the newest time of transition in the list.
func LastTransition(list []metav1.Condition) time.Time {
	var newest time.Time
	for _, c := range list {
		if c.LastTransitionTime.After(newest) {
			newest = c.LastTransitionTime.Time
		}
	}
	return newest
}

// Equal reports whether two lists say the same, whatever the order and the times of transition.
func Equal(a, b []metav1.Condition) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c metav1.Condition) bool {
		other := Find(b, c.Type)
		other.LastTransitionTime = c.LastTransitionTime
		return c != other
	})
}
