// SPDX-License-Identifier: Apache-2.0

package plan

// Finding is why a peer is not where its spec wants it.
type Finding struct {
	// Reason is one of the reasons in package v1alpha1.
	Reason string
	// Message is for people: what, where, and what to do.
	Message string
	// Stalled is true when only a person can help, false when the operator waits.
	Stalled bool
}

func wait(reason, message string) *Finding {
	return &Finding{Reason: reason, Message: message}
}

func refuse(reason, message string) *Finding {
	return &Finding{Reason: reason, Message: message, Stalled: true}
}
