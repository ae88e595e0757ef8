// SPDX-License-Identifier: Apache-2.0

package intent

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is a live object.
type Object interface {
	metav1.Object
	runtime.Object
}

// Change is an intent that the live object does not meet.
type Change struct {
	Intent
	// Live is nil where the object does not exist.
	Live Object
	// Difference is the first field that differs.
	Difference Difference
}

// Removal is an object that is to go.
type Removal struct {
	Ref

	Object Object
}

// FromAll makes intents of typed apply configurations and leaves out those that are nil, which a builder returns
// for an object that is not wanted.
func FromAll(applyConfigurations ...any) ([]Intent, error) {
	var out []Intent
	for _, applyConfiguration := range applyConfigurations {
		if reflect.ValueOf(applyConfiguration).IsNil() {
			continue
		}
		want, err := From(applyConfiguration)
		if err != nil {
			return nil, err
		}
		out = append(out, want)
	}
	return out, nil
}

// Changes keeps the intents that the live objects do not meet.
func Changes(wanted []Intent, live map[Ref]Object) ([]Change, error) {
	var out []Change
	for _, want := range wanted {
		change, err := ChangeOf(want, live[want.Ref])
		if err != nil {
			return nil, err
		}
		if change != nil {
			out = append(out, *change)
		}
	}
	return out, nil
}

// ChangeOf compares an intent with the live object, nil where there is none. It returns nil where nothing is to be
// changed.
func ChangeOf(want Intent, live Object) (*Change, error) {
	if live == nil {
		return &Change{Intent: want}, nil
	}
	difference, err := Compare(want, live)
	if err != nil || difference.Path == "" {
		return nil, err
	}
	return &Change{Intent: want, Live: live, Difference: difference}, nil
}
