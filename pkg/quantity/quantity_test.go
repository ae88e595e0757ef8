// SPDX-License-Identifier: Apache-2.0

package quantity_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/quantity"
)

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"0.5", "500m", true},
		{"1024Mi", "1Gi", true},
		{"1E", "1000P", true},
		{"500m", "501m", false},
		{"a lot", "a lot", false},
		{"1e3", "1000", false},
		{"1e99999999", "1", false},
		{"83552e8856267725", "3d88ab448be8784a", false},
		{"1", "83552e8856267725", false},
		{"1234567890123456789012e999999999", "1", false},
		{" 1E+99999999", "1", false},
	} {
		if got := quantity.Same(c.a, c.b); got != c.want {
			t.Errorf("Same(%q, %q) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestAt(t *testing.T) {
	for path, want := range map[string]bool{
		"spec.resources.requests.storage":                                   true,
		"spec.template.spec.containers[peer].resources.limits.memory":       true,
		"spec.template.spec.containers[0].resources.limits.example.com/gpu": true,
		"spec.overhead.cpu": true,
		"spec.template.spec.volumes[tmp].emptyDir.sizeLimit":           true,
		"spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor": true,
		"spec.containers[0].resources.claims[0].name":                  false,
		"spec.template.spec.containers[peer].env[A].value":             false,
		"metadata.annotations.peernode.dev/intent":                     false,
		"metadata.annotations.x.resources.limits.cpu":                  false,
		"data.a.resources.limits.cpu":                                  false,
		"spec.template.metadata.annotations.peernode.dev/config":       false,
	} {
		if got := quantity.At(path); got != want {
			t.Errorf("At(%q) = %v, want %v", path, got, want)
		}
	}
}

func TestWithExponent(t *testing.T) {
	const pod = `
spec:
  containers:
  - name: peer
    env: [{name: A, value: "1e99999999"}, {name: B, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "1E-9"}}}]
    resources: {requests: {cpu: "1e99999999", memory: 1Ei}, limits: {memory: "12e3", cpu: 2}}
  volumes: [{name: a, emptyDir: {sizeLimit: "+1.5e10"}}]`
	var value map[string]any
	if err := yaml.Unmarshal([]byte(pod), &value); err != nil {
		t.Fatal(err)
	}
	got := quantity.WithExponent(value["spec"], "spec")
	slices.Sort(got)
	want := []string{
		"spec.containers[0].env[1].valueFrom.resourceFieldRef.divisor",
		"spec.containers[0].resources.limits.memory",
		"spec.containers[0].resources.requests.cpu",
		"spec.volumes[0].emptyDir.sizeLimit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("WithExponent (-want +got):\n%s", diff)
	}
}

func TestASizeIsWrittenAsPeopleReadIt(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 1023: "1023", 10239: "10239", 10240: "10Ki", 10241: "11Ki", 3 << 20: "3Mi", 3<<20 + 1: "3073Ki", 100 << 30: "100Gi"} {
		if got := quantity.Bytes(n); got.String() != want {
			t.Errorf("%d is %s, want %s", n, got.String(), want)
		}
	}
}
