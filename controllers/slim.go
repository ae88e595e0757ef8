// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"unique"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
)

// slim makes an object smaller before it is kept: field managers are dropped, the spec of a pod but for its node, and
// that of a Job but for who carries it out.
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
		o.Spec = corev1.PodSpec{NodeName: share(o.Spec.NodeName)}
	case *batchv1.Job: // It is made once, and never compared.
		o.Spec = batchv1.JobSpec{ManagedBy: o.Spec.ManagedBy}
	}
	return object, nil
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
