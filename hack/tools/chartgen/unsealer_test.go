// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apilabels "k8s.io/apimachinery/pkg/labels"
)

// sealingKey is how the volume of a sealing key and its place in the unsealer look.
func sealingKey(number string) (volume, mount any) {
	name := "sealing-key-" + number
	return map[string]any{"name": name, "secret": map[string]any{"secretName": "peernode-" + name, "defaultMode": float64(0o400)}},
		map[string]any{"name": name, "mountPath": "/var/run/peernode/sealing/" + number, "readOnly": true}
}

// A key that is not there keeps the pod waiting, instead of an unsealer that runs without it; so the operator has to make
// the same ones.
func TestTheUnsealerHasTheSealingKeysThatItIsGiven(t *testing.T) {
	tests := map[string]struct {
		values string
		want   []string
	}{
		"the first by default":     {"", []string{"1"}},
		"both while keys change":   {"unsealer: {sealingKeys: [1, 2]}", []string{"1", "2"}},
		"the second alone at last": {"unsealer: {sealingKeys: [2]}", []string{"2"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var volumes, mounts []any
			for _, number := range tc.want {
				volume, mount := sealingKey(number)
				volumes, mounts = append(volumes, volume), append(mounts, mount)
			}
			objects := render(t, tc.values)
			got := field(t, objects["Deployment peernode-unsealer"], "spec", "template", "spec", "volumes")
			if diff := cmp.Diff(any(volumes), got); diff != "" {
				t.Errorf("volumes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(any(mounts), container(t, objects, "peernode-unsealer")["volumeMounts"]); diff != "" {
				t.Errorf("mounts (-want +got):\n%s", diff)
			}
			made := "--sealing-keys=" + strings.Join(tc.want, ",")
			if args := container(t, objects, "peernode-operator")["args"].([]any); !slices.Contains(args, any(made)) {
				t.Errorf("the operator is started with %v, want %s among it", args, made)
			}
		})
	}
}

// Whoever has the sealing key has the keys of all peers.
func TestNobodyElseHasTheSealingKey(t *testing.T) {
	for key, o := range render(t, "") {
		text, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if key != "Deployment peernode-unsealer" && strings.Contains(string(text), "peernode-sealing-key") {
			t.Errorf("%s names a sealing key", key)
		}
	}
}

// A Service, a budget or a policy of one that chose pods of the other would send requests there, count it in, or let
// too many at it.
func TestTheProgramsAreToldApart(t *testing.T) {
	for how, objects := range map[string]map[string]*unstructured.Unstructured{
		"the chart":      render(t, "{replicas: 2, keyJanitor: {enabled: true}}"),
		"config/default": with(build(t, "default"), build(t, "janitor")),
	} {
		pods := map[string]apilabels.Set{}
		for _, name := range []string{"peernode-operator", "peernode-unsealer", "peernode-janitor", "peernode-policy-probe"} {
			pods[name] = stringMap(t, objects["Deployment "+name], "spec", "template", "metadata", "labels")
		}
		for key, o := range objects {
			selector := selectorOf(t, o)
			if selector == nil {
				continue
			}
			for name, pod := range pods {
				owns := strings.HasPrefix(o.GetName(), name)
				if selector.Matches(pod) != owns {
					t.Errorf("%s: %s chooses pods of %s: %v, want %v", how, key, name, !owns, owns)
				}
			}
		}
	}
}

// with are the objects of both.
func with(objects, others map[string]*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	maps.Copy(objects, others)
	return objects
}

// selectorOf returns by what an object chooses pods, nil for an object that chooses none.
func selectorOf(t *testing.T, o *unstructured.Unstructured) apilabels.Selector {
	t.Helper()
	switch o.GetKind() {
	case "Service":
		return apilabels.SelectorFromSet(stringMap(t, o, "spec", "selector"))
	case "Deployment", "PodDisruptionBudget":
		return apilabels.SelectorFromSet(stringMap(t, o, "spec", "selector", "matchLabels"))
	case "NetworkPolicy":
		return apilabels.SelectorFromSet(stringMap(t, o, "spec", "podSelector", "matchLabels"))
	default:
		return nil
	}
}

// The labels of pods are chosen by pkg/resources, whose golden files say what they are.
func TestTheUnsealerLetsPeersAndTheirBackupsInAndNobodyElse(t *testing.T) {
	rules := field(t, render(t, "networkPolicy: {metricsFrom: []}")["NetworkPolicy peernode-unsealer"], "spec", "ingress").([]any)
	if len(rules) != 1 {
		t.Fatalf("got %d rules, want one for peers and backups alone: %v", len(rules), rules)
	}
	from := rules[0].(map[string]any)["from"].([]any)
	goldens := []string{"*/statefulset.golden.yaml", "backups/*-job.golden.yaml"}
	if len(from) != len(goldens) {
		t.Fatalf("who may call: %v", from)
	}
	for i, golden := range goldens {
		source := from[i].(map[string]any)
		want := map[string]any{"namespaceSelector": map[string]any{}, "podSelector": source["podSelector"]}
		if diff := cmp.Diff(want, source); diff != "" {
			t.Errorf("who may call (-want +got):\n%s", diff)
		}
		those := apilabels.SelectorFromSet(stringMap(t, &unstructured.Unstructured{Object: source}, "podSelector", "matchLabels"))
		if those.Empty() {
			t.Error("every pod of the cluster may call")
		}
		for path, pod := range podsOf(t, golden) {
			if strings.HasSuffix(path, "-proof-job.golden.yaml") {
				if those.Matches(pod) {
					t.Errorf("%s: a pod that runs software on what was restored may call", path)
				}
				continue
			}
			if !those.Matches(pod) {
				t.Errorf("%s: a pod with the labels %v may not call, because of %v", path, pod, those)
			}
		}
	}
}

// podsOf are the labels of the pods in some golden files of pkg/resources.
func podsOf(t *testing.T, pattern string) map[string]apilabels.Set {
	t.Helper()
	paths, err := filepath.Glob(repository + "/pkg/resources/testdata/" + pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files %s in pkg/resources (error: %v)", pattern, err)
	}
	pods := map[string]apilabels.Set{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range parse(t, text) {
			pods[path] = stringMap(t, o, "spec", "template", "metadata", "labels")
		}
	}
	return pods
}

// With some namespaces only, what the unsealer may look at is bound there, and what is asked of the cluster stays.
func TestTheUnsealersRightsFollowTheNamespaces(t *testing.T) {
	roles := map[string]string{}
	for key, o := range render(t, "{fullnameOverride: ops, watchNamespaces: [a, b]}") {
		subjects, _, _ := unstructured.NestedSlice(o.Object, "subjects")
		if len(subjects) == 1 && subjects[0].(map[string]any)["name"] == "peernode-unsealer" {
			roles[key] = field(t, o, "roleRef", "kind").(string) + " " + field(t, o, "roleRef", "name").(string)
		}
	}
	want := map[string]string{
		"RoleBinding a/peernode-unsealer-peers":             "ClusterRole peernode-unsealer",
		"RoleBinding b/peernode-unsealer-peers":             "ClusterRole peernode-unsealer",
		"ClusterRoleBinding peernode-unsealer-reviews":      "ClusterRole ops-metrics-auth",
		"ClusterRoleBinding peernode-unsealer-reservations": "ClusterRole peernode-unsealer-reservations",
		"RoleBinding peernode-unsealer":                     "Role peernode-unsealer",
	}
	if diff := cmp.Diff(want, roles); diff != "" {
		t.Errorf("what is bound to the unsealer (-want +got):\n%s", diff)
	}
}

// Where the unsealer's own role is bound in some namespaces only, the other one stands in for its reviews.
func TestReviewsAreTheSameRightsInBothRoles(t *testing.T) {
	objects := build(t, "default")
	unsealer := field(t, objects["ClusterRole peernode-unsealer"], "rules").([]any)
	for _, rule := range field(t, objects["ClusterRole peernode-operator-metrics-auth"], "rules").([]any) {
		found := false
		for _, own := range unsealer {
			found = found || cmp.Equal(rule, own)
		}
		if !found {
			t.Errorf("the unsealer has no rule %v", rule)
		}
	}
}

// field returns a field that has to be there.
func field(t *testing.T, o *unstructured.Unstructured, path ...string) any {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(o.Object, path...)
	if err != nil || !found {
		t.Fatalf("%s has no %v (error: %v)", o.GetKind(), path, err)
	}
	return value
}

// stringMap returns labels, or a selector of them.
func stringMap(t *testing.T, o *unstructured.Unstructured, path ...string) apilabels.Set {
	t.Helper()
	value, found, err := unstructured.NestedStringMap(o.Object, path...)
	if err != nil || !found {
		t.Fatalf("%s %s has no %v (error: %v)", o.GetKind(), o.GetName(), path, err)
	}
	return value
}
