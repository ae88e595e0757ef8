// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// PeerFleet is a number of peers made from one template. Its peers are PeerNodes named <fleet>-0, <fleet>-1 and so
// on; they know each other, are spread over the nodes, and are changed peer by peer.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:shortName=pf,categories=peers
// +kubebuilder:printcolumn:name="Desired",type=integer,JSONPath=`.spec.replicas`,description="How many peers there should be"
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.readyReplicas`,description="How many peers serve"
// +kubebuilder:printcolumn:name="Updated",type=integer,JSONPath=`.status.updatedReplicas`,description="How many peers have the newest template"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why the fleet is ready, or what it waits for"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Gate",type=string,priority=1,JSONPath=`.status.waits[0].gate`,description="The gate that holds back the rollout"
// +kubebuilder:printcolumn:name="Revision",type=string,priority=1,JSONPath=`.status.updateRevision`,description="The revision of the template"
// +kubebuilder:printcolumn:name="Oldest",type=string,priority=1,JSONPath=`.status.oldestRevision`,description="The oldest revision that a peer still has"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 47 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 47 characters of lower case letters, digits and '-', begin with a letter and not end with '-', because the peers are named after it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.template.spec.network) || !has(self.spec.template.spec.network.fleets) || self.spec.template.spec.network.fleets.all(f, f.name != self.metadata.name || (has(f.namespace) && f.namespace.size() > 0))",fieldPath=".spec.template.spec.network.fleets",message="must not list the PeerFleet itself, whose peers know each other anyway"
type PeerFleet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the fleet as it should be. The operator never writes to it.
	// +required
	Spec PeerFleetSpec `json:"spec"`

	// status is the fleet as the operator last saw it.
	// +optional
	Status PeerFleetStatus `json:"status,omitzero"`
}

// PeerFleetList is a list of PeerFleets.
//
// +kubebuilder:object:root=true
type PeerFleetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PeerFleet `json:"items"`
}

// PeerFleetSpec is the fleet as it should be.
//
// +kubebuilder:validation:XValidation:rule="!has(self.template.spec.deletionPolicy) || !has(self.template.spec.deletionPolicy.keys) || self.template.spec.deletionPolicy.keys != 'Delete' || has(self.scaleDown) && has(self.scaleDown.data) && self.scaleDown.data == 'Delete'",fieldPath=".scaleDown",message="data must be Delete where template.spec.deletionPolicy.keys is Delete: a volume that outlives its key would be taken up by another identity"
type PeerFleetSpec struct {
	// replicas is how many peers there should be. The peers with the highest ordinals go first when it is lowered.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2000
	Replicas int32 `json:"replicas"`

	// template is what every peer of the fleet is made from.
	// +required
	Template PeerNodeTemplate `json:"template"`

	// overrides change single peers: park one, give one more storage or another image.
	// +optional
	// +listType=map
	// +listMapKey=ordinal
	// +kubebuilder:validation:MaxItems=64
	Overrides []PeerOverride `json:"overrides,omitempty"`

	// paused stops every change of peers that exist or are to be made or removed; what runs goes on running.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// rollout says how a change of the template that restarts peers is carried out.
	// +optional
	Rollout PeerRollout `json:"rollout,omitzero"`

	// spread keeps the peers apart, so that the loss of one node, or of one zone, is the loss of few peers.
	// +optional
	Spread *PeerSpread `json:"spread,omitempty"`

	// scaleDown says what becomes of peers whose ordinal is no longer wanted.
	// +optional
	ScaleDown PeerScaleDown `json:"scaleDown,omitzero"`
}

// PeerNodeTemplate is what the peers of a fleet are made from.
type PeerNodeTemplate struct {
	// spec is the spec of every PeerNode of the fleet.
	// +required
	// +kubebuilder:validation:XValidation:rule="!has(self.fleet)",fieldPath=".fleet",message="is filled in by the fleet itself; leave it out of the template"
	// +kubebuilder:validation:XValidation:rule="!has(self.bootstrap)",fieldPath=".bootstrap",message="must be left out of the template, because each peer of a fleet has data of its own"
	// +kubebuilder:validation:XValidation:rule="!has(self.identity) || !has(self.identity.expectedPublicKey)",fieldPath=".identity",message="expectedPublicKey must be left out of the template, because each peer of a fleet has a key of its own"
	// +kubebuilder:validation:XValidation:rule="!has(self.identity) || !has(self.identity.__import__)",fieldPath=".identity",message="import must be left out of the template, because each peer of a fleet has a key of its own"
	// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.peer) || !has(self.network.peer.exposure) || !has(self.network.peer.exposure.nodePorts) && (!has(self.network.peer.exposure.externalAddresses) || self.network.peer.exposure.externalAddresses.all(a, !has(a.ports)))",fieldPath=".network.peer.exposure",message="nodePorts, and ports of externalAddresses, must be left out of the template, because two peers of a fleet cannot share them"
	// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.exposure) || !has(self.network.api.exposure.nodePorts) && (!has(self.network.api.exposure.externalAddresses) || self.network.api.exposure.externalAddresses.all(a, !has(a.ports)))",fieldPath=".network.api.exposure",message="nodePorts, and ports of externalAddresses, must be left out of the template, because two peers of a fleet cannot share them"
	// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.ingress)",fieldPath=".network.api.ingress",message="must be left out of the template, because the peers of a fleet cannot all have one name"
	// +kubebuilder:validation:XValidation:rule="!has(self.network) || !has(self.network.api) || !has(self.network.api.gateway)",fieldPath=".network.api.gateway",message="must be left out of the template, because the peers of a fleet cannot all have one name"
	Spec PeerNodeSpec `json:"spec"`
}

// PeerOverride changes one peer of a fleet. It stays in force while the ordinal does not exist.
type PeerOverride struct {
	// ordinal is the number of the peer, from 0.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1999
	Ordinal int32 `json:"ordinal"`

	// suspend parks the peer, or lets it run while the template suspends the others.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// image takes the place of the template's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// storage takes the place of parts of the template's.
	// +optional
	Storage *PeerStorageOverride `json:"storage,omitempty"`
}

// PeerStorageOverride changes the volume of one peer.
type PeerStorageOverride struct {
	// size of the volume. A volume never shrinks: one that is larger already keeps its size.
	// +required
	Size VolumeSize `json:"size"`
}

// VolumeSize is a size such as 500Mi or 20Gi, in one of the units Mi, Gi and Ti.
//
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,7}(Mi|Gi|Ti)$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^[0-9]+(Mi|Gi|Ti)$') || quantity(self).compareTo(quantity('64Ti')) <= 0",message="must be at most 64Ti"
type VolumeSize string

// PeerRollout says how a change of the template that restarts peers is carried out: the canary first, then peer by
// peer, and never more of them down than maxUnavailable.
type PeerRollout struct {
	// maxUnavailable is how many peers may be down at a time, as a number or as a percentage of the running peers,
	// rounded down and at least 1. Peers that are down for another reason count, and so do those that a drain of
	// nodes takes down: it is the fleet's disruption budget. Default 1.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 : self.matches('^([1-9][0-9]?|100)%$')",message="must be a number of at least 1, or a percentage from 1% to 100%"
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// minReadySeconds is how long a peer has to be ready without a break before it counts as available. Until then it
	// counts against maxUnavailable like one that is down, so that the next peer is restarted neither for a template
	// nor for a key, and the rollout is not over. 0: it counts as soon as it is ready. Default 10.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	MinReadySeconds *int32 `json:"minReadySeconds,omitempty"`

	// canary is the ordinal of the peer that is changed first; the others follow once it is available. Default: the
	// highest ordinal that is neither parked nor held.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1999
	Canary *int32 `json:"canary,omitempty"`

	// window is when peers that serve may be restarted. Default: at any time. A peer that is down may be changed at
	// any time.
	// +optional
	Window *MaintenanceWindow `json:"window,omitempty"`

	// rollback takes back a template whose updated peers do not serve in time: the peers get the last one with which
	// all of them served, and keep it until the template is changed. The spec stays as it is. Default: the rollout
	// stops at its gates and waits for a person.
	// +optional
	Rollback *PeerRollback `json:"rollback,omitempty"`
}

// PeerRollback says when a template is taken back.
type PeerRollback struct {
	// after is how long an updated peer may be without serving, such as 10m, between 10s and 24h. Default 10m.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(h|m|s))+$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')",message="must be a duration such as 10m or 90s, between 10s and 24h"
	After string `json:"after,omitempty"`
}

// MaintenanceWindow is a time of the day, on some days of the week.
type MaintenanceWindow struct {
	// start is when the window opens, as HH:MM on a clock of 24 hours.
	// +required
	// +kubebuilder:validation:MaxLength=5
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	Start string `json:"start"`

	// duration is how long it stays open, such as 4h or 90m, at most 24h. A restart that has begun is finished.
	// +required
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+(h|m))+$') && duration(self) >= duration('1m') && duration(self) <= duration('24h')",message="must be a duration such as 4h or 90m, between 1m and 24h"
	Duration string `json:"duration"`

	// days are the days on which it opens: Monday to Sunday. Empty: every day.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=7
	// +kubebuilder:validation:items:MaxLength=9
	// +kubebuilder:validation:items:Enum=Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday
	Days []string `json:"days,omitempty"`

	// timeZone is the name of a time zone, such as Europe/Zurich. Default UTC.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`
	TimeZone string `json:"timeZone,omitempty"`
}

