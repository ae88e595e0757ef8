// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/p2p-agent/internal/identity"
)

const defaultKeys = "/etc/p2p-agent/keys"

func newIdentity() *cobra.Command {
	return group("identity", "Make, replace, back up and check the agent's key",
		newGenerate(), newRotate(), newBackup(), newVerify())
}

func newGenerate() *cobra.Command {
	var keys, keyType string
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make a new key; refuses when there is one",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			info, err := identity.Generate(keys, keyType)
			if err != nil {
				return err
			}
			return printJSON(c.OutOrStdout(), info)
		},
	}
	keysFlag(c, &keys)
	c.Flags().StringVar(&keyType, "type", "ed25519", "ed25519 or secp256k1")
	return c
}

func newRotate() *cobra.Command {
	var keys, keyType string
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the key by a new one and keep the old one beside it",
		Long: "Replace the key by a new one and keep the old one beside it. The new key is a new\n" +
			"peer ID: put it on the other agents' allow lists before this agent restarts with it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			rotation, err := identity.Rotate(keys, keyType)
			if err != nil {
				return err
			}
			return printJSON(c.OutOrStdout(), rotation)
		},
	}
	keysFlag(c, &keys)
	c.Flags().StringVar(&keyType, "type", "", "ed25519 or secp256k1; that of the old key when not given")
	return c
}

func newBackup() *cobra.Command {
	var keys, out string
	var recipients []string
	c := &cobra.Command{
		Use:   "backup",
		Short: "Write the key, encrypted with age, to a new file",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			info, err := identity.Backup(keys, out, recipients)
			if err != nil {
				return err
			}
			return printJSON(c.OutOrStdout(), info)
		},
	}
	keysFlag(c, &keys)
	c.Flags().StringArrayVar(&recipients, "recipient", nil, "age public key of who may open the backup (repeatable)")
	c.Flags().StringVar(&out, "out", "", "file to write; must not exist")
	return required(c, "recipient", "out")
}

func newVerify() *cobra.Command {
	var keys, expect, keyType, termination string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check the key file, its permissions and, if given, its peer ID",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			info, err := identity.Verify(keys, expect, keyType)
			return verdict(c, termination, info, err)
		},
	}
	keysFlag(c, &keys)
	c.Flags().StringVar(&expect, "expect", "", "peer ID that the key must have")
	c.Flags().StringVar(&keyType, "type", "", "type that the key must have: ed25519 or secp256k1")
	terminationFlag(c, &termination)
	return c
}

func keysFlag(c *cobra.Command, keys *string) {
	c.Flags().StringVar(keys, "keys", defaultKeys, "folder of identity.key")
}

func required(c *cobra.Command, flags ...string) *cobra.Command {
	for _, f := range flags {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // a flag that this file does not define
		}
	}
	return c
}
