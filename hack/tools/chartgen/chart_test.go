// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// container returns the only container of a Deployment.
func container(t *testing.T, objects map[string]*unstructured.Unstructured, deployment string) map[string]any {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(objects["Deployment "+deployment].Object,
		"spec", "template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		t.Fatalf("got containers %v, error %v", containers, err)
	}
	return containers[0].(map[string]any)
}

// janitorsObjects are those of the janitor.
var janitorsObjects = []string{
	"Deployment peernode-janitor", "ServiceAccount peernode-janitor", "ClusterRole peernode-janitor", "ClusterRoleBinding peernode-janitor",
	"NetworkPolicy peernode-janitor", "ValidatingAdmissionPolicy peernode-janitor", "ValidatingAdmissionPolicyBinding peernode-janitor",
}

// probesObjects are those of the probe of NetworkPolicies.
var probesObjects = []string{
	"Deployment peernode-policy-probe", "ServiceAccount peernode-policy-probe", "Service peernode-policy-probe", "NetworkPolicy peernode-policy-probe",
}

func TestObjectsFollowTheValues(t *testing.T) {
	const crd = "CustomResourceDefinition peernodes.peernode.dev"
	tests := map[string]struct {
		reason          string
		values          string
		present, absent []string
	}{
		"one replica has no disruption budget": {
			reason: "it would keep its node from being drained",
			absent: []string{"PodDisruptionBudget peernode-operator"},
		},
		"two replicas have one": {
			values:  "replicas: 2",
			present: []string{"PodDisruptionBudget peernode-operator"},
		},
		"watched namespaces replace the right to all": {
			reason: "least privilege",
			values: "watchNamespaces: [peers]",
			present: []string{
				"RoleBinding peers/peernode-operator-peers", "ClusterRoleBinding peernode-operator-metrics-auth",
				"RoleBinding peers/peernode-unsealer-peers", "ClusterRoleBinding peernode-unsealer-reviews",
			},
			absent: []string{"ClusterRoleBinding peernode-operator", "ClusterRoleBinding peernode-unsealer"},
		},
		"with watched namespaces the operator makes the sealing key by a right of its own": {
			reason:  "its own namespace need not be among those that it watches",
			values:  "watchNamespaces: [peers]",
			present: []string{"Role peernode-operator-unsealer", "RoleBinding peernode-operator-unsealer"},
		},
		"in all namespaces it needs no further right": {
			absent: []string{"Role peernode-operator-unsealer", "RoleBinding peernode-operator-unsealer", "ClusterRoleBinding peernode-unsealer-reviews"},
		},
		"two replicas of the unsealer have a disruption budget": {
			present: []string{"PodDisruptionBudget peernode-unsealer"},
		},
		"one replica of the unsealer has none": {
			values: "unsealer: {replicas: 1}",
			absent: []string{"PodDisruptionBudget peernode-unsealer"},
		},
		"no disruption budgets when asked": {
			values: "{replicas: 2, podDisruptionBudget: {enabled: false}}",
			absent: []string{"PodDisruptionBudget peernode-operator", "PodDisruptionBudget peernode-unsealer"},
		},
		"what the programs make themselves is not in the chart": {
			reason: "an upgrade would put another sealing key in its place, or take the ConfigMap away",
			absent: []string{"Secret peernode-sealing-key-1", "ConfigMap peernode-unsealer"},
		},
		"the unsealer has its name in every release": {
			reason: "peers and the operator find it by that name",
			values: "fullnameOverride: other",
			present: []string{
				"Deployment other", "Deployment peernode-unsealer", "Service peernode-unsealer", "Service peernode-unsealer-metrics",
				"ServiceAccount peernode-unsealer", "ClusterRole peernode-unsealer", "ClusterRoleBinding peernode-unsealer",
				"Role peernode-unsealer", "RoleBinding peernode-unsealer", "NetworkPolicy peernode-unsealer",
				"PodDisruptionBudget peernode-unsealer",
			},
		},
		"nobody deletes keys unless asked to": {
			reason: "a right to delete Secrets is a large one",
			absent: janitorsObjects,
		},
		"somebody does when asked to": {
			values:  "keyJanitor: {enabled: true}",
			present: janitorsObjects,
		},
		"the janitor works where the operator does": {
			values:  "{keyJanitor: {enabled: true}, watchNamespaces: [a, b]}",
			present: []string{"RoleBinding a/peernode-janitor", "RoleBinding b/peernode-janitor", "ValidatingAdmissionPolicyBinding peernode-janitor"},
			absent:  []string{"ClusterRoleBinding peernode-janitor"},
		},
		"whether policies are enforced is found out": {
			present: probesObjects,
		},
		"nobody finds out when asked not to": {
			values: "policyProbe: {enabled: false}",
			absent: probesObjects,
		},
		"the probe has its policy whatever the others have": {
			reason:  "it is what is tried out",
			values:  "networkPolicy: {enabled: false}",
			present: []string{"NetworkPolicy peernode-policy-probe"},
		},
		"commands in the pods of peers are refused": {
			present: []string{"ValidatingAdmissionPolicy peernode-operator-exec", "ValidatingAdmissionPolicyBinding peernode-operator-exec"},
		},
		"commands in the pods of peers can be allowed": {
			values: "commandsInPeers: {refused: false}",
			absent: []string{"ValidatingAdmissionPolicy peernode-operator-exec", "ValidatingAdmissionPolicyBinding peernode-operator-exec"},
		},
		"the kinds can come from elsewhere": {
			values: "crds: {install: false}",
			absent: []string{crd},
		},
		"readers of metrics are bound": {
			values:  "metrics: {readers: [{namespace: monitoring, serviceAccount: prometheus}]}",
			present: []string{"ClusterRoleBinding peernode-operator-metrics-reader"},
		},
		"nothing needs the Prometheus operator": {
			absent:  []string{"PodMonitor peernode-operator"},
			present: []string{crd},
		},
		"the network policies can be left out": {
			values: "{networkPolicy: {enabled: false}, keyJanitor: {enabled: true}}",
			absent: []string{"NetworkPolicy peernode-operator", "NetworkPolicy peernode-unsealer", "NetworkPolicy peernode-janitor"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := render(t, tc.values)
			for _, key := range tc.present {
				if got[key] == nil {
					t.Errorf("%s is missing. %s", key, tc.reason)
				}
			}
			for _, key := range tc.absent {
				if got[key] != nil {
					t.Errorf("%s must not be there. %s", key, tc.reason)
				}
			}
		})
	}
}

