// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"unique"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
)

// slim makes an object smaller before it is kept: field managers are dropped, the spec of a pod but for its node and,
// where it is of a Job, the names of its containers, and the spec of a Job.
// The labels and the names of annotations, which are much the same on all objects of a peer, share their strings.
func slim(object any) (any, error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return object, nil //nolint:nilerr // the cache also asks about objects that it only knows to be deleted
	}
	accessor.SetManagedFields(nil)
	accessor.SetLabels(rekey(accessor.GetLabels(), share))
	accessor.SetAnnotations(rekey(accessor.GetAnnotations(), func(s string) string { return s }))
	switch o := object.(type) {
	case *corev1.Pod:
		spec := corev1.PodSpec{NodeName: share(o.Spec.NodeName)}
		if o.Labels[batchv1.JobNameLabel] != "" {
			spec.InitContainers, spec.Containers = named(o.Spec.InitContainers), named(o.Spec.Containers)
		}
		o.Spec = spec
	case *batchv1.Job: // It is made once, and never compared.
		o.Spec = batchv1.JobSpec{}
	}
	return object, nil
}

// named keeps what tells containers apart.
func named(containers []corev1.Container) []corev1.Container {
	var out []corev1.Container
	for _, c := range containers {
		out = append(out, corev1.Container{Name: share(c.Name)})
	}
	return out
}

// share returns the one copy of a string that all who ask share.
func share(s string) string { return unique.Make(s).Value() }

// rekey copies a map with shared keys.
func rekey(m map[string]string, value func(string) string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[share(k)] = value(v)
	}
	return out
}
