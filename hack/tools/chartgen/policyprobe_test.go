// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apilabels "k8s.io/apimachinery/pkg/labels"
)

// A policy that let in more, or let the probe out, would be kept by a network plugin that enforces nothing.
func TestThePolicyOfTheProbeOpensOnePortToTheOperator(t *testing.T) {
	policy := render(t, "")["NetworkPolicy peernode-policy-probe"]
	want := []any{map[string]any{"from": []any{map[string]any{"podSelector": map[string]any{"matchLabels": labelsOf("peernode-operator")}}}, "ports": ports("open")}}
	if diff := cmp.Diff(want, field(t, policy, "spec", "ingress").([]any)); diff != "" {
		t.Errorf("who gets in (-want +got):\n%s", diff)
	}
	if egress, found, _ := unstructured.NestedFieldNoCopy(policy.Object, "spec", "egress"); found {
		t.Errorf("it gets out: %v", egress)
	}
	if diff := cmp.Diff([]any{"Ingress", "Egress"}, field(t, policy, "spec", "policyTypes")); diff != "" {
		t.Errorf("what is limited (-want +got):\n%s", diff)
	}
}

// Where the operator's own policy stood in the way, it would look as if that of the probe did.
func TestThePolicyOfTheOperatorIsInNobodysWay(t *testing.T) {
	for values, want := range map[string]int{"": 1, "networkPolicy: {metricsFrom: []}": 1, "policyProbe: {enabled: false}": 0} {
		policy := render(t, values)["NetworkPolicy peernode-operator"]
		for direction, rule := range map[string]map[string]any{
			"ingress": {"from": probesPods(), "ports": []any{map[string]any{"port": wayOut(t), "protocol": "TCP"}}},
			"egress":  {"to": probesPods(), "ports": ports("open", "closed")},
		} {
			rules, _, err := unstructured.NestedSlice(policy.Object, "spec", direction)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(slices.Collect(matching(rules, rule))); got != want {
				t.Errorf("%q: %s has %d rules for the probe, want %d: %v", values, direction, got, want, rules)
			}
		}
	}
}

// matching are the rules that are the one given.
func matching(rules []any, want map[string]any) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		for _, rule := range rules {
			if cmp.Equal(any(want), rule) && !yield(rule) {
				return
			}
		}
	}
}

func labelsOf(program string) map[string]any {
	return map[string]any{"app.kubernetes.io/name": program, "app.kubernetes.io/instance": "peernode-operator"}
}

func probesPods() []any {
	return []any{map[string]any{"podSelector": map[string]any{"matchLabels": labelsOf("peernode-policy-probe")}}}
}

// ports are those of the probe, by their names.
func ports(names ...string) []any {
	numbers := map[string]any{"open": float64(8080), "closed": float64(8081)}
	var out []any
	for _, name := range names {
		out = append(out, map[string]any{"port": numbers[name], "protocol": "TCP"})
	}
	return out
}

// wayOut is the port at which the operator answers the probe, if that gets so far.
func wayOut(t *testing.T) any {
	t.Helper()
	for _, port := range container(t, render(t, ""), "peernode-operator")["ports"].([]any) {
		if port.(map[string]any)["name"] == "health" {
			return port.(map[string]any)["containerPort"]
		}
	}
	t.Fatal("the operator has no port for health checks")
	return nil
}

func TestTheOperatorAsksTheProbeThatThereIs(t *testing.T) {
	for values, want := range map[string]bool{"": true, "fullnameOverride: ops": true, "policyProbe: {enabled: false}": false} {
		objects := render(t, values)
		name := "peernode-operator"
		if strings.HasPrefix(values, "fullnameOverride") {
			name = "ops"
		}
		asks := slices.Contains(container(t, objects, name)["args"].([]any), any("--policy-probe=peernode-policy-probe.$(POD_NAMESPACE).svc"))
		if asks != want || (objects["Service peernode-policy-probe"] != nil) != want {
			t.Errorf("%q: the operator asks the probe: %v, want %v", values, asks, want)
		}
	}
}

// Nobody may use the pod for anything but what it is for.
func TestTheProbeHasNoToken(t *testing.T) {
	objects := render(t, "")
	for _, key := range []string{"ServiceAccount peernode-policy-probe", "Deployment peernode-policy-probe"} {
		path := []string{"automountServiceAccountToken"}
		if strings.HasPrefix(key, "Deployment") {
			path = []string{"spec", "template", "spec", "automountServiceAccountToken"}
		}
		if field(t, objects[key], path...) != false {
			t.Errorf("%s mounts a token", key)
		}
	}
	for key, o := range objects {
		subjects, _, _ := unstructured.NestedSlice(o.Object, "subjects")
		for _, subject := range subjects {
			if subject.(map[string]any)["name"] == "peernode-policy-probe" {
				t.Errorf("%s gives it rights", key)
			}
		}
	}
	pod := stringMap(t, objects["Deployment peernode-policy-probe"], "spec", "template", "metadata", "labels")
	if selector := selectorOf(t, objects["Service peernode-policy-probe"]); selector == nil || !selector.Matches(pod) || selector.Matches(apilabels.Set{}) {
		t.Errorf("its Service chooses %v", selector)
	}
}
