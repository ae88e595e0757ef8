// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
)

func TestPortsForKeepsTheOrderAndNoOtherPurpose(t *testing.T) {
	ports := []peer.Port{
		{Name: "z", Purpose: v1alpha1.PurposePeer},
		{Name: "api", Purpose: v1alpha1.PurposeAPI},
		{Name: "a", Purpose: v1alpha1.PurposePeer},
	}
	if diff := cmp.Diff([]peer.Port{ports[0], ports[2]}, peer.PortsFor(ports, v1alpha1.PurposePeer)); diff != "" {
		t.Errorf("ports for peers (-want +got):\n%s", diff)
	}
	if got := peer.PortsFor(ports, v1alpha1.PurposeMetrics); len(got) > 0 {
		t.Errorf("ports for metrics are %v, want none", got)
	}
}
