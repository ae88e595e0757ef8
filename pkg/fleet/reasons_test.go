// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/fleet"
)

// toldElsewhere are the reasons that come up only while a plan is carried out, with the file that tells them.
var toldElsewhere = map[string]string{
	"ReasonPeerRemoved": "../../controllers/fleet/controller.go",
}

// peerfleet_conditions.go and what it shares with conditions.go are the manual of status: what stands in the former
// must happen, and what happens must stand in one of them.
func TestEveryReasonOfTheManualIsTold(t *testing.T) {
	own := constantsOf(t, "peerfleet_conditions.go", "Reason")
	told := reasonsTold(t)
	for name, reason := range own {
		if file := toldElsewhere[name]; file != "" {
			expectMention(t, file, name)
			continue
		}
		if !told[reason] {
			t.Errorf("no situation leads to %s; give it one in situations_test.go or events_test.go, or take it out of the manual", name)
		}
	}
	known := map[string]bool{}
	for _, constants := range []map[string]string{own, constantsOf(t, "conditions.go", "Reason")} {
		for _, reason := range constants {
			known[reason] = true
		}
	}
	for reason := range told {
		if !known[reason] {
			t.Errorf("the reason %q is told and not explained", reason)
		}
	}
}

func TestEveryConditionOfTheManualIsTold(t *testing.T) {
	told := map[string]bool{}
	for _, s := range situations() {
		for _, c := range s.observe(t).status().Conditions {
			told[c.Type] = true
		}
	}
	for name, conditionType := range constantsOf(t, "peerfleet_conditions.go", "Condition") {
		if !told[conditionType] {
			t.Errorf("no situation leads to %s", name)
		}
		delete(told, conditionType)
	}
	for _, shared := range []string{"Ready", "Reconciling", "Stalled", "PeersResolved"} {
		delete(told, shared)
	}
	if len(told) > 0 {
		t.Errorf("the conditions %v are told and not explained in peerfleet_conditions.go", told)
	}
}

// A reason of a PeerNode that a fleet tells is one of the few that mean the same for a template; the rest of a peer's
// trouble is told as PeerStalled or PeersNotReady, with the peer's own words.
func TestAFleetSharesFewReasonsWithItsPeers(t *testing.T) {
	shared := map[string]bool{
		"ForeignObject": true, "NoImage": true, "InvalidSoftware": true, "InvalidPodTemplate": true, "Settled": true, "AllKnown": true,
		"PeerMissing": true, "PeerOneSided": true,
	}
	own := map[string]bool{}
	for _, reason := range constantsOf(t, "peerfleet_conditions.go", "Reason") {
		own[reason] = true
	}
	for reason := range reasonsTold(t) {
		if !own[reason] && !shared[reason] {
			t.Errorf("a fleet tells %s, a reason of PeerNodes", reason)
		}
	}
}

// reasonsTold are the reasons of all situations, in conditions and in events. What only repeats a failure that was
// handed in says nothing about the plan.
func reasonsTold(t *testing.T) map[string]bool {
	t.Helper()
	told := map[string]bool{}
	for _, s := range situations() {
		w := s.observe(t)
		if w.failed != nil {
			continue
		}
		for _, c := range w.status().Conditions {
			told[c.Reason] = true
		}
	}
	for _, c := range news() {
		for _, e := range fleet.Events(c.before, c.next) {
			told[e.Reason] = true
		}
	}
	return told
}

// constantsOf reads name and value of the constants in a file of the API.
func constantsOf(t *testing.T, source, prefix string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/"+source, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		name := spec.Names[0].Name
		if spec.Doc == nil || !strings.HasPrefix(spec.Doc.Text(), name) {
			t.Errorf("%s is not explained", name)
		}
		if name != prefix+value {
			t.Errorf("%s is written %q", name, value)
		}
		out[name] = value
		return true
	})
	if len(out) == 0 {
		t.Fatalf("found nothing in %s", source)
	}
	return out
}

func expectMention(t *testing.T, file, name string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "v1alpha1."+name) {
		t.Errorf("%s does not tell %s any more", file, name)
	}
}
