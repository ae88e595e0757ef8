// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/gate"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
)

// revisionOf names the present template: a number that grows with each new one, and its hash. A template that a
// peer already has keeps its number, so that going back is going back.
func revisionOf(o Observed) (string, error) {
	hash, err := hashOf(template(o))
	if err != nil {
		return "", err
	}
	known := []string{o.Fleet.Status.UpdateRevision}
	for _, p := range o.Peers {
		known = append(known, p.Annotations[v1alpha1.AnnotationRevision])
	}
	highest := 0
	for _, revision := range known {
		number, other, ok := parseRevision(revision)
		switch {
		case !ok:
		case other == hash:
			return revision, nil
		default:
			highest = max(highest, number)
		}
	}
	return fmt.Sprintf("%d-%s", highest+1, hash), nil
}

func hashOf(template v1alpha1.PeerNodeSpec) (string, error) {
	raw, err := json.Marshal(template)
	if err != nil {
		return "", fmt.Errorf("encode the template: %w", err)
	}
	return intent.Hash(raw)[:8], nil
}

// mostRevisions is far beyond what a fleet lives to see; a larger number was not written by us.
const mostRevisions = 1_000_000_000

func parseRevision(revision string) (number int, hash string, ok bool) {
	digits, hash, found := strings.Cut(revision, "-")
	number, err := strconv.Atoi(digits)
	return number, hash, found && err == nil && number > 0 && number <= mostRevisions
}

// recorded reads the template of a revision that is on record, false where it is not.
func recorded(o Observed, revision string) (v1alpha1.PeerNodeSpec, bool) {
	_, hash, ok := parseRevision(revision)
	record, found := o.Objects[RevisionRef(o.Fleet, names.Revision(o.Fleet.Name, hash))].(*appsv1.ControllerRevision)
	if !ok || !found || !metav1.IsControlledBy(record, o.Fleet) {
		return v1alpha1.PeerNodeSpec{}, false
	}
	var template v1alpha1.PeerNodeTemplate
	err := json.Unmarshal(record.Data.Raw, &template)
	return template.Spec, err == nil
}

// outlived are the templates on record that nobody needs any more: once all peers serve with the present one, the
// others.
func outlived(o Observed, present string) []*appsv1.ControllerRevision {
	if o.Fleet.Status.CurrentRevision != present || o.Fleet.Status.ObservedGeneration != o.Fleet.Generation {
		return nil
	}
	_, hash, _ := parseRevision(present)
	var out []*appsv1.ControllerRevision
	for _, object := range o.Objects {
		record, ok := object.(*appsv1.ControllerRevision)
		if !ok || record.Name == names.Revision(o.Fleet.Name, hash) || !gate.OfFleet(o.Fleet, record) || record.DeletionTimestamp != nil {
			continue
		}
		if metav1.GetControllerOf(record) == nil || metav1.IsControlledBy(record, o.Fleet) {
			out = append(out, record)
		}
	}
	slices.SortFunc(out, func(a, b *appsv1.ControllerRevision) int { return strings.Compare(a.Name, b.Name) })
	return out
}
