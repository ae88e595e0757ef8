// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryConditionAndReasonIsInTheManual keeps docs/conditions.md complete: a reason that users can meet and
// cannot look up is of no use to them.
func TestEveryConditionAndReasonIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range []string{"conditions.go", "peerfleet_conditions.go", "peerbackup_conditions.go", "peerbackupstore_conditions.go"} {
		found += expectRows(t, string(manual), source)
	}
	if found < 30 {
		t.Errorf("found only %d conditions and reasons; are the files read at all?", found)
	}
}

// expectRows wants a row for every text in a file of constants, and counts them.
func expectRows(t *testing.T, manual, source string) (found int) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !strings.Contains(manual, "| `"+value+"` |") {
			t.Errorf("docs/conditions.md has no row for %s", value)
		}
		return true
	})
	return found
}