// PeerSpread keeps the peers of a fleet apart.
type PeerSpread struct {
	// topologyKey is the label of nodes whose values the peers are spread over. Default kubernetes.io/hostname.
	// +optional
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`
	TopologyKey string `json:"topologyKey,omitempty"`

	// whenUnsatisfiable is ScheduleAnyway (default: spread where possible) or DoNotSchedule (a peer that would make
	// the spread uneven waits).
	// +optional
	// +kubebuilder:validation:Enum=ScheduleAnyway;DoNotSchedule
	WhenUnsatisfiable corev1.UnsatisfiableConstraintAction `json:"whenUnsatisfiable,omitempty"`
}

// PeerScaleDown says what becomes of peers whose ordinal is no longer wanted.
type PeerScaleDown struct {
	// data is Retain (default: the volume stays and is taken up again when the ordinal returns) or Delete. It
	// takes the place of template.spec.deletionPolicy.data, which counts when the fleet itself is deleted.
	// +optional
	Data RetentionPolicy `json:"data,omitempty"`
}

// FleetMembership makes a PeerNode one of a fleet.
type FleetMembership struct {
	// name of the PeerFleet, in the same namespace. Fixed once set.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=47
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is fixed once set; a peer of another fleet is another peer"
	Name string `json:"name"`

	// spread keeps the pod away from those of the other peers of the fleet.
	// +optional
	Spread *PeerSpread `json:"spread,omitempty"`
}
