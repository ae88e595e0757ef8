// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/test/cluster/audit"
)

// peer is a namespace with one PeerNode and what it owns, as one run leaves it.
var peer = `
- {apiVersion: peernode.dev/v1alpha1, kind: PeerNode, metadata: {name: alpha, namespace: run-1, uid: 11111111-1111-1111-1111-111111111111, generation: 3, resourceVersion: "7"}, status: {observedGeneration: 3}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: run-1, uid: 22222222-2222-2222-2222-222222222222, labels: {app.kubernetes.io/managed-by: peernode-operator, peernode.dev/peernode: alpha}}, data: {key: c2VjcmV0}}
- {apiVersion: v1, kind: Service, metadata: {name: alpha, namespace: run-1, creationTimestamp: "2026-01-01T00:00:00Z", ownerReferences: [{kind: PeerNode, name: alpha, uid: 11111111-1111-1111-1111-111111111111}]}, spec: {clusterIP: 10.0.0.7, externalName: alpha.run-1.svc, healthCheckNodePort: 30001}}
- {apiVersion: peernode.dev/v1alpha1, kind: PeerIdentityReservation, metadata: {name: libp2p-ed25519-` + oneKey + `, uid: 66666666-6666-6666-6666-666666666666}, spec: {publicKey: ` + oneKey + `, holder: {namespace: run-1, name: alpha}, secretName: alpha-identity-1}}
`

// files are what a pod was made of, by hashes that follow from a key in them.
var files = `
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: alpha, namespace: run-1}, spec: {template: {metadata: {annotations: {peernode.dev/config: 0123abcd}}}}, status: {updateRevision: alpha-7c6d}}
- {apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: alpha-7c6d, namespace: run-1, ownerReferences: [{kind: StatefulSet, name: alpha}], labels: {controller.kubernetes.io/hash: 7c6d}}, revision: 1}
- {apiVersion: v1, kind: Pod, metadata: {name: alpha-0, namespace: run-1, annotations: {peernode.dev/config: 0123abcd}, labels: {controller-revision-hash: alpha-7c6d}}}
`

// Public keys, which differ from run to run.
var oneKey, otherKey = strings.Repeat("0a", 32), strings.Repeat("0b", 32)

func TestStatesAreEqualWhereRunsMayDiffer(t *testing.T) {
	for name, c := range map[string]struct {
		other string
		field string // that differs; "" for none
	}{
		"other UIDs, versions, times, addresses and keys in another namespace": {`
- {apiVersion: peernode.dev/v1alpha1, kind: PeerNode, metadata: {name: alpha, namespace: run-22, uid: 33333333-3333-3333-3333-333333333333, generation: 5, resourceVersion: "99"}, status: {observedGeneration: 5}}
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: run-22, uid: 44444444-4444-4444-4444-444444444444, labels: {app.kubernetes.io/managed-by: peernode-operator, peernode.dev/peernode: alpha}}, data: {key: c2VjcmVU}}
- {apiVersion: v1, kind: Service, metadata: {name: alpha, namespace: run-22, creationTimestamp: "2026-02-02T00:00:00Z", ownerReferences: [{kind: PeerNode, name: alpha, uid: 33333333-3333-3333-3333-333333333333}]}, spec: {clusterIP: 10.0.0.8, externalName: alpha.run-22.svc, healthCheckNodePort: 30002}}
- {apiVersion: peernode.dev/v1alpha1, kind: PeerIdentityReservation, metadata: {name: libp2p-ed25519-` + otherKey + `, uid: 77777777-7777-7777-7777-777777777777}, spec: {publicKey: ` + otherKey + `, holder: {namespace: run-22, name: alpha}, secretName: alpha-identity-1}}
` + strings.NewReplacer("run-1", "run-22", "0123abcd", "89efabcd", "7c6d", "3f2e").Replace(files), ""},
		"the identity is another's": {`
- {apiVersion: peernode.dev/v1alpha1, kind: PeerIdentityReservation, metadata: {name: libp2p-ed25519-` + oneKey + `}, spec: {publicKey: ` + oneKey + `, holder: {namespace: run-1, name: beta}, secretName: alpha-identity-1}}
`, "PeerIdentityReservation/alpha-identity-1.spec.holder.name"},
		"the status speaks of an older generation": {`
- {apiVersion: peernode.dev/v1alpha1, kind: PeerNode, metadata: {name: alpha, namespace: run-1, uid: 11111111-1111-1111-1111-111111111111, generation: 3}, status: {observedGeneration: 2}}
`, "PeerNode/alpha.status.observedGeneration"},
		"the key has another length": {`
- {apiVersion: v1, kind: Secret, metadata: {name: key, namespace: run-1}, data: {key: c2VjcmV0MTIz}}
`, "Secret/key.data.key"},
		"the Service belongs to a PeerNode that is gone": {`
- {apiVersion: v1, kind: Service, metadata: {name: alpha, namespace: run-1, ownerReferences: [{kind: PeerNode, name: alpha, uid: 55555555-5555-5555-5555-555555555555}]}}
`, "Service/alpha.metadata.ownerReferences[0].uid"},
		"the pod has files of before": {`
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {name: alpha, namespace: run-1}, spec: {template: {metadata: {annotations: {peernode.dev/config: 0123abcd}}}}}
- {apiVersion: v1, kind: Pod, metadata: {name: alpha-0, namespace: run-1, annotations: {peernode.dev/config: 4567abcd}}}
`, "Pod/alpha-0.metadata.annotations.peernode.dev/config"},
		"the pod is of a revision of before": {`
- {apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: alpha-7c6d, namespace: run-1, ownerReferences: [{kind: StatefulSet, name: alpha}]}, revision: 1}
- {apiVersion: v1, kind: Pod, metadata: {name: alpha-0, namespace: run-1, labels: {controller-revision-hash: alpha-5b4a}}}
`, "Pod/alpha-0.metadata.labels.controller-revision-hash"},
		"the Service has become headless": {`
- {apiVersion: v1, kind: Service, metadata: {name: alpha, namespace: run-1}, spec: {clusterIP: None}}
`, "Service/alpha.spec.clusterIP"},
	} {
		t.Run(name, func(t *testing.T) {
			want := (&World{Namespace: "run-1"}).canonical(objectsOf(t, peer+files))
			others := objectsOf(t, c.other)
			got := (&World{Namespace: others[0].GetNamespace()}).canonical(others)
			if c.field == "" {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("no difference expected (-want +got):\n%s", diff)
				}
				return
			}
			if value, ok := got[c.field]; !ok || value == want[c.field] {
				t.Errorf("%s is %q in both", c.field, value)
			}
		})
	}
}

