// SPDX-License-Identifier: Apache-2.0

package names

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/peernode/operator/api/v1alpha1"
)

// suffixFleet keeps the objects of a fleet apart from those of a PeerNode of the same name.
const suffixFleet = "-fleet"

// Peer is the name of the PeerNode with an ordinal.
func Peer(fleet string, ordinal int32) string { return fmt.Sprintf("%s-%d", fleet, ordinal) }

// Ordinal reads the ordinal from the name of a PeerNode, false where it is not the name of one of the fleet's peers.
func Ordinal(fleet, name string) (int32, bool) {
	digits, ok := strings.CutPrefix(name, fleet+"-")
	if !ok {
		return 0, false
	}
	ordinal, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || ordinal < 0 || Peer(fleet, int32(ordinal)) != name {
		return 0, false
	}
	return int32(ordinal), true
}

// FleetOf is the fleet that would give a PeerNode this name, false where none could.
func FleetOf(name string) (string, bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 1 {
		return "", false
	}
	_, ok := Ordinal(name[:i], name)
	return name[:i], ok
}

// Members is the name of the ConfigMap with the fleet's list of peers.
func Members(fleet string) string { return fleet + suffixFleet }

// Budget is the name of the PodDisruptionBudget across the fleet.
func Budget(fleet string) string { return fleet + suffixFleet }

// ComponentRevision is the component of the templates on record. It tells them from the ControllerRevisions that
// StatefulSets keep, which have all the labels of their pods.
const ComponentRevision = "revision"

// Revision is the name of the ControllerRevision that records the template with a hash.
func Revision(fleet, hash string) string { return fleet + suffixFleet + "-" + hash }

// FleetSelector chooses the pods of a fleet.
func FleetSelector(fleet string) map[string]string {
	return map[string]string{v1alpha1.LabelFleet: fleet}
}

// FleetLabels are the labels of the fleet's own objects.
func FleetLabels(fleet, component string) map[string]string {
	return map[string]string{
		v1alpha1.LabelFleet:          fleet,
		v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
		v1alpha1.LabelComponent:      component,
		"app.kubernetes.io/name":     "peerfleet",
		"app.kubernetes.io/instance": fleet,
	}
}
