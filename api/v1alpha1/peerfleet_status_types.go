// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PeerFleetStatus is the fleet as the operator last saw it.
type PeerFleetStatus struct {
	// observedGeneration is the generation of the spec that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Reconciling and Stalled (kstatus), RolloutOpen, MembersKnown where the software keeps a list
	// of peers, and PeersResolved where the template declares others.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// replicas is how many PeerNodes of the fleet exist.
	// +optional
	Replicas int32 `json:"replicas"`

	// readyReplicas is how many of them serve.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`

	// availableReplicas is how many of them have served for spec.rollout.minReadySeconds without a break.
	// +optional
	AvailableReplicas int32 `json:"availableReplicas"`

	// updatedReplicas is how many of them have the newest template.
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas"`

	// parkedReplicas is how many of them are suspended on purpose.
	// +optional
	ParkedReplicas int32 `json:"parkedReplicas,omitempty"`

	// selector chooses the pods of the fleet, for autoscalers.
	// +optional
	Selector string `json:"selector,omitempty"`

	// updateRevision is the revision of the template: a number that counts the templates, and a hash of this one.
	// +optional
	UpdateRevision string `json:"updateRevision,omitempty"`

	// currentRevision is the last revision that every peer had while all of them were available.
	// +optional
	CurrentRevision string `json:"currentRevision,omitempty"`

	// oldestRevision is the oldest revision that a peer still has.
	// +optional
	OldestRevision string `json:"oldestRevision,omitempty"`

	// failed is the template that was taken back, until it is changed.
	// +optional
	Failed *FailedRollout `json:"failed,omitempty"`

	// waits are the gates that hold back peers of the rollout, the one that holds back the next peer first.
	// +optional
	// +listType=map
	// +listMapKey=gate
	Waits []GateWait `json:"waits,omitempty"`
}

// FailedRollout is a template that was taken back.
type FailedRollout struct {
	// revision of the template.
	// +required
	Revision string `json:"revision"`

	// message says which peer did not serve, and what it said.
	// +required
	Message string `json:"message"`
}

// GateWait is a gate that holds back peers.
type GateWait struct {
	// gate is its name, explained in docs/fleets.md.
	// +required
	Gate string `json:"gate"`

	// peers is how many peers it holds back.
	// +required
	Peers int32 `json:"peers"`

	// message is what it says of the first of them.
	// +optional
	Message string `json:"message,omitempty"`
}
