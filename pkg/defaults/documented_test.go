// SPDX-License-Identifier: Apache-2.0

package defaults_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

// The comments of the API are where users look up a default, so they must say what this package does.

// stated finds "Default 8000." and "strict (default: ...)" in a comment.
var stated = []*regexp.Regexp{
	regexp.MustCompile(`\bDefault ([^\s;]+?)[.;]?(?:\s|$)`),
	regexp.MustCompile(`\b([A-Za-z0-9]+) \(default\b`),
}

// statedElsewhere are defaults that the comment of a field above them states, in words of its own.
var statedElsewhere = map[string]string{
	".spec.image":                     "the default is a flag of the operator",
	".spec.resources.requests.cpu":    "stated by .spec.resources, checked below",
	".spec.resources.requests.memory": "stated by .spec.resources, checked below",
	".spec.resources.limits.memory":   "stated by .spec.resources, checked below",

	".spec.edge.resources.requests.cpu":    "stated by .spec.edge.resources, checked below",
	".spec.edge.resources.requests.memory": "stated by .spec.edge.resources, checked below",
	".spec.edge.resources.limits.memory":   "stated by .spec.edge.resources, checked below",
}

func TestDocumentedDefaultsAreTheOnesFilledIn(t *testing.T) {
	documented := documentedDefaults(t)
	if len(documented) < 20 {
		t.Fatalf("found only %d defaults in the comments: %v", len(documented), documented)
	}
	filled := map[string]string{}
	unset := custom()
	unset.Spec.Software.Custom.Ports = unset.Spec.Software.Custom.Ports[:1] // The other port says its protocol.
	for _, p := range []*v1alpha1.PeerNode{agent(ofFleet, openedDirectly, withEdge, exposed, backedUp), unset} {
		before := leaves(t, p)
		for path, value := range leaves(t, defaults.PeerNode(p, options)) {
			if _, given := before[path]; !given {
				filled[path] = value
			}
		}
	}
	for path, value := range documented {
		if filled[path] != value {
			t.Errorf("the comment of %s says that its default is %q, it is %q", path, value, filled[path])
		}
	}
	for path, value := range filled {
		if _, ok := documented[path]; !ok && statedElsewhere[path] == "" {
			t.Errorf("%s becomes %q, which its comment does not say", path, value)
		}
	}
}

func TestDefaultComputeIsDocumented(t *testing.T) {
	r := defaults.PeerNode(agent(), options).Spec.Resources
	want := fmt.Sprintf("Default: requests of %s CPU and %s memory, limit of %s memory.",
		r.Requests.Cpu(), r.Requests.Memory(), r.Limits.Memory())
	spec := crdSchema(t).Properties["spec"]
	if got := strings.Join(strings.Fields(spec.Properties["resources"].Description), " "); !strings.Contains(got, want) {
		t.Errorf("the comment of spec.resources is %q, want it to say %q", got, want)
	}
}

func TestDefaultComputeOfTheEdgeIsDocumented(t *testing.T) {
	r := defaults.PeerNode(agent(withEdge), options).Spec.Edge.Resources
	want := fmt.Sprintf("Default: requests of %s CPU and %s memory, and a limit of memory of 32Mi and 96Ki for each of limits.connections, which is %s.",
		r.Requests.Cpu(), r.Requests.Memory(), r.Limits.Memory())
	edge := crdSchema(t).Properties["spec"].Properties["edge"]
	if got := strings.Join(strings.Fields(edge.Properties["resources"].Description), " "); !strings.Contains(got, want) {
		t.Errorf("the comment of spec.edge.resources is %q, want it to say %q", got, want)
	}
}

func documentedDefaults(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var walk func(path string, s schema)
	walk = func(path string, s schema) {
		for _, pattern := range stated {
			if m := pattern.FindStringSubmatch(strings.Join(strings.Fields(s.Description), " ")); m != nil {
				out[path] = m[1]
			}
		}
		for name, property := range s.Properties {
			walk(path+"."+name, property)
		}
		if s.Items != nil {
			walk(path+"[]", *s.Items)
		}
	}
	walk("", crdSchema(t))
	return out
}

type schema struct {
	Description string            `json:"description"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
}

func crdSchema(t *testing.T) schema {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash("../../config/crd/bases/peernode.dev_peernodes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// leaves are the scalar fields of an object by path; elements of a list share one.
func leaves(t *testing.T, p *v1alpha1.PeerNode) map[string]string {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	collect(out, "", object)
	return out
}

func collect(out map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, below := range v {
			collect(out, path+"."+name, below)
		}
	case []any:
		for _, below := range v {
			collect(out, path+"[]", below)
		}
	default:
		out[path] = fmt.Sprint(v)
	}
}
