// SPDX-License-Identifier: Apache-2.0

// Package peer is what the operator has to know of a peer software: one small interface, which each kind of
// software implements in a package of its own. Everything here is pure.
package peer

import (
	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/pkg/identity"
)

// Kind is one peer software.
type Kind interface {
	// Name is the arm of spec.software that selects the kind.
	Name() string

	// Selected reports whether s asks for this kind.
	Selected(s v1alpha1.PeerSoftware) bool

	// Workload says how the peer runs. The error names a field of the spec that contradicts another.
	Workload(in Input) (Workload, error)

	// Edge is what the edge before its API knows it as: which routes are open, and which never are.
	Edge() edge.Software

	// Key says how the software keeps its identity, nil where it makes its own under its data path.
	Key() Key
}

// Key is how a software keeps the private key that is its identity.
type Key interface {
	// Network is where a key is an identity, as a part of a DNS name. Kinds whose peers could be taken for each other
	// share it.
	Network() string

	// Public reads a public key as the software writes it.
	Public(publicKey string) (identity.Public, error)

	// Identity is a key as the software speaks of it.
	Identity(key identity.Public) Identity

	// Files writes key as the software reads it, by the names of the files in the key folder.
	Files(key identity.Key) map[string][]byte

	// Read finds the key in the software's files and checks it. An error holds no part of a file.
	Read(files map[string][]byte) (identity.Key, error)

	// SwitchesFreely reports whether a peer that comes back with another key is a peer like any other. Where the key is
	// registered somewhere, such as on a chain, somebody has to say that the next one is as well.
	SwitchesFreely() bool

	// Parse reads what the software said of its key in the termination message of its identity check.
	Parse(message string) (Identity, error)
}

// Identity is the public side of a key.
type Identity struct {
	// PeerID names the peer in its network.
	PeerID string `json:"peerID"`
	// PublicKey is in the encoding of the software.
	PublicKey string `json:"publicKey"`
	// Mode and Owner are those of the file in which the software has found it; Mode is "" where it does not say.
	Mode  string `json:"mode"`
	Owner int64  `json:"owner"`
}

// Input is what a kind may look at to say how a peer runs.
type Input struct {
	// PeerNode has its defaults filled in.
	PeerNode *v1alpha1.PeerNode
	// Peers are the peers that are known by now.
	Peers []Neighbour
	// Outside is where the outside reaches the peer itself, as far as that is known by now.
	Outside []Address
}

// Address is where the outside reaches a port of the peer.
type Address struct {
	// Port is that of the software, Number the one at the host.
	Port   Port
	Number int32
	// Host is a name or an IP address.
	Host string
}

// Neighbourhood is what is known of the others in the network of a peer, and of where they find it.
type Neighbourhood struct {
	// Outside is where the outside reaches the peer itself.
	Outside []Address
	// Peers are the peers that are known by now.
	Peers []Neighbour
	// Fleets are the declared fleets that exist.
	Fleets []Fleet
}

// Fleet is a fleet whose peers a peer talks to.
type Fleet struct {
	Name, Namespace string
	// Ports are those of its template.
	Ports []Port
}

// Neighbour is a peer that is known: because it is declared, or of a fleet that is, or of the same fleet.
type Neighbour struct {
	Name, Namespace string
	// PeerID is empty while the neighbour has not shown its identity, and for software without one.
	PeerID string
	// Also are the other names under which it may come: that of the key to which it is about to change, or has changed from.
	Also []string
	// Fleet is "<namespace>/<name>" of the fleet through which it is known, "" where it is declared by its own name.
	// There may be many peers in a fleet: they need not all be connected.
	Fleet string
	// Ports are the neighbour's own ports.
	Ports []Port
}
