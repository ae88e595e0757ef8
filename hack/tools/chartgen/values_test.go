// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// Every value says what it does, and the schema knows it.
func TestEveryValueIsDocumentedAndInTheSchema(t *testing.T) {
	var values yaml.Node
	read(t, "values.yaml", &values)
	var schema map[string]any
	read(t, "values.schema.json", &schema)
	checkValues(t, "", values.Content[0], schema)
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func checkValues(t *testing.T, path string, node *yaml.Node, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if schema["additionalProperties"] != false {
		t.Errorf("%s: the schema takes keys that the chart does not know", path)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := strings.TrimPrefix(path+"."+key.Value, ".")
		property, known := properties[key.Value].(map[string]any)
		if !known {
			t.Errorf("%s is not in values.schema.json", name)
			continue
		}
		// A comment of its own ends the descent: what is below is one value, such as a list of selectors.
		if strings.HasPrefix(key.HeadComment, "# -- ") {
			continue
		}
		if _, group := property["properties"]; !group || value.Kind != yaml.MappingNode {
			t.Errorf("%s has no comment that begins with \"# -- \"", name)
			continue
		}
		checkValues(t, name, value, property)
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	tests := map[string]struct {
		values string
		want   string
	}{
		"an unknown key":                    {"replica: 2", "additional properties 'replica' not allowed"},
		"an unknown key in a group":         {"image: {name: x}", "at '/image': additional properties 'name' not allowed"},
		"a digest without its algorithm":    {"image: {digest: abc}", "at '/image/digest'"},
		"a tag with a digest in it":         {"image: {tag: 'v1@sha256:ab'}", "at '/image/tag'"},
		"three replicas":                    {"replicas: 3", "at '/replicas'"},
		"a number as a string":              {"replicas: '1'", "at '/replicas'"},
		"an unknown log level":              {"logLevel: verbose", "at '/logLevel'"},
		"a namespace twice":                 {"watchNamespaces: [a, a]", "at '/watchNamespaces'"},
		"a namespace that cannot be":        {"watchNamespaces: [A_b]", "at '/watchNamespaces/0'"},
		"a reader without a namespace":      {"metrics: {readers: [{serviceAccount: p}]}", "at '/metrics/readers/0'"},
		"an empty source of metrics":        {"networkPolicy: {metricsFrom: [{}]}", "at '/networkPolicy/metricsFrom/0'"},
		"no port of the API server":         {"networkPolicy: {apiServer: {ports: []}}", "at '/networkPolicy/apiServer/ports'"},
		"a range of addresses without bits": {"networkPolicy: {apiServer: {cidrs: [10.0.0.1]}}", "at '/networkPolicy/apiServer/cidrs/0'"},
		"a PodMonitor without a token":      {"metrics: {podMonitor: {enabled: true}}", "metrics.podMonitor.tokenSecret.name: name the Secret"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := template(t, tc.values)
			if err == nil {
				t.Fatalf("accepted %q", tc.values)
			}
			if !strings.Contains(string(out), tc.want) {
				t.Errorf("got %s\nwant a message with %q", out, tc.want)
			}
		})
	}
}

func TestImages(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	tests := map[string]struct {
		reason, values, manager, agent string
	}{
		"the chart's version by default": {
			reason:  "a chart and its images are released together",
			manager: "registry.peernode.dev/peernode-operator:0.1.0",
			agent:   "registry.peernode.dev/p2p-agent:0.1.0",
		},
		"a tag replaces it": {
			values:  "{image: {tag: v2}, p2pAgent: {image: {tag: v3}}}",
			manager: "registry.peernode.dev/peernode-operator:v2",
			agent:   "registry.peernode.dev/p2p-agent:v3",
		},
		"a digest wins over a tag": {
			reason:  "what was tested is what runs",
			values:  "{image: {tag: v2, digest: '" + digest + "'}, p2pAgent: {image: {repository: r/a, digest: '" + digest + "'}}}",
			manager: "registry.peernode.dev/peernode-operator@" + digest,
			agent:   "r/a@" + digest,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			container := manager(t, render(t, tc.values))
			env := container["env"].([]any)[1].(map[string]any)
			got := []any{container["image"], env["name"], env["value"]}
			if diff := cmp.Diff([]any{tc.manager, "P2P_AGENT_IMAGE", tc.agent}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
