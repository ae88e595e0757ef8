// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/quantity"
)

// Difference is the first place in which a live object is not as intended. The zero value means that it is.
type Difference struct {
	// Path is the field, such as spec.template.spec.containers[peer].image.
	Path string
	// Drift is true when the intent is still the one applied last: somebody else changed the object.
	Drift bool
}

// Compare looks for every field of the intent in the live object. Fields that only the live object has are the
// server's defaults or somebody else's, and do not count; a field that the intent has dropped is seen by the hash.
func Compare(want Intent, live runtime.Object) (Difference, error) {
	have, err := content(live)
	if err != nil {
		return Difference{}, fmt.Errorf("compare %s: %w", want.Ref, err)
	}
	path, same := within(want.Object.Object["metadata"], have["metadata"], "metadata")
	if !same && path == "metadata.annotations."+v1alpha1.AnnotationIntent {
		return Difference{Path: path}, nil
	}
	for _, field := range sortedKeys(want.Object.Object) {
		if !same {
			break
		}
		if field == "apiVersion" || field == "kind" || field == "metadata" {
			continue // A typed object read from a cache does not carry its type.
		}
		path, same = within(want.Object.Object[field], have[field], field)
	}
	if same {
		return Difference{}, nil
	}
	return Difference{Path: path, Drift: annotation(have) == want.Object.GetAnnotations()[v1alpha1.AnnotationIntent]}, nil
}

// content goes by way of JSON, not by reflection, so that numbers have the same type on both sides.
func content(o runtime.Object) (map[string]any, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	return out, json.Unmarshal(raw, &out)
}

func annotation(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[v1alpha1.AnnotationIntent].(string)
	return value
}

// within reports whether all of want is in have, and if not, where it is missing.
func within(want, have any, path string) (string, bool) {
	switch w := want.(type) {
	case map[string]any:
		h, _ := have.(map[string]any)
		for _, key := range sortedKeys(w) {
			if p, ok := within(w[key], h[key], path+"."+key); !ok {
				return p, false
			}
		}
		return "", true
	case []any:
		h, _ := have.([]any)
		return listWithin(w, h, path)
	default:
		return path, sameScalar(want, have, path)
	}
}

// listWithin finds elements by their key where the server merges by key: another manager may have added some.
// Any other list belongs to one owner as a whole.
func listWithin(want, have []any, path string) (string, bool) {
	keyed := len(want) > 0
	for i, w := range want {
		key := elementKey(w)
		if key == "" {
			keyed = false
			break
		}
		at := fmt.Sprintf("%s[%s]", path, key)
		found := find(have, key)
		if found == nil {
			return at, false
		}
		if p, ok := within(want[i], found, at); !ok {
			return p, false
		}
	}
	if keyed {
		return "", true
	}
	if len(want) != len(have) {
		return path, false
	}
	for i := range want {
		if p, ok := within(want[i], have[i], fmt.Sprintf("%s[%d]", path, i)); !ok {
			return p, false
		}
	}
	return "", true
}

// elementKey joins what the API uses as merge keys in the kinds that we apply. References to objects of several
// namespaces are told apart by both names; the server fills an open namespace with "".
func elementKey(element any) string {
	m, ok := element.(map[string]any)
	if !ok {
		return ""
	}
	name, hasName := m["name"].(string)
	if namespace, ok := m["namespace"].(string); ok && hasName && namespace != "" {
		return namespace + "/" + name
	}
	for _, field := range []string{"mountPath", "uid", "name"} {
		if value, ok := m[field].(string); ok {
			return value
		}
	}
	// Files of a PeerNode; what a volume takes out of a ConfigMap has a key as well, and belongs to one owner.
	if path, ok := m["path"].(string); ok && m["key"] == nil {
		return path
	}
	return ""
}

func find(list []any, key string) any {
	for _, element := range list {
		if elementKey(element) == key {
			return element
		}
	}
	return nil
}

func sameScalar(want, have any, path string) bool {
	if reflect.DeepEqual(want, have) {
		return true
	}
	w, isString := want.(string)
	h, alsoString := have.(string)
	return isString && alsoString && quantity.At(path) && quantity.Same(w, h)
}

func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}
