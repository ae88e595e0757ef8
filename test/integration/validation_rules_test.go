// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/testenv"
)

// rule is something that the CRD refuses, where, and a fragment of what the server then says.
type rule struct{ field, says string }

// A new rule, pattern, enum or bound fails here until a wrong PeerNode shows that it refuses something.
func TestEveryRuleRefusesSomething(t *testing.T) {
	tested := map[rule]bool{}
	for _, r := range testedRules() {
		tested[r] = true
	}
	rules := rulesOfCRD(t)
	if len(rules) < 100 {
		t.Fatalf("found only %d rules in the CRD", len(rules))
	}
	t.Logf("%d rules, %d wrong PeerNodes, %d wrong changes", len(rules), len(wrongPeerNodes()), len(wrongChanges()))
	for _, r := range rules {
		if !ofKubernetes(r.field) && !covered(tested, r) {
			t.Errorf("no wrong PeerNode is refused for %s with %q", r.field, r.says)
		}
	}
}

// ofKubernetes are the fields of metav1.LabelSelector, which Kubernetes' own tests cover.
func ofKubernetes(field string) bool { return strings.Contains(field, "Selector.match") }

// covered looks for the rule itself. The fragment in a table may be shorter than a rule's message.
func covered(tested map[rule]bool, r rule) bool {
	for have := range tested {
		if have.field == strings.TrimPrefix(r.field, ".") && strings.HasPrefix(r.says, have.says) {
			return true
		}
	}
	return false
}

var index = regexp.MustCompile(`\[\d+\]`)

// testedRules are what the tables expect, with list indexes and map keys taken out.
func testedRules() []rule {
	var out []rule
	add := func(all refusals) {
		for field, says := range all {
			field = index.ReplaceAllString(field, "[]")
			field = regexp.MustCompile(`^(spec\.(?:edge\.)?resources\.(?:requests|limits)|spec\.identity\.direct\.csi\.volumeAttributes|spec\.network\.(?:peer|api)\.exposure\.annotations|spec\.network\.api\.ingress\.(?:a|serviceA)nnotations)\.\w+$`).ReplaceAllString(field, "$1{}")
			out = append(out, rule{probeOf(ofPeer(field)), says})
		}
	}
	for _, c := range wrongPeerNodes() {
		add(c.refused)
	}
	for _, c := range wrongChanges() {
		add(c.refused)
	}
	return out
}

var anyProbe = regexp.MustCompile(`probes\.(startup|readiness|liveness)`)

// probeOf takes the three probes, which have one type, for one.
func probeOf(field string) string { return anyProbe.ReplaceAllString(field, "probes.any") }

// rulesOfCRD are all rules of the spec and of the object as a whole.
func rulesOfCRD(t *testing.T) []rule {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Root(), "config/crd/bases/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found no CRD (%v)", err)
	}
	var out []rule
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, crd); err != nil {
			t.Fatal(err)
		}
		schema := *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		delete(schema.Properties, "status") // Only the operator writes it.
		out = append(out, rulesOf("", schema)...)
	}
	for i := range out {
		out[i].field = ofPeer(out[i].field)
	}
	return out
}

// ofPeer takes the template of a fleet for the spec of a PeerNode, where its rules are tested, but for the one field
// that a template must not have.
func ofPeer(field string) string {
	if field == "spec.template.spec.fleet" {
		return field
	}
	return strings.Replace(field, "spec.template.spec.", "spec.", 1)
}

// rulesOf walks a schema.
func rulesOf(path string, s apiextensionsv1.JSONSchemaProps) []rule {
	out := boundsOf(path, s)
	for _, v := range s.XValidations {
		at := path + v.FieldPath
		if at == "" {
			at = root
		}
		out = append(out, rule{probeOf(at), v.Message})
	}
	for name, property := range s.Properties {
		out = append(out, rulesOf(strings.TrimPrefix(path+"."+name, "."), property)...)
	}
	if s.Items != nil {
		out = append(out, rulesOf(path+"[]", *s.Items.Schema)...)
	}
	if s.AdditionalProperties != nil {
		out = append(out, rulesOf(path+"{}", *s.AdditionalProperties.Schema)...)
	}
	return out
}

func boundsOf(path string, s apiextensionsv1.JSONSchemaProps) []rule {
	var out []rule
	for says, set := range map[string]bool{
		noMatch: s.Pattern != "", noSuch: len(s.Enum) > 0,
		tooShort: s.MinLength != nil && *s.MinLength > 0, tooLong: s.MaxLength != nil,
		tooSmall: s.Minimum != nil, tooLarge: s.Maximum != nil,
		tooFew: s.MinItems != nil, tooMany: s.MaxItems != nil || s.MaxProperties != nil,
	} {
		if set {
			out = append(out, rule{probeOf(path), says})
		}
	}
	for _, name := range s.Required {
		out = append(out, rule{probeOf(fmt.Sprintf("%s.%s", path, name)), missing})
	}
	if s.XListType != nil && *s.XListType != "atomic" {
		out = append(out, rule{probeOf(path + "[]"), twice})
	}
	for i, r := range out {
		out[i].field = strings.TrimPrefix(r.field, ".")
	}
	return out
}
