// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/test/testenv"
)

// strict makes the API server refuse unknown and repeated fields instead of warning of them.
const strict = client.FieldValidation(metav1.FieldValidationStrict)

// Beside acceptance this proves silence: what the server makes of an intent must count as that intent met, or the
// operator would apply it again for ever.
func TestGoldenObjectsAreAcceptedAndThenCountAsMet(t *testing.T) {
	ns := restrictedNamespace(t)
	for name, object := range goldens(t, "*.golden.yaml") {
		t.Run(name, func(t *testing.T) {
			object.SetNamespace(ns)
			want, err := intent.From(object)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := want.Object.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			live := typed(t, object)
			err = env.Admin.Patch(t.Context(), live, client.RawPatch(types.ApplyPatchType, raw), client.FieldOwner("goldens"), client.DryRunAll, strict)
			if err != nil {
				t.Fatal(err)
			}
			difference, err := intent.Compare(want, live)
			if err != nil {
				t.Fatal(err)
			}
			if difference.Path != "" {
				t.Errorf("the server does not keep %s as it was applied, so the operator would apply it for ever", difference.Path)
			}
		})
	}
}

func TestPeerNodesBehindTheGoldensAreAccepted(t *testing.T) {
	ns := namespace(t)
	for name, object := range goldens(t, "peernode.yaml") {
		t.Run(name, func(t *testing.T) {
			object.SetNamespace(ns)
			if err := env.Admin.Create(t.Context(), object, client.DryRunAll, strict); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGoldenPodsStartInARestrictedNamespace(t *testing.T) {
	ns := restrictedNamespace(t)
	for name, pod := range goldenPods(t) {
		t.Run(name, func(t *testing.T) {
			pod.Namespace = ns
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: pod.Spec.ServiceAccountName}}
			if err := env.Admin.Create(t.Context(), account); client.IgnoreAlreadyExists(err) != nil {
				t.Fatal(err)
			}
			if err := env.Admin.Create(t.Context(), pod, client.DryRunAll, strict); err != nil {
				t.Error(err)
			}
		})
	}
}

// A namespace that enforces less must not loosen the pods either, so the policy is asked without a namespace as well.
func TestGoldenPodsPassThePolicyRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for name, pod := range goldenPods(t) {
		if r := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)); !r.Allowed {
			t.Errorf("%s: %s", name, r.ForbiddenDetail())
		}
		pod.Spec.HostNetwork = true
		if policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)).Allowed {
			t.Errorf("%s: the policy would let any pod pass", name)
		}
	}
}

// goldens reads testdata of package resources, by scenario and file.
func goldens(t *testing.T, pattern string) map[string]*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Root(), "pkg/resources/testdata/*", pattern))
	if err != nil || len(files) < 6 {
		t.Fatalf("found only the goldens %v (%v)", files, err)
	}
	out := map[string]*unstructured.Unstructured{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(raw, &object.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		scenario := filepath.Base(filepath.Dir(file))
		out[scenario+"/"+strings.TrimSuffix(filepath.Base(file), ".golden.yaml")] = object
	}
	return out
}

// goldenPods are the pods that the controllers of StatefulSets and Jobs would make of the goldens. The one of a CronJob is never
// started, and yet judged by every policy of a cluster.
func goldenPods(t *testing.T) map[string]*corev1.Pod {
	t.Helper()
	out := map[string]*corev1.Pod{}
	for name, object := range goldens(t, "*.golden.yaml") {
		var template corev1.PodTemplateSpec
		switch object.GetKind() {
		case "StatefulSet":
			template = typed(t, object).(*appsv1.StatefulSet).Spec.Template
		case "Job":
			template = typed(t, object).(*batchv1.Job).Spec.Template
		case "CronJob":
			template = typed(t, object).(*batchv1.CronJob).Spec.JobTemplate.Spec.Template
		default:
			continue
		}
		pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
		pod.Name = object.GetName() + "-0"
		out[name] = pod
	}
	return out
}

// typed gives the object the Go type with which the operator reads it.
func typed(t *testing.T, object *unstructured.Unstructured) client.Object {
	t.Helper()
	out, err := env.Scheme.New(object.GroupVersionKind())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := object.MarshalJSON()
	if err == nil {
		err = yaml.UnmarshalStrict(raw, out)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	return out.(client.Object)
}

// restrictedNamespace makes a namespace that enforces Pod Security restricted.
func restrictedNamespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "restricted-",
		Labels:       map[string]string{api.EnforceLevelLabel: string(api.LevelRestricted), api.WarnLevelLabel: string(api.LevelRestricted)},
	}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}
