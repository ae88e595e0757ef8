// SPDX-License-Identifier: Apache-2.0

// Package crash proves that killing the operator at any write of any scenario ends in the same state as not
// killing it. For every write of a scenario and every way in which a write can come to nothing, it runs the
// scenario anew, ends the operator at that write, lets a fresh operator go on, and compares the end with that of
// an uninterrupted run. Then it proves from the API server's audit log that the survivor is silent. All the while it looks
// for the private keys of the run in whatever is stored or logged.
//
// A later kind needs no more than scenarios of its own: steps that a person takes, and how to see that the
// operator has arrived.
package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/testenv"
)

// Scenario is something that a person asks of the operator.
type Scenario struct {
	// Name appears in reports.
	Name string
	// Given leads to where the scenario begins, with an operator that nobody disturbs.
	Given Step
	// When is what the operator is killed over: once at every write that follows from it.
	When Step
	// Afterwards goes on with the survivor, undisturbed, and its end is compared too.
	Afterwards Step
	// KilledOver chooses, by method and path, the writes over which the operator is killed; nil for every one.
	KilledOver func(method, path string) bool
	// DeletesData says that the spec asks for a volume to be deleted. In any other scenario that is a violation.
	DeletesData bool
	// Removes are the keys, as Kind/name, that the spec asks somebody else than the operator to delete.
	Removes []string
}

// Step is what a person does and where it leads. The zero value does nothing.
type Step struct {
	// Act is carried out once.
	Act func(context.Context, *World) error
	// Settled is asked again and again; nil says that, as far as a few reads can show, the operator has arrived.
	Settled func(context.Context, *World) error
	// Retained are the objects that are meant to be left of PeerNodes that are gone, as Kind/name. Anything else
	// that is left is a leak.
	Retained []string
}

func (s Step) act(ctx context.Context, w *World) error {
	if s.Act == nil {
		return nil
	}
	return s.Act(ctx, w)
}

func (s Step) settled(ctx context.Context, w *World) error {
	if s.Settled == nil {
		return nil
	}
	return s.Settled(ctx, w)
}

// World is where one run takes place: a namespace of its own.
type World struct {
	*testenv.Env
	// Namespace holds everything.
	Namespace string
	// Log is that of its operators.
	Log logr.Logger

	notes map[string]string
}

// Note remembers an object, byte for byte, for Unchanged.
func (w *World) Note(ctx context.Context, kind schema.GroupVersionKind, name string) error {
	content, err := w.content(ctx, kind, name)
	w.notes[kind.Kind+"/"+name] = content
	return err
}

// Unchanged fails unless an object is still what it was when it was noted, its resourceVersion included.
func (w *World) Unchanged(ctx context.Context, kind schema.GroupVersionKind, name string) error {
	content, err := w.content(ctx, kind, name)
	if err != nil {
		return err
	}
	if noted := w.notes[kind.Kind+"/"+name]; content != noted {
		return fmt.Errorf("%s %s was touched\nbefore: %s\nafter:  %s", kind.Kind, name, noted, content)
	}
	return nil
}

func (w *World) content(ctx context.Context, kind schema.GroupVersionKind, name string) (string, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	if err := w.Admin.Get(ctx, types.NamespacedName{Namespace: w.Namespace, Name: name}, object); err != nil {
		return "", err
	}
	raw, err := json.Marshal(object)
	return string(raw), err
}

// precious are the operator's volumes and keys with what makes each of them that one: its UID, and the content of
// a key.
func (w *World) precious(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	for _, kind := range []string{"PersistentVolumeClaim", "Secret"} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
		if err := w.Admin.List(ctx, list, client.InNamespace(w.Namespace), client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}); err != nil {
			return nil, fmt.Errorf("list %s: %w", kind, err)
		}
		for _, object := range list.Items {
			out[label(object)] = fmt.Sprint(object.GetUID(), " ", object.Object["data"])
		}
	}
	return out, nil
}

// kept fails unless everything precious is still there, and still the same.
func (w *World) kept(ctx context.Context, before map[string]string) error {
	after, err := w.precious(ctx)
	if err != nil {
		return err
	}
	for name := range maps.Keys(before) {
		if after[name] != before[name] {
			return fmt.Errorf("%s is gone or another one than before", name)
		}
	}
	return nil
}

// label is kind and name. A reservation is named after its key, which differs from run to run, so it is called after its
// holder instead.
func label(object unstructured.Unstructured) string {
	name := object.GetName()
	if object.GetKind() == kindReservation {
		name, _, _ = unstructured.NestedString(object.Object, "spec", "secretName")
	}
	return object.GetKind() + "/" + name
}
