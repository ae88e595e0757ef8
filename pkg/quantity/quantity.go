// SPDX-License-Identifier: Apache-2.0

// Package quantity deals with amounts of resources that are written as text, such as 500m or 2Gi. It never
// calculates with an exponent: resource.Quantity accepts 1e99999999 and then works on a number of that many digits,
// for hours, whenever it is compared.
package quantity

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Same reports whether two texts mean the same amount. Texts that are no plain quantities are never the same.
func Same(a, b string) bool {
	left, errLeft := parse(a)
	right, errRight := parse(b)
	return errLeft == nil && errRight == nil && left.Cmp(right) == 0
}

// longest is far longer than any amount that somebody means.
const longest = 40

func parse(text string) (resource.Quantity, error) {
	if len(text) > longest || exponent.MatchString(text) {
		return resource.Quantity{}, resource.ErrFormatWrong
	}
	return resource.ParseQuantity(text)
}

var exponent = regexp.MustCompile(`^\s*[+-]?[0-9.]+[eE][+-]?[0-9]`)

// At reports whether a field of a workload, by its path from the top of the object, holds an amount.
func At(path string) bool {
	if !strings.HasPrefix(path, "spec.") {
		return false
	}
	return compute.MatchString(path) || strings.HasSuffix(path, ".emptyDir.sizeLimit") || strings.HasSuffix(path, ".resourceFieldRef.divisor")
}

// compute are amounts by the name of a resource, which may itself hold dots and slashes.
var compute = regexp.MustCompile(`\.(resources\.(requests|limits)|overhead)\.[^\[\]]+$`)

// WithExponent returns the paths of all amounts in a value, found at path, that are written with an exponent.
func WithExponent(value any, path string) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			found = append(found, WithExponent(inner, path+"."+key)...)
		}
	case []any:
		for i, inner := range v {
			found = append(found, WithExponent(inner, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case string:
		if At(path) && exponent.MatchString(v) {
			found = append(found, path)
		}
	}
	return found
}

// Bytes writes a size as people read it, rounded up to a whole unit once it has ten thousand of them.
func Bytes(n int64) resource.Quantity {
	const unit = 1024
	size := int64(1)
	for n/size >= 10*unit {
		size *= unit
	}
	return *resource.NewQuantity((n+size-1)/size*size, resource.BinarySI)
}
