// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/resources"
)

// The tests of this file hold for every object of every scenario, whatever a golden file says.

func everyObject(t *testing.T, check func(t *testing.T, in resources.Input, builder string, object map[string]any)) {
	t.Helper()
	for name, s := range scenarios {
		in := s.input(t, name)
		for builder, object := range build(t, in) {
			t.Run(name+"/"+builder, func(t *testing.T) {
				var decoded map[string]any
				convert(t, object, &decoded)
				check(t, in, builder, decoded)
			})
		}
	}
}

func convert(t *testing.T, from, to any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err == nil {
		err = yaml.UnmarshalStrict(raw, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryObjectIsLabelledAndOwnedUnlessItHoldsData(t *testing.T) {
	everyObject(t, func(t *testing.T, in resources.Input, builder string, object map[string]any) {
		var meta struct{ Metadata metav1.ObjectMeta }
		convert(t, map[string]any{"metadata": object["metadata"]}, &meta)
		m := meta.Metadata
		if m.Namespace != in.PeerNode.Namespace || m.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || m.Labels[v1alpha1.LabelPeerNode] != in.PeerNode.Name {
			t.Errorf("the operator would not find it again: %s, %v", m.Namespace, m.Labels)
		}
		for key := range m.Labels {
			if strings.Contains(key, "argocd") {
				t.Errorf("label %s of the PeerNode was copied down: Argo CD would prune the object", key)
			}
		}
		if builder == "persistentvolumeclaim" {
			if len(m.OwnerReferences) > 0 || m.Annotations[v1alpha1.AnnotationOwnerUID] != uid {
				t.Errorf("the claim has owners %v and remembers %v; the garbage collector must never decide over data", m.OwnerReferences, m.Annotations)
			}
			return
		}
		if owner := metav1.GetControllerOf(&m); owner == nil || owner.UID != uid || owner.Kind != "PeerNode" || len(m.OwnerReferences) != 1 {
			t.Errorf("the owners are %v, want the PeerNode alone", m.OwnerReferences)
		}
	})
}

// The server drops empty lists and maps, and an apply would send them again and again.
func TestNoObjectHasEmptyListsOrNulls(t *testing.T) {
	everyObject(t, func(t *testing.T, _ resources.Input, _ string, object map[string]any) {
		walk("", object, func(path string, value any) {
			switch v := value.(type) {
			case nil:
				t.Errorf("%s is null", path)
			case []any:
				if len(v) == 0 {
					t.Errorf("%s is an empty list", path)
				}
			}
		})
	})
}

func walk(path string, value any, visit func(string, any)) {
	visit(path, value)
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			walk(path+"."+key, below, visit)
		}
	case []any:
		for _, below := range v {
			walk(path+"[]", below, visit)
		}
	}
}

// A rule without peers lets everybody in, a rule without ports opens them all.
func TestNoRuleOfThePolicyIsOpenByAccident(t *testing.T) {
	for name, s := range scenarios {
		in := s.input(t, name)
		var policy networkingv1.NetworkPolicy
		convert(t, resources.NetworkPolicy(in), &policy)
		if diff := cmp.Diff([]networkingv1.PolicyType{"Ingress", "Egress"}, policy.Spec.PolicyTypes); diff != "" {
			t.Errorf("%s: directions (-want +got):\n%s", name, diff)
		}
		for i, rule := range policy.Spec.Ingress {
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				t.Errorf("%s: ingress rule %d is open: %v", name, i, rule)
			}
		}
		onAnyPort := 0 // As the comments of both kinds of allowTo say.
		if len(in.PeerNode.Spec.Network.Peer.AllowTo) > 0 {
			onAnyPort++
		}
		if e := in.PeerNode.Spec.Edge; e != nil && e.Tokens != nil && len(e.Tokens.AllowTo) > 0 {
			onAnyPort++
		}
		for i, rule := range policy.Spec.Egress {
			last := i >= len(policy.Spec.Egress)-onAnyPort
			if len(rule.To) == 0 || len(rule.Ports) == 0 && !last {
				t.Errorf("%s: egress rule %d is open: %v", name, i, rule)
			}
		}
	}
}

func TestInternalPortsAreReachedByNobody(t *testing.T) {
	in := scenarios["custom-full"].input(t, "custom-full")
	for builder, object := range build(t, in) {
		raw, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if builder != "statefulset" && strings.Contains(string(raw), "8080") {
			t.Errorf("%s names the internal port 8080", builder)
		}
	}
}

func TestTheClaimNeverShrinks(t *testing.T) {
	in := scenarios["p2p-agent-minimal"].input(t, "p2p-agent-minimal")
	claim := func(size string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{Resources: corev1.VolumeResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)},
		}}}
	}
	for name, c := range map[string]struct {
		live *corev1.PersistentVolumeClaim
		want string
	}{
		"A new claim asks for what the spec says.":   {nil, "1Gi"},
		"A smaller claim grows.":                     {claim("512Mi"), "1Gi"},
		"A claim of the same size stays.":            {claim("1024Mi"), "1Gi"},
		"A larger claim that was taken up stays so.": {claim("2Gi"), "2Gi"},
		"A claim without a request gets one.":        {&corev1.PersistentVolumeClaim{}, "1Gi"},
	} {
		requests := *resources.PersistentVolumeClaim(in, c.live).Spec.Resources.Requests
		if got := requests[corev1.ResourceStorage]; got.Cmp(resource.MustParse(c.want)) != 0 {
			t.Errorf("%s got %s, want %s", name, got.String(), c.want)
		}
	}
}
