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
		"a sealing key that cannot be":      {"unsealer: {sealingKeys: [0]}", "at '/unsealer/sealingKeys/0'"},
		"a sealing key twice":               {"unsealer: {sealingKeys: [1, 1]}", "at '/unsealer/sealingKeys'"},
		"no sealing key":                    {"unsealer: {sealingKeys: []}", "at '/unsealer/sealingKeys'"},
		"an unknown key of the unsealer":    {"unsealer: {image: {tag: v1}}", "at '/unsealer': additional properties 'image' not allowed"},
		"more than one janitor":             {"keyJanitor: {replicas: 2}", "at '/keyJanitor': additional properties 'replicas' not allowed"},
		"a janitor by a word":               {"keyJanitor: {enabled: 'no'}", "at '/keyJanitor/enabled'"},
		"more than one probe":               {"policyProbe: {replicas: 2}", "at '/policyProbe': additional properties 'replicas' not allowed"},
		"a probe by a word":                 {"policyProbe: {enabled: 'no'}", "at '/policyProbe/enabled'"},
		"a pull policy for peers":           {"companion: {image: {pullPolicy: Always}}", "at '/companion/image'"},
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
		reason, values             string
		operator, companion, agent string
	}{
		"the chart's version by default": {
			reason:    "a chart and its images are released together",
			operator:  "registry.peernode.dev/peernode-operator:0.1.0",
			companion: "registry.peernode.dev/peer-companion:0.1.0",
			agent:     "registry.peernode.dev/p2p-agent:0.1.0",
		},
		"a tag replaces it": {
			values:    "{image: {tag: v2}, companion: {image: {tag: v3}}, p2pAgent: {image: {tag: v4}}}",
			operator:  "registry.peernode.dev/peernode-operator:v2",
			companion: "registry.peernode.dev/peer-companion:v3",
			agent:     "registry.peernode.dev/p2p-agent:v4",
		},
		"a digest wins over a tag": {
			reason: "what was tested is what runs",
			values: "{image: {tag: v2, digest: '" + digest + "'}, companion: {image: {repository: r/c, tag: v3, digest: '" + digest + "'}}, " +
				"p2pAgent: {image: {repository: r/a, digest: '" + digest + "'}}}",
			operator:  "registry.peernode.dev/peernode-operator@" + digest,
			companion: "r/c@" + digest,
			agent:     "r/a@" + digest,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			objects := render(t, tc.values)
			operator := container(t, objects, "peernode-operator")
			env := map[string]any{}
			for _, variable := range operator["env"].([]any) {
				env[variable.(map[string]any)["name"].(string)] = variable.(map[string]any)["value"]
			}
			got := []any{operator["image"], container(t, objects, "peernode-unsealer")["image"], container(t, objects, "peernode-policy-probe")["image"], env["COMPANION_IMAGE"], env["P2P_AGENT_IMAGE"]}
			if diff := cmp.Diff([]any{tc.operator, tc.operator, tc.companion, tc.companion, tc.agent}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
