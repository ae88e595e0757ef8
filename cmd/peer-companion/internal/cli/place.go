// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// Flags of the place that an envelope is bound to.
const (
	flagNamespace = "namespace"
	flagPeerNode  = "peernode"
	flagRole      = "role"
	flagEpoch     = "epoch"
)

// place is the binding that the flags name.
type place struct {
	namespace, peerNode, role string
	epoch                     int64
}

func (p *place) flags(c *cobra.Command) {
	c.Flags().StringVarP(&p.namespace, flagNamespace, "n", "", "namespace of the PeerNode")
	c.Flags().StringVar(&p.peerNode, flagPeerNode, "", "name of the PeerNode")
	c.Flags().StringVar(&p.role, flagRole, string(seal.RoleIdentity), "what the key is for")
	c.Flags().Int64Var(&p.epoch, flagEpoch, 1, "number of the key, counted from the PeerNode's first")
}

func (p *place) binding() (seal.Binding, error) {
	b := seal.Binding{Namespace: p.namespace, PeerNode: p.peerNode, Role: seal.Role(p.role), Epoch: p.epoch}
	if p.namespace == "" || p.peerNode == "" {
		return b, fmt.Errorf("say whose key it is: --%s and --%s", flagNamespace, flagPeerNode)
	}
	return b, b.Validate()
}

// of fills in what a Secret says of its owner, where it says so, and refuses flags that say otherwise.
func (p *place) of(c *cobra.Command, o keysecret.Owner) error {
	if o.Namespace != "" {
		if c.Flags().Changed(flagNamespace) && p.namespace != o.Namespace {
			return fmt.Errorf("the Secret is in namespace %q, --%s says %q; leave the flag out", o.Namespace, flagNamespace, p.namespace)
		}
		p.namespace = o.Namespace
	}
	if c.Flags().Changed(flagPeerNode) && p.peerNode != o.PeerNode {
		return fmt.Errorf("the Secret is that of PeerNode %q, --%s says %q; leave the flag out", o.PeerNode, flagPeerNode, p.peerNode)
	}
	if c.Flags().Changed(flagEpoch) && p.epoch != o.Epoch {
		return fmt.Errorf("the Secret is that of epoch %d, --%s says %d; leave the flag out", o.Epoch, flagEpoch, p.epoch)
	}
	p.peerNode, p.epoch = o.PeerNode, o.Epoch
	return nil
}
