// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/peernode/operator/api/v1alpha1"
)

// Changes of a spec, named as they are read.

// edits is a change of a fleet.
type edits = func(*v1alpha1.PeerFleet)

func replicas(n int32) edits { return func(f *v1alpha1.PeerFleet) { f.Spec.Replicas = n } }

func paused(f *v1alpha1.PeerFleet) { f.Spec.Paused = true }

func resumed(f *v1alpha1.PeerFleet) { f.Spec.Paused = false }

// image is a change of the template that restarts every peer.
func image(name string) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Image = name }
}

// allowing is a change of the template that restarts no peer.
func allowing(id v1alpha1.PeerID) edits {
	return func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.Software.P2PAgent.AllowedPeers = []v1alpha1.PeerID{id}
	}
}

func sized(size string) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Storage.Size = resource.MustParse(size) }
}

func suspended(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Suspend = true }

func patchedWith(patch string) edits {
	return func(f *v1alpha1.PeerFleet) {
		f.Spec.Template.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte(patch)}
	}
}

func custom(f *v1alpha1.PeerFleet) {
	f.Spec.Template.Spec.Software = v1alpha1.PeerSoftware{Custom: &v1alpha1.CustomSoftware{
		DataPath: "/data", Ports: []v1alpha1.CustomPort{{Name: "gossip", Port: 7946, Purpose: v1alpha1.PurposePeer}},
	}}
}

func declaring(peers ...v1alpha1.PeerReference) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.Network.Peers = peers }
}

func canary(ordinal int32) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Canary = &ordinal }
}

func maxUnavailable(n intstr.IntOrString) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.MaxUnavailable = &n }
}

// unavailable is maxUnavailable as a number.
func unavailable(n int) edits { return maxUnavailable(intstr.FromInt(n)) }

// minReady is for how long a peer has to be ready, in seconds.
func minReady(seconds int32) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Rollout.MinReadySeconds = &seconds }
}

// within is a maintenance window of an hour a day.
func within(start, zone string) edits {
	return func(f *v1alpha1.PeerFleet) {
		f.Spec.Rollout.Window = &v1alpha1.MaintenanceWindow{Start: start, Duration: "1h", TimeZone: zone}
	}
}

// goingBack takes a template back whose peers do not serve for a minute.
func goingBack(f *v1alpha1.PeerFleet) { f.Spec.Rollout.Rollback = &v1alpha1.PeerRollback{After: "1m"} }

// dataOnScaleDown is what becomes of the volumes of ordinals that are no longer wanted, dataOfPeers what becomes of
// those of peers that are deleted.
func dataOnScaleDown(policy v1alpha1.RetentionPolicy) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.ScaleDown.Data = policy }
}

func dataOfPeers(policy v1alpha1.RetentionPolicy) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Template.Spec.DeletionPolicy.Data = policy }
}

func overridden(override v1alpha1.PeerOverride) edits {
	return func(f *v1alpha1.PeerFleet) { f.Spec.Overrides = append(f.Spec.Overrides, override) }
}

// parked parks one peer.
func parked(ordinal int32) edits {
	return overridden(v1alpha1.PeerOverride{Ordinal: ordinal, Suspend: new(true)})
}

func withImage(ordinal int32, image string) edits {
	return overridden(v1alpha1.PeerOverride{Ordinal: ordinal, Image: image})
}

func withStorage(ordinal int32, size v1alpha1.VolumeSize) edits {
	return overridden(v1alpha1.PeerOverride{Ordinal: ordinal, Storage: &v1alpha1.PeerStorageOverride{Size: size}})
}

func plain(f *v1alpha1.PeerFleet) { f.Spec.Overrides = nil }
