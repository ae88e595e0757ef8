// SPDX-License-Identifier: Apache-2.0

package edge_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/edge"
)

func TestEveryFieldReasonAndSoftwareIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/edge.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{string(edge.Convex), string(edge.P2PAgent), string(edge.Custom)}
	for _, reason := range edge.Reasons() {
		names = append(names, string(reason))
	}
	names = append(names, fieldsOf(reflect.TypeFor[edge.Config](), "")...)
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/edge.md does not say what %s is", name)
		}
	}
}

// fieldsOf are the paths of all fields of a document, and of the sections that may be left out.
func fieldsOf(t reflect.Type, prefix string) (paths []string) {
	for field := range t.Fields() {
		name, of := prefix+field.Tag.Get("json"), field.Type
		if slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice}, of.Kind()) {
			paths, of = append(paths, name), of.Elem()
		}
		switch {
		case of.Kind() == reflect.Struct && of.PkgPath() == t.PkgPath():
			paths = append(paths, fieldsOf(of, name+".")...)
		case of == field.Type:
			paths = append(paths, name)
		}
	}
	return paths
}
