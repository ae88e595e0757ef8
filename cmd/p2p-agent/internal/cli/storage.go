// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/p2p-agent/internal/store"
)

func newStorage() *cobra.Command {
	return group("storage", "Check what the agent keeps on its disk", newVerifyStorage())
}

func newVerifyStorage() *cobra.Command {
	var path, termination string
	c := &cobra.Command{
		Use:   "verify --path DIR",
		Short: "Check that an agent could start on a storage, and print what it holds; needs no key and no network",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			summary, err := store.Verify(path)
			return verdict(c, termination, summary, err)
		},
	}
	c.Flags().StringVar(&path, "path", "", "folder of the storage, storage.path of the agent's configuration")
	terminationFlag(c, &termination)
	return required(c, "path")
}
