// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/cluster/audit"
)

// leaks fails for objects that outlive their PeerNode or PeerFleet without being declared to, and for declared ones that do not.
func leaks(objects []unstructured.Unstructured, retained []string) error {
	living, names := map[types.UID]bool{}, map[string]bool{}
	for _, object := range objects {
		switch object.GetKind() {
		case "PeerNode":
			living[object.GetUID()] = true
			names[object.GetName()] = true
		case "PeerFleet":
			living[object.GetUID()] = true
		}
	}
	left := map[string]bool{}
	for _, object := range objects {
		labels := object.GetLabels()
		peer, ofPeer := labels[v1alpha1.LabelPeerNode]
		ownerless := len(object.GetOwnerReferences()) == 0
		if labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && !names[peer] && (ofPeer || ownerless) {
			left[label(object)] = true
		}
		for _, owner := range object.GetOwnerReferences() {
			if (owner.Kind == "PeerNode" || owner.Kind == "PeerFleet") && !living[owner.UID] {
				left[label(object)] = true
			}
		}
	}
	want := slices.Sorted(slices.Values(retained))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(left))); diff != "" {
		return fmt.Errorf("what is left of PeerNodes that are gone differs from what the scenario retains (-want +got):\n%s", diff)
	}
	return nil
}

// trespasses fails for requests that the operator must never send, whatever happens.
func trespasses(entries []audit.Entry, mayDeleteData bool) error {
	for _, e := range entries {
		what := fmt.Sprintf("the operator sent %s of %s/%s, answered %d", audit.VerbAndResource(e), e.Namespace, e.Name, e.Code)
		switch {
		case e.Resource == "secrets" && e.Verb != "create":
			return fmt.Errorf("keys can be created, not read, changed or deleted: %s", what)
		case e.Resource == "persistentvolumeclaims" && e.Verb == "delete" && !mayDeleteData && !strings.HasSuffix(e.Name, "-proof"): // which holds a copy
			return fmt.Errorf("a volume goes only where the spec says so: %s", what)
		case e.Verb == "deletecollection", e.Resource == "pods" && e.Mutating():
			return fmt.Errorf("pods and whole collections are not deleted: %s", what)
		case e.Code == 403:
			return fmt.Errorf("the operator's role does not allow what it does: %s", what)
		}
	}
	return nil
}
