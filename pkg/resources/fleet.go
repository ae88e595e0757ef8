// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"encoding/json"
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applypolicyv1 "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/peernode/operator/api/v1alpha1"
	applyv1alpha1 "github.com/peernode/operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// Components of a fleet.
const (
	componentMembers = "members"
	componentBudget  = "budget"
)

// FleetNotes are what a fleet writes on a PeerNode beside its spec.
type FleetNotes struct {
	// Revision is that of the template that the peer is made from.
	Revision string
	// Pod is the hash of the pod that the peer may have.
	Pod string
	// KeyTurn is the epoch of the key to which the peer may change, "" until its first turn.
	KeyTurn string
}

// FleetPeer is one PeerNode of a fleet. It goes with the fleet; its volume and its key stay, unless its own deletion policy
// says otherwise. Whoever asks the fleet for other keys asks each of its peers.
func FleetPeer(f *v1alpha1.PeerFleet, ordinal int32, spec v1alpha1.PeerNodeSpec, notes FleetNotes) (*applyv1alpha1.PeerNodeApplyConfiguration, error) {
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode the spec of peer %d: %w", ordinal, err)
	}
	applied := applyv1alpha1.PeerNodeSpec()
	if err := json.Unmarshal(raw, applied); err != nil {
		return nil, fmt.Errorf("decode the spec of peer %d: %w", ordinal, err)
	}
	annotations := map[string]string{v1alpha1.AnnotationRevision: notes.Revision, v1alpha1.AnnotationApprovedPod: notes.Pod}
	if notes.KeyTurn != "" {
		annotations[v1alpha1.AnnotationKeyTurn] = notes.KeyTurn
	}
	if request := f.Annotations[v1alpha1.AnnotationRotateKey]; request != "" {
		annotations[v1alpha1.AnnotationRotateKey] = request
	}
	return applyv1alpha1.PeerNode(names.Peer(f.Name, ordinal), f.Namespace).
		WithLabels(names.FleetSelector(f.Name)).
		WithAnnotations(annotations).
		WithOwnerReferences(fleetOwner(f)).
		WithSpec(applied), nil
}

// FleetMembers holds the files that the software of every peer of a fleet reads while it runs: above all the list of
// its peers. One object for all keeps the cost of a change independent of the size of the fleet. nil for software
// that has no such files. It goes with the fleet.
func FleetMembers(f *v1alpha1.PeerFleet, files []peer.File) *applycorev1.ConfigMapApplyConfiguration {
	data := map[string]string{}
	for _, file := range files {
		if file.Live && !file.Own {
			data[file.Key] = file.Content
		}
	}
	if len(data) == 0 {
		return nil
	}
	return applycorev1.ConfigMap(names.Members(f.Name), f.Namespace).
		WithLabels(names.FleetLabels(f.Name, componentMembers)).
		WithOwnerReferences(fleetOwner(f)).
		WithData(data)
}

// FleetBudget bounds how many pods of the fleet a drain may evict. It names the number that has to stay, because the
// API server could not tell of what a share of pods that belong to as many StatefulSets is taken. A pod that is not
// ready may always be evicted. It goes with the fleet.
func FleetBudget(f *v1alpha1.PeerFleet, minAvailable int) *applypolicyv1.PodDisruptionBudgetApplyConfiguration {
	return applypolicyv1.PodDisruptionBudget(names.Budget(f.Name), f.Namespace).
		WithLabels(names.FleetLabels(f.Name, componentBudget)).
		WithOwnerReferences(fleetOwner(f)).
		WithSpec(applypolicyv1.PodDisruptionBudgetSpec().
			WithMinAvailable(intstr.FromInt(minAvailable)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(applymetav1.LabelSelector().WithMatchLabels(names.FleetSelector(f.Name))))
}

// FleetRevision records a template, so that it can be gone back to after the spec has left it. It goes with the fleet.
func FleetRevision(f *v1alpha1.PeerFleet, number int64, hash string, template v1alpha1.PeerNodeSpec) (*applyappsv1.ControllerRevisionApplyConfiguration, error) {
	raw, err := json.Marshal(v1alpha1.PeerNodeTemplate{Spec: template})
	if err != nil {
		return nil, fmt.Errorf("encode the template: %w", err)
	}
	return applyappsv1.ControllerRevision(names.Revision(f.Name, hash), f.Namespace).
		WithLabels(names.FleetLabels(f.Name, names.ComponentRevision)).
		WithOwnerReferences(fleetOwner(f)).
		WithData(runtime.RawExtension{Raw: raw}).
		WithRevision(number), nil
}

func fleetOwner(f *v1alpha1.PeerFleet) *applymetav1.OwnerReferenceApplyConfiguration {
	return applymetav1.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).
		WithKind("PeerFleet").
		WithName(f.Name).
		WithUID(f.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}
