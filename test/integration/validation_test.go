// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// The smallest PeerNode of each software, which the cases change.
const (
	p2pAgent = `
apiVersion: peernode.dev/v1alpha1
kind: PeerNode
metadata: {name: alpha}
spec: {software: {p2pAgent: {}}, image: "registry.example.com/p2p-agent:v1", storage: {size: 1Gi}}`

	custom = `
apiVersion: peernode.dev/v1alpha1
kind: PeerNode
metadata: {name: alpha}
spec:
  software: {custom: {ports: [{name: gossip, port: 7946, purpose: Peer}], dataPath: /var/lib/peer}}
  image: "registry.example.com/serf:v1"
  storage: {size: 1Gi}`
)

// refusals are what the API server must say: a fragment of the message for each field.
type refusals map[string]string

// wrong is a PeerNode that must be refused: a valid one with a change laid over it, null taking a field away.
type wrong struct {
	base, change string
	refused      refusals
}

func TestWrongPeerNodesAreRefusedWithFieldAndReason(t *testing.T) {
	ns := namespace(t)
	for name, c := range wrongPeerNodes() {
		t.Run(name, func(t *testing.T) {
			err := env.Admin.Create(t.Context(), c.object(t, ns), client.DryRunAll, strict)
			expectRefusals(t, err, c.refused)
		})
	}
}

func TestWrongChangesAreRefusedWithFieldAndReason(t *testing.T) {
	for name, c := range wrongChanges() {
		t.Run(name, func(t *testing.T) {
			expectRefusals(t, change(t, namespace(t), c.base, c.before, c.change), c.refused)
		})
	}
}

func TestValidPeerNodesAreAccepted(t *testing.T) {
	ns := namespace(t)
	for name, c := range validPeerNodes() {
		t.Run(name, func(t *testing.T) {
			if err := env.Admin.Create(t.Context(), c.object(t, ns), client.DryRunAll, strict); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValidChangesAreAccepted(t *testing.T) {
	for name, c := range validChanges() {
		t.Run(name, func(t *testing.T) {
			if err := change(t, namespace(t), c.base, c.before, c.change); err != nil {
				t.Error(err)
			}
		})
	}
}

// change creates a PeerNode and asks the server what it thinks of a change.
func change(t *testing.T, ns, base, before, to string) error {
	t.Helper()
	p := wrong{base: base, change: before}.object(t, ns)
	if err := env.Admin.Create(t.Context(), p, strict); err != nil {
		t.Fatalf("the PeerNode is refused before it is changed: %v", err)
	}
	if p.GetKind() == "PeerIdentityReservation" { // It is in no namespace that is only this test's.
		t.Cleanup(func() { _ = env.Admin.Delete(context.WithoutCancel(t.Context()), p) })
	}
	patch, err := yaml.YAMLToJSON([]byte(to))
	if err != nil {
		t.Fatal(err)
	}
	return env.Admin.Patch(t.Context(), p, client.RawPatch(types.MergePatchType, patch), client.DryRunAll, strict)
}

// expectRefusals wants each refusal to be among the causes of an answer that says what is wrong.
func expectRefusals(t *testing.T, err error, want refusals) {
	t.Helper()
	var status apierrors.APIStatus
	if err == nil || !errors.As(err, &status) {
		t.Fatalf("got %v, want the server to refuse it", err)
	}
	for field, fragment := range want {
		if !refuses(status.Status(), field, fragment) {
			t.Errorf("no refusal of %q that says %q in:\n%s", field, fragment, said(status.Status()))
		}
	}
}

func refuses(s metav1.Status, field, fragment string) bool {
	if s.Details == nil || len(s.Details.Causes) == 0 {
		return field == "" && strings.Contains(s.Message, fragment)
	}
	for _, c := range s.Details.Causes {
		if c.Field == field && strings.Contains(c.Message, fragment) {
			return true
		}
	}
	return false
}

func said(s metav1.Status) string {
	if s.Details == nil || len(s.Details.Causes) == 0 {
		return s.Message
	}
	var b strings.Builder
	for _, c := range s.Details.Causes {
		fmt.Fprintf(&b, "  %q: %.200s\n", c.Field, c.Message)
	}
	return b.String()
}

// object lays the change over the base.
func (w wrong) object(t *testing.T, ns string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{Object: overlay(decode(t, w.base), decode(t, w.change))}
	object.SetNamespace(ns)
	return object
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatalf("%v in:\n%.400s", err, text)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// overlay is a JSON merge patch (RFC 7386).
func overlay(base, patch map[string]any) map[string]any {
	if base == nil {
		base = map[string]any{}
	}
	for key, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(base, key)
		case map[string]any:
			below, _ := base[key].(map[string]any)
			base[key] = overlay(below, v)
		default:
			base[key] = value
		}
	}
	return base
}

// many is a YAML list of n elements.
func many(n int, element func(i int) string) string {
	var list []string
	for i := range n {
		list = append(list, element(i))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// resources are n amounts by name.
func resources(n int) string {
	words := many(n, func(i int) string { return fmt.Sprintf("example.com/r%d: 1", i) })
	return "{" + strings.Trim(words, "[]") + "}"
}

// long is a word of n letters.
func long(n int) string { return strings.Repeat("a", n) }

// recipient is one that admission takes.
func recipient(i int) string { return "age1" + strings.Repeat("q", i+1) }
