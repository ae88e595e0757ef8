// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/kinds"
)

func softwareFlag(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "software", "p2pAgent", "software of the peer, by the name of its field in spec.software")
}

// keyFormat is how a software keeps its key.
func keyFormat(software string) (peer.Key, error) {
	var keep []string
	for _, kind := range kinds.All() {
		key := kind.Key()
		if key == nil {
			continue
		}
		if kind.Name() == software {
			return key, nil
		}
		keep = append(keep, kind.Name())
	}
	return nil, fmt.Errorf("--software %q has no key files that are known; those of %s are", software, strings.Join(keep, ", "))
}
