// SPDX-License-Identifier: Apache-2.0

package enforced_test

import (
	"testing"

	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/pkg/enforcement"
)

func TestAChangeIsSeenOnceAndHoldsNobodyUp(t *testing.T) {
	first := enforcement.Word{Asked: true}
	second := enforcement.Word{Asked: true, Heard: true, Verdict: enforcement.Verdict{Ingress: enforcement.Yes}}
	s := enforced.New(first)
	if s.Set(first) || len(s.Changes()) != 0 {
		t.Error("the same word is a change")
	}
	if !s.Set(second) || !s.Set(first) || !s.Set(second) {
		t.Error("another word is no change")
	}
	if s.Word() != second || len(s.Changes()) != 1 {
		t.Errorf("the word is %+v, with %d changes to see; want the last one, and one", s.Word(), len(s.Changes()))
	}
	if e := <-s.Changes(); e.Object == nil {
		t.Error("the event is about nothing, which no handler of events expects")
	}
}
