// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/peernode/operator/api/v1alpha1"
)

var (
	fleetPeersDesc = prometheus.NewDesc("peerfleet_peers",
		"How many peers of the PeerFleet are in a state: desired, existing, ready, available, updated or parked.", []string{"namespace", "name", "state"}, nil)
	fleetConditionDesc = prometheus.NewDesc("peerfleet_condition",
		"One while the condition of the PeerFleet is True, zero otherwise.", []string{"namespace", "name", "type", "reason"}, nil)
	fleetHeldDesc = prometheus.NewDesc("peerfleet_peers_held",
		"How many peers a gate of the rollout holds back.", []string{"namespace", "name", "gate"}, nil)
)

func collectFleet(f *v1alpha1.PeerFleet, out chan<- prometheus.Metric) {
	for state, peers := range map[string]int32{
		"desired": f.Spec.Replicas, "existing": f.Status.Replicas, "ready": f.Status.ReadyReplicas,
		"available": f.Status.AvailableReplicas, "updated": f.Status.UpdatedReplicas, "parked": f.Status.ParkedReplicas,
	} {
		out <- gauge(fleetPeersDesc, float64(peers), f.Namespace, f.Name, state)
	}
	for _, c := range f.Status.Conditions {
		out <- gauge(fleetConditionDesc, oneIfTrue(c), f.Namespace, f.Name, c.Type, c.Reason)
	}
	for _, w := range f.Status.Waits {
		out <- gauge(fleetHeldDesc, float64(w.Peers), f.Namespace, f.Name, w.Gate)
	}
}
