// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/blueprint"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/resources"
)

// hold keeps the peer stopped while a backup copies its data. Its template is one that has been built before.
func hold(o Observed, b blueprint.Blueprint) (blueprint.Blueprint, error) {
	if o.HeldBy == nil {
		return b, nil
	}
	b.Input.Stopped = true
	var err error
	b.StatefulSet, err = resources.StatefulSet(b.Input)
	return b, err
}

// held says for what the peer is stopped. That a peer is suspended is told as such.
func held(o Observed) *conditions.Finding {
	if o.HeldBy == nil || o.PeerNode.Spec.Suspend {
		return nil
	}
	return conditions.Wait(v1alpha1.ReasonBackingUp, fmt.Sprintf("the peer is stopped while PeerBackup %s copies its data, and is started after that", o.HeldBy.Name))
}
