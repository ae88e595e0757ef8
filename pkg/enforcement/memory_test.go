// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/enforcement"
)

// pace is one whose looks are ten seconds apart.
var pace = enforcement.Pace{Confirm: 3, Soon: 10 * time.Second, Settled: time.Minute, Patience: 50 * time.Second}

// looks are what is seen one after the other, ten seconds apart: E enforced, N not enforced, S the probe is silent; and what
// then counts, with - for nothing yet.
func looks(text string) (words string, last enforcement.Memory) {
	verdicts := map[rune]enforcement.Verdict{'E': {Ingress: yes, Egress: yes, Sources: yes}, 'N': {Ingress: no, Egress: no, Sources: yes}, 'S': {}}
	letters := map[enforcement.Verdict]string{}
	for letter, v := range verdicts {
		letters[v] = string(letter)
	}
	var out strings.Builder
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for _, letter := range text {
		last = last.Look(verdicts[letter], pace, at)
		at = at.Add(pace.Soon)
		if word := last.Word(); word.Heard {
			out.WriteString(letters[word.Verdict])
		} else {
			out.WriteString("-")
		}
	}
	return out.String(), last
}

func TestNewsCountWhenTheyWereSeenSeveralTimesInARow(t *testing.T) {
	for name, c := range map[string]struct{ seen, want string }{
		"The first word takes as long as any other.":       {"EEE", "--E"},
		"A new pod is not limited at once.":                {"NNEEE", "----E"},
		"One lost connection is no news.":                  {"EEENEEE", "--EEEEE"},
		"Two are none either.":                             {"EEENNENNE", "--EEEEEEE"},
		"Three are.":                                       {"EEENNN", "--EEEN"},
		"It comes back the same way.":                      {"NNNEEE", "--NNNE"},
		"A network that flaps is told once.":               {"EEENENENENENENENENE", "--EEEEEEEEEEEEEEEEE"},
		"A network that flaps from the start says nothing": {"ENENENENEN", "----------"},
		"The last word outlasts a silence.":                {"EEESSSSS", "--EEEEEE"},
		"A long silence is told.":                          {"EEESSSSSS", "--EEEEEES"},
		"A silence that is broken begins anew.":            {"EEESSSSESSSSS", "--EEEEEEEEEEE"},
		"After it the same has to be seen often again.":    {"EEESSSSSSEEE", "--EEEEEESSSE"},
		"A silence does not hide news.":                    {"EEENSNSN", "--EEEEEN"},
		"Nobody was ever heard.":                           {"SSSSSS", "-----S"},
	} {
		if got, _ := looks(c.seen); got != c.want {
			t.Errorf("%s Of %s counts %s, want %s", name, c.seen, got, c.want)
		}
	}
}

func TestOnlyWhatIsUncertainIsLookedAtSoon(t *testing.T) {
	for seen, want := range map[string]time.Duration{
		"": pace.Soon, "E": pace.Soon, "EE": pace.Soon, "EEE": pace.Settled, "EEEN": pace.Soon, "EEENE": pace.Settled,
		"EEES": pace.Soon, "EEESE": pace.Settled, "SSSSSS": pace.Settled, "SSSSSSE": pace.Soon, "EEENNN": pace.Settled,
	} {
		if _, m := looks(seen); m.Pause(pace) != want {
			t.Errorf("after %q the next look is in %s, want %s", seen, m.Pause(pace), want)
		}
	}
}

// Of several answers in a row, which differ in anything, none is confirmed by another.
func TestAnotherVerdictBeginsAnew(t *testing.T) {
	var m enforcement.Memory
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	for _, egress := range []enforcement.Finding{yes, unknown, yes, unknown, yes, unknown} {
		m = m.Look(enforcement.Verdict{Ingress: yes, Egress: egress}, pace, at)
	}
	if m.Word().Heard {
		t.Errorf("the word is %+v", m.Word())
	}
}
