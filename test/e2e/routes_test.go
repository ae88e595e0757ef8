// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	gatewayAPI = "gateway.networking.k8s.io/v1"
	// taken is what a Gateway says of a route that it takes, and whose Service it has found.
	taken = "Accepted=True (Accepted), ResolvedRefs=True (ResolvedRefs)"
)

// httpRoute has the listener of the Gateway that ends TLS ask a Service for what it is asked by a name.
func httpRoute(t *testing.T, ns, host, service string) *unstructured.Unstructured {
	t.Helper()
	return made(t, gatewayAPI, "HTTPRoute", ns, service, map[string]any{
		"parentRefs": []any{map[string]any{"namespace": traefikNamespace, "name": "world", "sectionName": "ends"}}, "hostnames": []any{host},
		"rules": []any{map[string]any{"backendRefs": []any{map[string]any{"name": service, "port": int64(443)}}}},
	})
}

// made is a new object of a kind of somebody else's, as one would write it in YAML.
func made(t *testing.T, apiVersion, kind, ns, name string, spec map[string]any) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	o.SetNamespace(ns)
	o.SetName(name)
	must(t, admin.Create(t.Context(), o))
	return o
}

// said is what a route's conditions say, by the controller that takes it: type, status and reason of each.
func said(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	parents, _, err := unstructured.NestedSlice(o.Object, "status", "parents")
	must(t, err)
	var out []string
	for _, parent := range parents {
		conditions, _, err := unstructured.NestedSlice(parent.(map[string]any), "conditions")
		must(t, err)
		for _, c := range conditions {
			condition := c.(map[string]any)
			out = append(out, fmt.Sprintf("%s=%s (%s)", condition["type"], condition["status"], condition["reason"]))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// awaitSaid waits until the conditions of a route say something.
func awaitSaid(t *testing.T, o *unstructured.Unstructured, want string) {
	t.Helper()
	eventually(t, func() error {
		if got := said(t, o); got != want {
			return fmt.Errorf("%s %s: %q, want %q", o.GetKind(), o.GetName(), got, want)
		}
		return nil
	})
	status, err := yaml.Marshal(o.Object["status"])
	must(t, err)
	t.Logf("status of %s %s:\n%s", o.GetKind(), o.GetName(), status)
}
