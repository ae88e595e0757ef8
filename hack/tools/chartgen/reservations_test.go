// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Reservations have no namespace, so a role that is bound in some namespaces only gives no right to them.
func TestTheRightsToReservationsAreThoseOfTheCluster(t *testing.T) {
	everywhere, some := build(t, "default"), render(t, "{fullnameOverride: ops, watchNamespaces: [a]}")
	for subject, c := range map[string]struct{ role, narrow string }{
		"the operator": {"ClusterRole peernode-operator", "ops-reservations"},
		"the unsealer": {"ClusterRole peernode-unsealer", "peernode-unsealer-reservations"},
	} {
		want := verbsOn(t, everywhere[c.role], "peeridentityreservations")
		got := verbsOn(t, some["ClusterRole "+c.narrow], "peeridentityreservations")
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s has other rights to reservations in some namespaces than in all (-all +some):\n%s", subject, diff)
		}
		if len(field(t, some["ClusterRole "+c.narrow], "rules").([]any)) != 1 {
			t.Errorf("%s has rights to more than reservations in the whole cluster", subject)
		}
		if name := field(t, some["ClusterRoleBinding "+c.narrow], "roleRef", "name"); name != c.narrow {
			t.Errorf("%s is bound to %s", subject, name)
		}
	}
	// Where the API server keeps events about them.
	if verbs := verbsOn(t, some["Role default/ops-reservations"], "events"); !cmp.Equal(verbs, verbsOn(t, everywhere["ClusterRole peernode-operator"], "events")) {
		t.Errorf("the operator may %v events about reservations", verbs)
	}
	for _, key := range []string{"ClusterRole peernode-operator-reservations", "ClusterRole peernode-unsealer-reservations"} {
		if render(t, "")[key] != nil {
			t.Errorf("%s is there beside a role that gives the same rights", key)
		}
	}
}

// verbsOn are all verbs that a role allows on a resource.
func verbsOn(t *testing.T, role *unstructured.Unstructured, resource string) []string {
	t.Helper()
	if role == nil {
		t.Fatalf("there is no role with rights to %s", resource)
	}
	var out []string
	for _, rule := range field(t, role, "rules").([]any) {
		resources, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "resources")
		if slices.Contains(resources, resource) {
			verbs, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "verbs")
			out = append(out, verbs...)
		}
	}
	slices.Sort(out)
	return out
}
