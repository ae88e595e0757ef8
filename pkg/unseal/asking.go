// SPDX-License-Identifier: Apache-2.0

package unseal

import "strings"

// Reasons of the one who asks, beside those of the unsealer.
const (
	// Unreachable: there is no answer, or not one of the unsealer that the authority vouches for.
	Unreachable Reason = "UnsealerUnreachable"
	// TokenUnreadable and CAUnreadable: what the kubelet should have mounted cannot be read.
	TokenUnreadable Reason = "TokenUnreadable"
	CAUnreadable    Reason = "CAUnreadable"
	// AnswerUnreadable: somebody else has answered, or an unsealer of another release.
	AnswerUnreadable Reason = "AnswerUnreadable"
	// AnswerWrong: the answer is not the key of the envelope that was sent.
	AnswerWrong Reason = "AnswerWrong"
	// EnvelopeUnreadable and EnvelopeWrong: there is none, or it is not that of the peer.
	EnvelopeUnreadable Reason = "EnvelopeUnreadable"
	EnvelopeWrong      Reason = "EnvelopeWrong"
	// KeyUnwritable: the key files cannot be written.
	KeyUnwritable Reason = "KeyUnwritable"
)

// MayPass reports whether the last word of the one who asks, which begins with the reason, tells of something that can
// pass by itself.
func MayPass(lastWord string) bool {
	reason, _, _ := strings.Cut(lastWord, ":")
	switch r := Reason(reason); r {
	case Unreachable, TokenUnreadable, CAUnreadable, AnswerUnreadable:
		return true
	default:
		status, known := statuses[r]
		return known && status != StatusRefused
	}
}
