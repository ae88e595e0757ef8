// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/crash"
)

// refusals put somebody else's object in the way, one of each kind that a peer needs.
func refusals() []crash.Scenario {
	var out []crash.Scenario
	for _, foreign := range []func() client.Object{
		foreignServiceAccount, foreignConfigMap, foreignClaim, foreignService, foreignAPIService,
		foreignNetworkPolicy, foreignBudget, foreignStatefulSet,
	} {
		out = append(out, refusal(foreign))
	}
	return out
}

func refusal(foreign func() client.Object) crash.Scenario {
	kind, name := foreign().GetObjectKind().GroupVersionKind(), foreign().GetName()
	untouched := func(ctx context.Context, w *crash.World) error { return w.Unchanged(ctx, kind, name) }
	return crash.Scenario{
		Name:       "adopt-refusal of " + kind.Kind + " " + name,
		KilledOver: tellingAndKeeping,
		Given: crash.Step{Act: func(ctx context.Context, w *crash.World) error {
			object := foreign()
			object.SetNamespace(w.Namespace)
			return w.Admin.Create(ctx, object)
		}},
		When: crash.Step{
			Act: all(
				func(ctx context.Context, w *crash.World) error { return w.Note(ctx, kind, name) },
				create(openAPI)),
			Settled: all(stalled("alpha", v1alpha1.ReasonForeignObject), untouched),
		},
		Afterwards: crash.Step{
			Act: all(untouched, func(ctx context.Context, w *crash.World) error {
				object := foreign()
				object.SetNamespace(w.Namespace)
				return w.Admin.Delete(ctx, object)
			}),
			Settled: serving("alpha"),
		},
	}
}

// tellingAndKeeping are the writes in which a refusal differs from "create": the status, and those of the key, which is
// made before the last object is refused.
func tellingAndKeeping(_, path string) bool {
	return strings.HasSuffix(path, "/status") || strings.HasSuffix(path, "/secrets") || strings.HasSuffix(path, "/peeridentityreservations")
}

func foreignMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": "somebody-else"}}
}

func foreignSelector() map[string]string { return map[string]string{"app": "foreign"} }

func typeMeta(group metav1.GroupVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: group.String(), Kind: kind}
}

func core() metav1.GroupVersion { return metav1.GroupVersion{Version: "v1"} }

func foreignServiceAccount() client.Object {
	return &corev1.ServiceAccount{TypeMeta: typeMeta(core(), "ServiceAccount"), ObjectMeta: foreignMeta("alpha")}
}

func foreignConfigMap() client.Object {
	return &corev1.ConfigMap{TypeMeta: typeMeta(core(), "ConfigMap"), ObjectMeta: foreignMeta("alpha-config"), Data: map[string]string{"mine": "yes"}}
}

// foreignClaim is of a class that nobody provisions, so that nobody but the operator could touch it.
func foreignClaim() client.Object {
	return &corev1.PersistentVolumeClaim{
		TypeMeta: typeMeta(core(), "PersistentVolumeClaim"), ObjectMeta: foreignMeta("alpha-data"),
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: new("somebody-elses"),
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}},
		},
	}
}

func foreignService() client.Object    { return service("alpha") }
func foreignAPIService() client.Object { return service("alpha-api") }

func service(name string) client.Object {
	return &corev1.Service{
		TypeMeta: typeMeta(core(), "Service"), ObjectMeta: foreignMeta(name),
		Spec: corev1.ServiceSpec{Selector: foreignSelector(), Ports: []corev1.ServicePort{{Name: "web", Port: 80}}},
	}
}

func foreignNetworkPolicy() client.Object {
	return &networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta(metav1.GroupVersion{Group: networkingv1.GroupName, Version: "v1"}, "NetworkPolicy"),
		ObjectMeta: foreignMeta("alpha"),
		Spec:       networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: foreignSelector()}},
	}
}

func foreignBudget() client.Object {
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   typeMeta(metav1.GroupVersion{Group: policyv1.GroupName, Version: "v1"}, "PodDisruptionBudget"),
		ObjectMeta: foreignMeta("alpha"),
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: foreignSelector()}},
	}
}

// foreignStatefulSet has no pods, so that only its own controller's first status follows.
func foreignStatefulSet() client.Object {
	return &appsv1.StatefulSet{
		TypeMeta:   typeMeta(metav1.GroupVersion{Group: appsv1.GroupName, Version: "v1"}, "StatefulSet"),
		ObjectMeta: foreignMeta("alpha"),
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(0)), ServiceName: "foreign",
			Selector: &metav1.LabelSelector{MatchLabels: foreignSelector()},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: foreignSelector()},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "registry.example.com/foreign:v1"}}},
			},
		},
	}
}
