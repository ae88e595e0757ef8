// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Role is what a key is for. Only keys that a peer needs while it runs have one.
type Role string

const (
	// RoleIdentity is the key by which other peers know the peer.
	RoleIdentity Role = "identity"

	// roleStakeController is refused by name, to say why.
	roleStakeController Role = "stake-controller"
)

// Binding is the one place for which an envelope opens.
type Binding struct {
	// Namespace and PeerNode name the peer.
	Namespace string `json:"namespace"`
	PeerNode  string `json:"peerNode"`
	// Role is what the key is for.
	Role Role `json:"role"`
	// Epoch counts the keys of the peer, from 1.
	Epoch int64 `json:"epoch"`
}

// String is for people.
func (b Binding) String() string {
	return fmt.Sprintf("%s/%s, role %s, epoch %d", b.Namespace, b.PeerNode, b.Role, b.Epoch)
}

// Validate says what is wrong with a binding, by the name of the field.
func (b Binding) Validate() error {
	if errs := validation.IsDNS1123Label(b.Namespace); len(errs) > 0 {
		return fmt.Errorf("namespace %q is not a name that a namespace can have: %s", b.Namespace, strings.Join(errs, "; "))
	}
	if errs := validation.IsDNS1123Subdomain(b.PeerNode); len(errs) > 0 {
		return fmt.Errorf("peerNode %q is not a name that a PeerNode can have: %s", b.PeerNode, strings.Join(errs, "; "))
	}
	if err := b.Role.validate(); err != nil {
		return err
	}
	if b.Epoch < 1 {
		return fmt.Errorf("epoch %d does not exist: epochs count from 1", b.Epoch)
	}
	return nil
}

func (r Role) validate() error {
	switch r {
	case RoleIdentity:
		return nil
	case roleStakeController:
		return fmt.Errorf("role %q is refused: a key that controls stake stays offline and never enters a cluster, sealed or not", r)
	default:
		return fmt.Errorf("role %q is not known: it is %q", r, RoleIdentity)
	}
}
