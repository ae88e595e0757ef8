// SPDX-License-Identifier: Apache-2.0

// Package settings holds the operator's own settings, which are the same for every object that it works on.
package settings

import (
	"slices"
	"time"

	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/resources"
)

// DefaultSettle is how long small changes of a status wait for company. A start passes through half a dozen states; each
// of them told would be a write that nobody reads. Trouble is told at once.
const DefaultSettle = 30 * time.Second

// DefaultPropagation is how long it takes until agents have a list of peers that was changed: kubelets look at a ConfigMap
// about once in 90 s.
const DefaultPropagation = 2 * time.Minute

// Operator are the settings with which the operator was started.
type Operator struct {
	// Defaults fill in what a spec leaves open.
	Defaults defaults.Options
	// Resources shape the objects of every peer.
	Resources resources.Options
	// Namespaces are those in which the operator works; empty means all.
	Namespaces []string
	// SealingKeys are the numbers of the sealing keys that there should be.
	SealingKeys []int
	// Settle is how long small changes of a status are held back.
	Settle time.Duration
	// Propagation is how long a new key is known to others before a peer changes to it.
	Propagation time.Duration
	// Probe shows whether NetworkPolicies are enforced.
	Probe Probe
}

// Probe is where the probe of NetworkPolicies is, and what it is asked.
type Probe struct {
	// Host is its name; "" where there is none.
	Host string
	// OpenPort and ClosedPort are those that its policy opens to the operator, and does not.
	OpenPort, ClosedPort int
	// Self are the addresses of the operator's own pod.
	Self []string
	// WayOut is a port of the operator, where it answers anybody, and which the probe's policy does not let it reach; 0 where
	// there is none.
	WayOut int
	// Pace is how often it is asked, and how soon it is believed.
	Pace enforcement.Pace
}

// Watches reports whether the operator works in a namespace.
func (o Operator) Watches(namespace string) bool {
	return len(o.Namespaces) == 0 || slices.Contains(o.Namespaces, namespace)
}
