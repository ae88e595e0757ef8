// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"testing"

	"github.com/peernode/operator/pkg/unseal"
)

func TestWhatMayPassByItself(t *testing.T) {
	for lastWord, want := range map[string]bool{
		"UnsealerUnreachable: no route to host": true,
		"Busy: too many ask":                    true,
		"NotUnsealing: the pod runs already":    true,
		"TokenUnreadable: it is empty":          true,
		"AnswerWrong: another key":              false,
		"OpenerMissing: no such file":           true,
		"EpochRevoked: this key is not in use":  false,
		"NoSuchReason: busy":                    false,
		"":                                      false,
	} {
		if got := unseal.MayPass(lastWord); got != want {
			t.Errorf("%q may pass: %v, want %v", lastWord, got, want)
		}
	}
}

func TestALastWordThatTellsOfAMissingOpener(t *testing.T) {
	for lastWord, want := range map[string]bool{
		"OpenerMissing: no such file":           true,
		"IdentityUnreadable: no private key":    false,
		"UnsealerUnreachable: no route to host": false,
		"":                                      false,
	} {
		if got := unseal.LacksOpener(lastWord); got != want {
			t.Errorf("%q tells of a missing opener: %v, want %v", lastWord, got, want)
		}
	}
}
