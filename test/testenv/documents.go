// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Documents are the objects in a file of the repository, in which each other string takes the place of the one before it.
func Documents(file string, replace ...string) ([]*unstructured.Unstructured, error) {
	raw, err := os.ReadFile(filepath.Join(Root(), file))
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for document := range strings.SplitSeq(strings.NewReplacer(replace...).Replace(string(raw)), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(document), &o.Object); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		out = append(out, o)
	}
	return out, nil
}