func TestWhyAPeerNeverServedIsLeftOut(t *testing.T) {
	for place, message := range map[string]string{
		"the condition": "revision 2-a was taken back, because %s has not served for 10s: %s. Change spec.template, or put the old one back",
		"the record":    "%s has not served for 10s: %s",
	} {
		tell := func(who, why string) string {
			return canonizer{hashes: strings.NewReplacer()}.text("message", fmt.Sprintf(message, who, why))
		}
		one := tell("relay-1", "WaitingForPod: the pod has started; it is not ready. Look at it")
		if other := tell("relay-1", "WaitingForNode: 0/3 nodes are available. No room"); other != one {
			t.Errorf("%s: %q and %q differ", place, one, other)
		}
		if other := tell("relay-2", "WaitingForPod: the pod has started"); other == one {
			t.Errorf("%s: %q is said of two peers", place, one)
		}
	}
}

func TestLeaks(t *testing.T) {
	const orphan = "- {apiVersion: v1, kind: Service, metadata: {name: s, ownerReferences: [{kind: PeerNode, name: alpha, uid: 55555555-5555-5555-5555-555555555555}]}}"
	const kept = "- {apiVersion: v1, kind: Secret, metadata: {name: key, labels: {app.kubernetes.io/managed-by: peernode-operator, peernode.dev/peernode: alpha}}}"
	const reservedFor = "- {apiVersion: peernode.dev/v1alpha1, kind: PeerIdentityReservation, metadata: {name: libp2p-ed25519-0a, labels: {app.kubernetes.io/managed-by: peernode-operator, peernode.dev/peernode: alpha}}, spec: {secretName: alpha-identity-1}}"
	for name, c := range map[string]struct {
		objects  string
		retained []string
		ok       bool
	}{
		"a living PeerNode with its objects":     {peer, nil, true},
		"an object whose owner is gone":          {orphan, nil, false},
		"a key that is meant to stay":            {kept, []string{"Secret/key"}, true},
		"a key that is not meant to stay":        {kept, nil, false},
		"a key that is meant to stay and is not": {`[]`, []string{"Secret/key"}, false},
		"an identity that is meant to stay":      {reservedFor, []string{"PeerIdentityReservation/alpha-identity-1"}, true},
		"an identity that is not meant to stay":  {reservedFor, nil, false},
		"somebody else's objects":                {"- {apiVersion: v1, kind: Secret, metadata: {name: theirs, labels: {peernode.dev/peernode: alpha}}}", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := leaks(objectsOf(t, c.objects), c.retained); (err == nil) != c.ok {
				t.Errorf("got %v, want it to be fine: %v", err, c.ok)
			}
		})
	}
}

func TestTrespasses(t *testing.T) {
	for name, c := range map[string]struct {
		entry    audit.Entry
		mayDrop  bool
		trespass bool
	}{
		"a key is made":                           {audit.Entry{Verb: "create", Resource: "secrets"}, false, false},
		"a key is read":                           {audit.Entry{Verb: "get", Resource: "secrets"}, false, true},
		"keys are watched":                        {audit.Entry{Verb: "watch", Resource: "secrets"}, false, true},
		"a volume goes where the spec says so":    {audit.Entry{Verb: "delete", Resource: "persistentvolumeclaims"}, true, false},
		"a volume goes where the spec says no":    {audit.Entry{Verb: "delete", Resource: "persistentvolumeclaims"}, false, true},
		"a pod is deleted":                        {audit.Entry{Verb: "delete", Resource: "pods"}, true, true},
		"a whole collection is deleted":           {audit.Entry{Verb: "deletecollection", Resource: "services"}, true, true},
		"something is asked for without a right":  {audit.Entry{Verb: "patch", Resource: "nodes", Code: 403}, true, true},
		"an object that is no longer needed goes": {audit.Entry{Verb: "delete", Resource: "services"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := trespasses([]audit.Entry{c.entry}, c.mayDrop); (err != nil) != c.trespass {
				t.Errorf("got %v, want a trespass: %v", err, c.trespass)
			}
		})
	}
}

func objectsOf(t *testing.T, list string) []unstructured.Unstructured {
	t.Helper()
	var contents []map[string]any
	if err := yaml.Unmarshal([]byte(list), &contents); err != nil {
		t.Fatal(err)
	}
	out := make([]unstructured.Unstructured, 0, len(contents))
	for _, content := range contents {
		// By way of JSON as the client decodes it: whole numbers are int64.
		u := unstructured.Unstructured{Object: map[string]any{}}
		raw, err := yaml.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = yaml.YAMLToJSON(raw); err != nil {
			t.Fatal(err)
		}
		if err := u.UnmarshalJSON(raw); err != nil {
			t.Fatal(err)
		}
		out = append(out, u)
	}
	return out
}
