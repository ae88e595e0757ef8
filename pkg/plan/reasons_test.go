// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/plan"
)

// toldElsewhere are the reasons that come up only while a plan is carried out, with the file that tells them.
var toldElsewhere = map[string]string{
	"ReasonRetrying":        "../../controllers/internal/outcome/outcome.go",
	"ReasonObjectRefused":   "../../controllers/internal/outcome/outcome.go",
	"ReasonDataRetained":    "../../controllers/peernode/delete.go",
	"ReasonKeyPublished":    "events.go",
	"ReasonKeySwitched":     "events.go",
	"ReasonKeyRevoked":      "events.go",
	"ReasonKeyRemoved":      "../../controllers/janitor/controller.go",
	"ReasonDataDeleted":     "../../controllers/peernode/delete.go",
	"ReasonReservationHeld": "../../controllers/reservation/controller.go",
}

// conditions.go is the manual of status: what stands there must happen, and what happens must stand there.
func TestEveryReasonOfTheManualIsToldByThePlan(t *testing.T) {
	manual := constantsOfManual(t, "Reason")
	told := reasonsTold(t)
	for name, reason := range manual {
		if file := toldElsewhere[name]; file != "" {
			expectMention(t, file, name)
			continue
		}
		if !told[reason] {
			t.Errorf("no situation leads to %s; give it one in situations_test.go or events_test.go, or take it out of the manual", name)
		}
	}
	known := map[string]bool{}
	for _, reason := range manual {
		known[reason] = true
	}
	for reason := range told {
		if !known[reason] {
			t.Errorf("the reason %q is told and not explained in conditions.go", reason)
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
	manual := constantsOfManual(t, "Condition")
	for name, conditionType := range manual {
		if !told[conditionType] {
			t.Errorf("no situation leads to %s", name)
		}
		delete(told, conditionType)
	}
	if len(told) > 0 {
		t.Errorf("the conditions %v are told and not explained in conditions.go", told)
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
	for _, c := range changes {
		for _, e := range plan.Changes(c.observe(t).decide()) {
			told[e.Reason] = true
		}
	}
	return told
}

// constantsOfManual reads name and value of the constants in conditions.go.
func constantsOfManual(t *testing.T, prefix string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, parser.ParseComments)
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
	if len(out) < 7 {
		t.Fatalf("found only %v in conditions.go", out)
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
