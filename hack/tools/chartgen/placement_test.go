// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The programs have values of the same names; each changes the pods of its own program alone.
func TestEachProgramHasItsOwnPlaceAndSize(t *testing.T) {
	tests := map[string]struct {
		value string
		path  []string
		want  any
	}{
		"a priority class":      {"priorityClassName: high", []string{"spec", "priorityClassName"}, "high"},
		"labels of nodes":       {"nodeSelector: {disk: fast}", []string{"spec", "nodeSelector"}, map[string]any{"disk": "fast"}},
		"taints":                {"tolerations: [{key: a}]", []string{"spec", "tolerations"}, []any{map[string]any{"key": "a"}}},
		"a spread":              {"topologySpreadConstraints: [{topologyKey: zone}]", []string{"spec", "topologySpreadConstraints"}, []any{map[string]any{"topologyKey": "zone"}}},
		"an affinity":           {"affinity: {nodeAffinity: {a: b}}", []string{"spec", "affinity"}, map[string]any{"nodeAffinity": map[string]any{"a": "b"}}},
		"a label":               {"podLabels: {team: keys}", []string{"metadata", "labels", "team"}, "keys"},
		"an annotation":         {"podAnnotations: {team: keys}", []string{"metadata", "annotations", "team"}, "keys"},
		"a limit of its memory": {"resources: {limits: {memory: 99Mi}}", []string{"spec", "containers", "resources", "limits", "memory"}, "99Mi"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for program, values := range map[string]string{
				"peernode-operator":     "{" + tc.value + ", keyJanitor: {enabled: true}}",
				"peernode-unsealer":     "{unsealer: {" + tc.value + "}, keyJanitor: {enabled: true}}",
				"peernode-janitor":      "keyJanitor: {enabled: true, " + tc.value + "}",
				"peernode-policy-probe": "{policyProbe: {" + tc.value + "}, keyJanitor: {enabled: true}}",
			} {
				objects := render(t, values)
				for _, deployment := range []string{"peernode-operator", "peernode-unsealer", "peernode-janitor", "peernode-policy-probe"} {
					got := inPod(t, objects["Deployment "+deployment], tc.path...)
					if set := cmp.Equal(tc.want, got); set != (deployment == program) {
						t.Errorf("%s: %s has %v", values, deployment, got)
					}
				}
			}
		})
	}
}

// inPod returns a field of a Deployment's pod template, nil for one that is not set. The only container is stepped into.
func inPod(t *testing.T, deployment *unstructured.Unstructured, path ...string) any {
	t.Helper()
	template := field(t, deployment, "spec", "template").(map[string]any)
	if len(path) > 1 && path[1] == "containers" {
		template, path = template["spec"].(map[string]any)["containers"].([]any)[0].(map[string]any), path[2:]
	}
	value, _, err := unstructured.NestedFieldNoCopy(template, path...)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
