// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/builders"
)

func TestPeersFindEachOtherAndPartWithoutARestart(t *testing.T) {
	ns := namespace(t)
	alpha := agent(t, ns, "alpha", builders.Declaring("beta"))
	beta := agent(t, ns, "beta", builders.Declaring("alpha"))
	gamma := agent(t, ns, "gamma")
	for _, p := range []*v1alpha1.PeerNode{alpha, beta, gamma} {
		awaitReady(t, p)
	}
	awaitConnected(t, alpha, beta)
	pods := map[string]string{}
	for _, p := range []*v1alpha1.PeerNode{alpha, beta, gamma} {
		pods[p.Name] = string(podOf(t, p).UID)
	}

	edit(t, gamma, builders.Declaring("alpha"))
	awaitReason(t, gamma, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonPeerOneSided)
	edit(t, alpha, builders.Declaring("gamma"))
	awaitReason(t, gamma, v1alpha1.ConditionPeersResolved, v1alpha1.ReasonAllKnown)
	awaitConnected(t, alpha, gamma)

	edit(t, alpha, func(p *v1alpha1.PeerNode) { p.Spec.Network.Peers = nil })
	eventually(t, func() error {
		now, err := connections(alpha)
		if err != nil {
			return err
		}
		if len(now) > 0 {
			return fmt.Errorf("alpha is still connected to %v", now)
		}
		return nil
	})
	for _, p := range []*v1alpha1.PeerNode{alpha, beta, gamma} {
		if string(podOf(t, p).UID) != pods[p.Name] {
			t.Errorf("%s was restarted for a change of its list of peers", p.Name)
		}
	}
}

// awaitConnected waits until each of the two says that it is connected to the other. The kubelet brings a changed
// list of peers to a running pod within a minute or so.
func awaitConnected(t *testing.T, a, b *v1alpha1.PeerNode) {
	t.Helper()
	for _, pair := range [][2]*v1alpha1.PeerNode{{a, b}, {b, a}} {
		eventually(t, func() error {
			now, err := connections(pair[0])
			if err != nil {
				return err
			}
			if !now[pair[1].Status.Identity.PeerID] {
				return fmt.Errorf("%s is connected to %v, not to %s", pair[0].Name, now, pair[1].Name)
			}
			return nil
		})
	}
}

// awaitApart waits until one says that it is not connected to the other.
func awaitApart(t *testing.T, a, b *v1alpha1.PeerNode) {
	t.Helper()
	eventually(t, func() error {
		now, err := connections(a)
		if err != nil {
			return err
		}
		if now[b.Status.Identity.PeerID] {
			return fmt.Errorf("%s/%s is still connected to %s/%s", a.Namespace, a.Name, b.Namespace, b.Name)
		}
		return nil
	})
}
