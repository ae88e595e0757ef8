// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// build returns what kustomize builds from a folder of config/.
func build(t *testing.T, folder string) map[string]*unstructured.Unstructured {
	t.Helper()
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	resources, err := kustomizer.Run(filesys.MakeFsOnDisk(), repository+"/config/"+folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, text)
}

// The two ways to install must not drift apart: with its default values the chart is config/default.
func TestChartIsWhatKustomizeBuilds(t *testing.T) {
	want := build(t, "default")
	got := render(t, "")
	delete(want, "Namespace peernode-system") // helm install --create-namespace
	if diff := cmp.Diff(essence(t, want), essence(t, got)); diff != "" {
		t.Errorf("config/default and the chart differ (-config +chart):\n%s", diff)
	}
}

func TestPodMonitorsAreTheSame(t *testing.T) {
	want := build(t, "prometheus")
	got := render(t, `
metrics:
  podMonitor:
    enabled: true
    tokenSecret: {name: peernode-operator-metrics-token}
`)
	const key = "PodMonitor peernode-operator"
	if diff := cmp.Diff(essence(t, want)[key], essence(t, got)[key]); diff != "" {
		t.Errorf("the PodMonitors of config/ and the chart differ (-config +chart):\n%s", diff)
	}
}

func TestTheJanitorIsTheSame(t *testing.T) {
	want, got := build(t, "janitor"), render(t, "keyJanitor: {enabled: true}")
	for key := range render(t, "") {
		delete(got, key)
	}
	// What the image is says config/default, to which the janitor is added.
	setImage(t, want["Deployment peernode-janitor"], "registry.peernode.dev/peernode-operator:0.1.0")
	if diff := cmp.Diff(essence(t, want), essence(t, got)); diff != "" {
		t.Errorf("the janitors of config/ and the chart differ (-config +chart):\n%s", diff)
	}
}

// setImage sets that of the only container of a Deployment.
func setImage(t *testing.T, deployment *unstructured.Unstructured, image string) {
	t.Helper()
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, err := unstructured.NestedSlice(deployment.Object, path...)
	if err != nil || len(containers) != 1 {
		t.Fatalf("got containers %v, error %v", containers, err)
	}
	containers[0].(map[string]any)["image"] = image
	if err := unstructured.SetNestedSlice(deployment.Object, containers, path...); err != nil {
		t.Fatal(err)
	}
}

// essence strips the objects of what a release has and a kustomization has not: Helm's labels and annotations.
func essence(t *testing.T, objects map[string]*unstructured.Unstructured) map[string]any {
	t.Helper()
	stripped := map[string]any{}
	for key, o := range objects {
		o = o.DeepCopy()
		o.SetAnnotations(only(o.GetAnnotations(), func(key string) bool {
			return key != "helm.sh/resource-policy"
		}))
		o.SetLabels(only(o.GetLabels(), func(key string) bool {
			return strings.HasPrefix(key, "rbac.authorization.k8s.io/")
		}))
		// Through JSON, so that all numbers are of one type.
		text, err := json.Marshal(withoutInstance(o.Object))
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatal(err)
		}
		stripped[key] = plain
	}
	return stripped
}

// only returns the entries that are kept, nil for none.
func only(entries map[string]string, keep func(key string) bool) map[string]string {
	maps.DeleteFunc(entries, func(key, _ string) bool { return !keep(key) })
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// withoutInstance removes the label by which releases tell their pods apart, wherever it occurs, and what held nothing
// else.
func withoutInstance(value any) any {
	const label = "app.kubernetes.io/instance"
	switch v := value.(type) {
	case map[string]any:
		delete(v, label)
		for key := range v {
			if below, isMap := v[key].(map[string]any); isMap && len(below) == 1 && below[label] != nil {
				delete(v, key)
				continue
			}
			v[key] = withoutInstance(v[key])
		}
	case []any:
		for i := range v {
			v[i] = withoutInstance(v[i])
		}
	}
	return value
}
