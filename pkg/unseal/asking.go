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
	// OpenerMissing: the file with the private key that opens the envelope in direct mode is not there yet.
	OpenerMissing Reason = "OpenerMissing"
	// IdentityUnreadable: that file cannot be read, or holds no private key of age.
	IdentityUnreadable Reason = "IdentityUnreadable"
	// EnvelopeNotForUs: none of the private keys in that file opens the envelope.
	EnvelopeNotForUs Reason = "EnvelopeNotForUs"
	// KeyUnwritable: the key files cannot be written.
	KeyUnwritable Reason = "KeyUnwritable"
)

// MayPass reports whether the last word of the one who asks, which begins with the reason, tells of something that can
// pass by itself.
func MayPass(lastWord string) bool {
	switch reason := reasonOf(lastWord); reason {
	case Unreachable, TokenUnreadable, CAUnreadable, AnswerUnreadable, OpenerMissing:
		return true
	default:
		status, known := statuses[reason]
		return known && status != StatusRefused
	}
}

// LacksOpener reports whether it tells of a private key that is not there.
func LacksOpener(lastWord string) bool { return reasonOf(lastWord) == OpenerMissing }

func reasonOf(lastWord string) Reason {
	reason, _, _ := strings.Cut(lastWord, ":")
	return Reason(reason)
}
