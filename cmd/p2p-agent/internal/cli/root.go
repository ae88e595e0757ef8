// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of the agent. The commands and their flags are
// part of the p2p-agent contract.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/p2p-agent/internal/version"
)

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	if err := run(args, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	return 0
}

func run(args []string, stdout, stderr io.Writer) error {
	// Before cobra, which would stumble over the flags of a missing command.
	if err := absent(args); err != nil {
		return err
	}
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(context.Background())
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:               "p2p-agent",
		Short:             "The reference p2p-agent: a small libp2p peer",
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(newStart(), newIdentity(), newConfig(), newStorage(), newPeers(), newVersion())
	return root
}

// group makes a command that only holds others; an unknown one is an error, not
// a help text with exit code 0.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], c.CommandPath(), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(commands...)
	return c
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "p2p-agent %s (go-libp2p %s)\n", version.Version, version.LibP2P())
			return err
		},
	}
}

// printJSON writes one line, so that scripts and termination messages can be
// read line by line.
func printJSON(w io.Writer, value any) error {
	return json.NewEncoder(w).Encode(value)
}
