// SPDX-License-Identifier: Apache-2.0

// Package kinds lists the peer software that the operator knows. A new one is one line here.
package kinds

import (
	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/custom"
	"github.com/peernode/operator/pkg/peer/p2pagent"
)

// All returns every kind of peer software.
func All() []peer.Kind {
	return []peer.Kind{
		p2pagent.Kind{},
		custom.Kind{},
	}
}

// For returns the kind that s selects, nil where it selects none, which admission refuses.
func For(s v1alpha1.PeerSoftware) peer.Kind {
	for _, kind := range All() {
		if kind.Selected(s) {
			return kind
		}
	}
	return nil
}

// Key returns the form of the key that the operator keeps for the software which s selects, nil where it keeps none.
func Key(s v1alpha1.PeerSoftware) peer.Key {
	kind := For(s)
	if kind == nil {
		return nil
	}
	return kind.Key()
}
