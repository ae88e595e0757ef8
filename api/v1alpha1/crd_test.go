// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The tests of this file are the review list of the API: what the linter for Kubernetes APIs would ask of it.

// mostBytes keeps a CRD far from the limit of a client-side apply, which stores it once more in an annotation.
const mostBytes = 200 << 10

// schema is the part of a structural schema that the review looks at.
type schema struct {
	Type                  string            `json:"type"`
	Format                string            `json:"format"`
	Description           string            `json:"description"`
	Properties            map[string]schema `json:"properties"`
	Items                 *schema           `json:"items"`
	AdditionalProperties  *schema           `json:"additionalProperties"`
	Enum                  []any             `json:"enum"`
	Pattern               string            `json:"pattern"`
	Default               any               `json:"default"`
	MaxLength             *int64            `json:"maxLength"`
	MaxItems              *int64            `json:"maxItems"`
	ListType              string            `json:"x-kubernetes-list-type"`
	PreserveUnknownFields bool              `json:"x-kubernetes-preserve-unknown-fields"`
	Validations           []struct {
		Message string `json:"message"`
		Rule    string `json:"rule"`
	} `json:"x-kubernetes-validations"`
}

type crd struct {
	Spec struct {
		Names struct {
			ShortNames, Categories []string
		}
		Versions []struct {
			Name                     string
			Subresources             map[string]any
			AdditionalPrinterColumns []struct{ Name, JSONPath, Description, Type string }
			Schema                   struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			}
		}
	}
}

// crds reads every CRD of the project, by file.
func crds(t *testing.T) map[string]crd {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no CRD (%v); make generate writes them", err)
	}
	out := map[string]crd{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		json, err := yaml.YAMLToJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(json) > mostBytes {
			t.Errorf("%s has %d bytes as JSON, more than %d", file, len(json), mostBytes)
		}
		var c crd
		if err := yaml.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = c
	}
	return out
}

// fields visits every field of every CRD. Those of Kubernetes' own types come with foreign set.
func fields(t *testing.T, visit func(path string, s schema, foreign bool)) {
	t.Helper()
	visited := 0
	for _, c := range crds(t) {
		for _, version := range c.Spec.Versions {
			walk(strings.ToLower(version.Name)+":", version.Schema.OpenAPIV3Schema, func(path string, s schema) {
				visited++
				visit(path, s, ofKubernetes(path))
			})
		}
	}
	if visited < 100 {
		t.Fatalf("visited only %d fields", visited)
	}
}

func walk(path string, s schema, visit func(string, schema)) {
	visit(path, s)
	for name, property := range s.Properties {
		walk(path+"."+name, property, visit)
	}
	if s.Items != nil {
		walk(path+"[]", *s.Items, visit)
	}
	if s.AdditionalProperties != nil {
		walk(path+"{}", *s.AdditionalProperties, visit)
	}
}

