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
	file, err := parser.ParseFile(token.NewFileSet(), "conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
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
		if !strings.Contains(string(manual), "| `"+value+"` |") {
			t.Errorf("docs/conditions.md has no row for %s", value)
		}
		return true
	})
	if found < 20 {
		t.Errorf("found only %d conditions and reasons; is conditions.go read at all?", found)
	}
}
