// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// storesOf are the PeerBackupStores of a scenario, which lie in testdata/<scenario>/<name>.store.yaml.
func storesOf(t *testing.T, p *v1alpha1.PeerNode) []*v1alpha1.PeerBackupStore {
	t.Helper()
	var out []*v1alpha1.PeerBackupStore
	for _, name := range p.KeyStores() {
		raw, err := os.ReadFile(filepath.Join("testdata", "key-copies", name+".store.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		store := &v1alpha1.PeerBackupStore{}
		if err := yaml.UnmarshalStrict(raw, store); err != nil {
			t.Fatal(err)
		}
		out = append(out, store)
	}
	return out
}

// keyCopies are the objects that copy the key of a scenario.
func keyCopies(t *testing.T, in resources.Input) map[string]any {
	t.Helper()
	stores := storesOf(t, in.PeerNode)
	if len(stores) == 0 {
		return nil
	}
	out := map[string]any{"networkpolicy-keycopies": resources.KeyCopyPolicy(in.PeerNode, stores)}
	for _, store := range stores {
		out["keycopyjob-"+store.Name] = resources.KeyCopyJob(resources.KeyCopyJobInput{
			PeerNode: in.PeerNode, Epoch: 1, SecretName: names.Key(in.PeerNode, 1), Store: store, Image: companionImage, HostUsers: in.Options.HostUsers,
		})
	}
	return out
}

func keyCopyJob(t *testing.T, store string) batchv1.Job {
	t.Helper()
	in := scenarios["key-copies"].input(t, "key-copies")
	var job batchv1.Job
	convert(t, keyCopies(t, in)["keycopyjob-"+store], &job)
	return job
}

func TestTheJobThatCopiesAKeyHoldsNoSecretInItsSpec(t *testing.T) {
	for _, store := range []string{"s3", "offsite"} {
		spec := keyCopyJob(t, store).Spec.Template.Spec
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			t.Errorf("%s: the pod has a token of the API server", store)
		}
		for _, c := range spec.Containers {
			if len(c.Env) > 0 || len(c.EnvFrom) > 0 {
				t.Errorf("%s: container %s has an environment, which others can read", store, c.Name)
			}
			for _, m := range c.VolumeMounts {
				if !m.ReadOnly {
					t.Errorf("%s: %s is mounted to be written", store, m.Name)
				}
			}
		}
		for _, v := range spec.Volumes {
			if v.Secret != nil && (v.Secret.DefaultMode == nil || *v.Secret.DefaultMode&0o077 != 0) {
				t.Errorf("%s: others can read the files of Secret %s", store, v.Secret.SecretName)
			}
		}
	}
}

func TestAJobThatCopiesAKeyIsAnotherOneAfterEachChange(t *testing.T) {
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("p", 52)}}
	store := func(name string, uid types.UID, generation int64) *v1alpha1.PeerBackupStore {
		return &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid, Generation: generation}}
	}
	seen := map[string]string{}
	for what, name := range map[string]string{
		"first key":                  names.KeyCopyJob(p, 1, store("s3", "a", 1)),
		"second key":                 names.KeyCopyJob(p, 2, store("s3", "a", 1)),
		"another store":              names.KeyCopyJob(p, 1, store("offsite", "a", 1)),
		"a store that was made anew": names.KeyCopyJob(p, 1, store("s3", "b", 1)),
		"a changed store":            names.KeyCopyJob(p, 1, store("s3", "a", 2)),
	} {
		if other, ok := seen[name]; ok {
			t.Errorf("the Jobs for %s and for %s have one name", what, other)
		}
		seen[name] = what
		if errs := validation.IsDNS1123Label(name); len(errs) > 0 {
			t.Errorf("%s: %s: %v", what, name, errs)
		}
	}
}

func TestTheWayToAStoreIsAsNarrowAsItsSpecAllows(t *testing.T) {
	inside := []v1alpha1.NetworkPeer{{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"name": "storage"}}}}
	for name, c := range map[string]struct {
		endpoint string
		allowTo  []v1alpha1.NetworkPeer
		cidr     string
		port     int32
	}{
		"A name.":              {"https://s3.example.com", nil, "", 443},
		"A name and a port.":   {"https://s3.example.com:9000", nil, "", 9000},
		"An address.":          {"https://192.0.2.7:9000", nil, "192.0.2.7/32", 9000},
		"An address of IPv6.":  {"https://[2001:db8::7]", nil, "2001:db8::7/128", 443},
		"What the spec allows": {"https://s3.example.com", inside, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			store := &v1alpha1.PeerBackupStore{Spec: v1alpha1.PeerBackupStoreSpec{Endpoint: c.endpoint, AllowTo: c.allowTo}}
			p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Name: "alpha", Namespace: "peers", UID: uid}}
			var policy networkingv1.NetworkPolicy
			convert(t, resources.KeyCopyPolicy(p, []*v1alpha1.PeerBackupStore{store}), &policy)
			if len(policy.Spec.Egress) != 1 || len(policy.Spec.PolicyTypes) != 1 || policy.Spec.PolicyTypes[0] != networkingv1.PolicyTypeEgress {
				t.Fatalf("the policy is %+v", policy.Spec)
			}
			rule := policy.Spec.Egress[0]
			cidr, port := "", int32(0)
			if len(rule.To) == 1 && rule.To[0].IPBlock != nil {
				cidr = rule.To[0].IPBlock.CIDR
			}
			if len(rule.Ports) == 1 {
				port = rule.Ports[0].Port.IntVal
			}
			if cidr != c.cidr || port != c.port || (len(rule.To) == 0) != (c.cidr == "" && c.allowTo == nil) {
				t.Errorf("egress to %+v on ports %+v", rule.To, rule.Ports)
			}
			want := map[string]string{v1alpha1.LabelPeerNode: "alpha", v1alpha1.LabelComponent: resources.ComponentKeyCopy}
			if diff := cmp.Diff(want, policy.Spec.PodSelector.MatchLabels); diff != "" {
				t.Errorf("pods (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFailedCopyIsToldInItsOwnWords(t *testing.T) {
	ended := func(exitCode int32, message string) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: "injected"}, {Name: "key-copy", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: message, Reason: "Error"}}}}
	}
	for name, c := range map[string]struct {
		status corev1.PodStatus
		want   string
		done   bool
	}{
		"It runs.":                 {corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Name: "key-copy"}}}, "", false},
		"It is done.":              {corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: ended(0, "receipt")}, "", true},
		"It failed, and says why.": {corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: ended(1, "error: no bucket\n")}, "no bucket", false},
		"It was killed.":           {corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: ended(137, "")}, "container key-copy ended with exit code 137, Error", false},
		"It was evicted.":          {corev1.PodStatus{Phase: corev1.PodFailed, Message: "the node was low on memory"}, "the node was low on memory", false},
		"Nobody knows.":            {corev1.PodStatus{Phase: corev1.PodFailed}, "the pod failed and does not say why", false},
	} {
		pod := &corev1.Pod{Status: c.status}
		if why, failed := resources.KeyCopyFailure(pod); why != c.want || failed != (c.want != "") {
			t.Errorf("%s it failed: %v, %q, want %q", name, failed, why, c.want)
		}
		if done := resources.KeyCopyDone(pod) != nil; done != c.done {
			t.Errorf("%s it is done: %v", name, done)
		}
	}
}