func TestFieldsFollowTheValues(t *testing.T) {
	tests := map[string]struct {
		reason, values, object string
		path                   []string
		want                   any
	}{
		"kinds outlive the release": {
			object: "CustomResourceDefinition peernodes.peernode.dev",
			path:   []string{"metadata", "annotations", "helm.sh/resource-policy"},
			want:   "keep",
		},
		"kinds go with the release when asked": {
			values: "crds: {keep: false}",
			object: "CustomResourceDefinition peernodes.peernode.dev",
			path:   []string{"metadata", "annotations", "helm.sh/resource-policy"},
		},
		"roles are not aggregated when asked": {
			values: "rbac: {aggregate: false}",
			object: "ClusterRole peernode-operator-view",
			path:   []string{"metadata", "labels", "rbac.authorization.k8s.io/aggregate-to-view"},
		},
		"without sources of metrics there is no rule": {
			reason: "an empty from would let anybody in",
			values: "{networkPolicy: {metricsFrom: []}, policyProbe: {enabled: false}}",
			object: "NetworkPolicy peernode-operator",
			path:   []string{"spec", "ingress"},
		},
		"the priority class is set": {
			values: "priorityClassName: system-cluster-critical",
			object: "Deployment peernode-operator",
			path:   []string{"spec", "template", "spec", "priorityClassName"},
			want:   "system-cluster-critical",
		},
		"a pod label cannot take the pods out of the selector": {
			values: "podLabels: {app.kubernetes.io/name: other}",
			object: "Deployment peernode-operator",
			path:   []string{"spec", "template", "metadata", "labels", "app.kubernetes.io/name"},
			want:   "peernode-operator",
		},
		"host users reach the pod": {
			values: "hostUsers: true",
			object: "Deployment peernode-operator",
			path:   []string{"spec", "template", "spec", "hostUsers"},
			want:   true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			object := render(t, tc.values)[tc.object]
			if object == nil {
				t.Fatalf("no %s", tc.object)
			}
			got, _, err := unstructured.NestedFieldNoCopy(object.Object, tc.path...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestArgumentsFollowTheValues(t *testing.T) {
	objects := render(t, `
hostUsers: true
logLevel: debug
watchNamespaces: [a, b]
peers: {dnsCIDRs: [169.254.20.10/32]}
unsealer: {checkSourceAddress: false}
keyJanitor: {enabled: true}
`)
	for deployment, wanted := range map[string][]any{
		"peernode-operator": {"--host-users=true", "--log-level=debug", "--namespaces=a,b", "--dns-cidrs=169.254.20.10/32"},
		"peernode-unsealer": {"--log-level=debug", "--check-source-address=false"},
		"peernode-janitor":  {"--log-level=debug", "--namespaces=a,b"},
	} {
		args := container(t, objects, deployment)["args"].([]any)
		for _, want := range wanted {
			if !slices.Contains(args, want) {
				t.Errorf("%s: got %v, want %v among them", deployment, args, want)
			}
		}
	}
}

func TestRolesAreNarrow(t *testing.T) {
	roles := build(t, "default")
	// What the chart adds for some namespaces.
	maps.Copy(roles, render(t, "{watchNamespaces: [peers], keyJanitor: {enabled: true}}"))
	maps.Copy(roles, build(t, "janitor"))
	for key, o := range roles {
		rules, _, err := unstructured.NestedSlice(o.Object, "rules")
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			checkRule(t, key, rule.(map[string]any))
		}
	}
}

// checkRule refuses wildcards, and any right to Secrets beside creating them, and for the janitor alone deleting them: keys are
// none of the operator's business once they are made.
func checkRule(t *testing.T, role string, rule map[string]any) {
	t.Helper()
	for _, field := range []string{"apiGroups", "resources", "verbs", "nonResourceURLs"} {
		values, _ := rule[field].([]any)
		if slices.ContainsFunc(values, func(v any) bool { return strings.Contains(v.(string), "*") }) {
			t.Errorf("%s has a wildcard in %s: %v", role, field, values)
		}
	}
	resources, _ := rule["resources"].([]any)
	may := "create"
	if role == "ClusterRole peernode-janitor" {
		may = "delete"
	}
	if slices.Contains(resources, any("secrets")) && !cmp.Equal(rule["verbs"], []any{may}) {
		t.Errorf("%s: got the rights %v to Secrets, want %s alone", role, rule["verbs"], may)
	}
}