// ofKubernetes are the fields whose schema is not ours: type and object metadata, metav1.LabelSelector,
// metav1.Condition and corev1.LocalObjectReference.
func ofKubernetes(path string) bool {
	for _, part := range []string{"v1alpha1:.apiVersion", "v1alpha1:.kind", "v1alpha1:.metadata", "Selector.match", ".conditions[].", ".imagePullSecrets[].name"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	return false
}

func TestEveryFieldIsExplained(t *testing.T) {
	fields(t, func(path string, s schema, foreign bool) {
		element := strings.HasSuffix(path, "]") || strings.HasSuffix(path, "}")
		if !foreign && !element && strings.TrimSpace(s.Description) == "" {
			t.Errorf("%s has no description for kubectl explain", path)
		}
	})
}

func TestEveryListIsBoundedAndMerges(t *testing.T) {
	fields(t, func(path string, s schema, foreign bool) {
		if s.Type != "array" {
			return
		}
		if s.ListType == "" {
			t.Errorf("%s does not say how two appliers share it (+listType)", path)
		}
		if s.MaxItems == nil && !foreign && strings.Contains(path, ".spec.") {
			t.Errorf("%s has no upper bound (+kubebuilder:validation:MaxItems)", path)
		}
	})
}

func TestEveryStringOfTheSpecIsBounded(t *testing.T) {
	fields(t, func(path string, s schema, foreign bool) {
		bounded := s.MaxLength != nil || len(s.Enum) > 0 || s.Format != ""
		if s.Type == "string" && !bounded && !foreign && strings.Contains(path, ".spec.") {
			t.Errorf("%s has no upper bound (+kubebuilder:validation:MaxLength)", path)
		}
	})
}

// A default in the schema would be written into the user's object: the spec would no longer be what its author
// wrote. The exceptions are part of a list's key, which a merge cannot do without.
func TestDefaultsAreNotWrittenIntoSpecs(t *testing.T) {
	var got []string
	fields(t, func(path string, s schema, foreign bool) {
		if s.Default != nil && !foreign {
			got = append(got, path)
		}
	})
	if diff := cmp.Diff(inBothKinds(".network.peers[].namespace", ".network.fleets[].namespace", ".network.api.gateway.parentRefs[].namespace", ".network.api.gateway.parentRefs[].sectionName"), sorted(got)); diff != "" {
		t.Errorf("fields with a default in the schema (-want +got):\n%s", diff)
	}
}

// inBothKinds are fields of a PeerNode's spec, which is also the template of a PeerFleet.
func inBothKinds(fields ...string) []string {
	var out []string
	for _, field := range fields {
		out = append(out, "v1alpha1:.spec.template.spec"+field, "v1alpha1:.spec"+field)
	}
	return sorted(out)
}

// sorted makes up for the order of maps.
func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

func TestOnlyThePodTemplateHoldsUnknownFields(t *testing.T) {
	var got []string
	fields(t, func(path string, s schema, _ bool) {
		if s.PreserveUnknownFields {
			got = append(got, path)
		}
	})
	if diff := cmp.Diff(inBothKinds(".podTemplate"), sorted(got)); diff != "" {
		t.Errorf("fields that hold anything (-want +got):\n%s", diff)
	}
}

func TestEveryRuleHasAMessageForPeople(t *testing.T) {
	fields(t, func(path string, s schema, _ bool) {
		for _, v := range s.Validations {
			if v.Message == "" || strings.Contains(v.Message, "self.") {
				t.Errorf("%s: rule %q has the message %q", path, v.Rule, v.Message)
			}
		}
	})
}

func TestEveryKindIsReadableInATerminal(t *testing.T) {
	for file, c := range crds(t) {
		if len(c.Spec.Names.ShortNames) == 0 || len(c.Spec.Names.Categories) == 0 {
			t.Errorf("%s has no short name or category", file)
		}
		for _, version := range c.Spec.Versions {
			columns := map[string]bool{}
			for _, column := range version.AdditionalPrinterColumns {
				columns[column.Name] = true
				if column.Name != "Age" && column.Description == "" {
					t.Errorf("%s: column %s is not explained", file, column.Name)
				}
				if column.Name != "Age" && column.Type == "date" {
					t.Errorf("%s: column %s is shown as an age, which a time in the future does not have", file, column.Name)
				}
				if !leadsSomewhere(version.Schema.OpenAPIV3Schema, column.JSONPath) {
					t.Errorf("%s: column %s shows %s, which does not exist", file, column.Name, column.JSONPath)
				}
			}
			_, hasStatus := version.Schema.OpenAPIV3Schema.Properties["status"]
			for _, name := range []string{"Ready", "Reason", "Age"} {
				if !columns[name] && (hasStatus || name == "Age") {
					t.Errorf("%s: kubectl get shows no column %s", file, name)
				}
			}
			if _, ok := version.Subresources["status"]; hasStatus && !ok {
				t.Errorf("%s: status is no subresource, so users could write it", file)
			}
		}
	}
}

// leadsSomewhere follows a path of field names; a filter picks an element of a list.
func leadsSomewhere(s schema, path string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "."), ".") {
		name, element := strings.CutSuffix(part, "[0]")
		filtered := element
		if before, _, ok := strings.Cut(part, "[?(@"); ok {
			name, filtered = before, true
		} else if strings.HasPrefix(part, "type==") {
			continue // The rest of a filter, cut at its own dot.
		}
		if name == "metadata" {
			return true // Kubernetes' own, without a schema here.
		}
		next, ok := s.Properties[name]
		if !ok {
			return false
		}
		if filtered && next.Items != nil {
			next = *next.Items
		}
		s = next
	}
	return true
}
