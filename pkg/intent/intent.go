// SPDX-License-Identifier: Apache-2.0

// Package intent holds what an object should be, and decides without a request whether the live object already
// is that. A server-side apply is a request even when it changes nothing, so a converged operator has to know.
package intent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
)

// Ref names an object.
type Ref struct {
	schema.GroupVersionKind
	types.NamespacedName
}

// String is the form in which messages name the object.
func (r Ref) String() string { return r.Kind + " " + r.Namespace + "/" + r.Name }

// Intent is the fields of one object that the operator wants, and no others.
type Intent struct {
	Ref
	// Object carries its own hash in the annotation AnnotationIntent.
	Object *unstructured.Unstructured
}

// From makes an intent from a typed apply configuration.
func From(applyConfiguration any) (Intent, error) {
	raw, err := json.Marshal(applyConfiguration)
	if err != nil {
		return Intent{}, fmt.Errorf("encode %T: %w", applyConfiguration, err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &u.Object); err != nil {
		return Intent{}, fmt.Errorf("decode %T: %w", applyConfiguration, err)
	}
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationIntent] = Hash(raw)
	u.SetAnnotations(annotations)
	ref := Ref{GroupVersionKind: u.GroupVersionKind(), NamespacedName: types.NamespacedName{Namespace: u.GetNamespace(), Name: u.GetName()}}
	return Intent{Ref: ref, Object: u}, nil
}

// Hash is short enough to be read aloud and long enough not to collide by chance.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}
