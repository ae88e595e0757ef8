// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
)

// same fails unless an object is still the one that was read before, and a Secret holds the same.
func (s *story) same(name string, before client.Object) {
	s.Helper()
	after := s.again(name, before)
	if after.GetUID() != before.GetUID() {
		s.Errorf("%T %s is another one than before", before, name)
	}
	if key, ok := after.(*corev1.Secret); ok {
		if diff := cmp.Diff(before.(*corev1.Secret).Data, key.Data); diff != "" {
			s.Errorf("the key %s was changed", name) // and is not printed
		}
	}
}

// unchanged fails unless nobody has written to an object, its own controller's status aside.
func (s *story) unchanged(name string, before client.Object) {
	s.Helper()
	if diff := cmp.Diff(withoutStatus(before), withoutStatus(s.again(name, before))); diff != "" {
		s.Errorf("%T %s was touched (-before +after):\n%s", before, name, diff)
	}
}

// withoutStatus returns a copy. The generation stays, and rises with every write to the spec.
func withoutStatus(o client.Object) client.Object {
	out := o.DeepCopyObject().(client.Object)
	out.SetResourceVersion("")
	out.SetManagedFields(nil)
	if status := reflect.ValueOf(out).Elem().FieldByName("Status"); status.IsValid() {
		status.SetZero()
	}
	return out
}

func (s *story) again(name string, before client.Object) client.Object {
	s.Helper()
	after := reflect.New(reflect.TypeOf(before).Elem()).Interface().(client.Object)
	s.is(name, after)
	return after
}

func podTemplate(patch string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) { p.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(patch)} }
}
