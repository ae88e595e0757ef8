// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
)

// kindReservation are the only objects without a namespace that an operator makes. Those of other runs are not looked at.
const kindReservation = "PeerIdentityReservation"

// reservations are those for the PeerNodes of the namespace.
func (w *World) reservations(ctx context.Context) ([]unstructured.Unstructured, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kindReservation))
	if err := w.Admin.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list reservations: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(r unstructured.Unstructured) bool {
		namespace, _, _ := unstructured.NestedString(r.Object, "spec", "holder", "namespace")
		return namespace != w.Namespace
	}), nil
}

// forget removes the reservations of a run that is over. Every operator of every later run would read them.
func (w *World) forget(ctx context.Context) error {
	list, err := w.reservations(ctx)
	for i := range list {
		letGo := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		err = errors.Join(err, w.Admin.Patch(ctx, &list[i], letGo), client.IgnoreNotFound(w.Admin.Delete(ctx, &list[i])))
	}
	return err
}
