// SPDX-License-Identifier: Apache-2.0

package conditions

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
