// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of peer-companion. Results go to the standard output, everything said about them to
// the standard error, so that a result can be piped.
package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Streams are what the program reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// notef says something on the standard error.
func (s Streams) notef(format string, args ...any) { fmt.Fprintf(s.Err, format+"\n", args...) }

// Main runs the command line and returns the exit code: 0, or 1 with a line on the standard error.
func Main(args []string, s Streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	if err := root.Execute(); err != nil {
		s.notef("error: %v", err)
		return 1
	}
	return 0
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "peer-companion",
		Short: "Make, seal and open the keys of peers, and serve their API",
		Long: "Make, seal and open the keys of peers. A sealed key is an envelope: a text that may lie anywhere, and that\n" +
			"opens for one peer only, with any one of the recovery keys to which it is sealed.\n\n" +
			"Back up the data of peers, sealed, into a bucket of S3, and read them back: backup, verify, restore; prune removes old ones.\n\n" +
			"Besides, serve the API of a peer to the outside: edge; and show whether NetworkPolicies are enforced: policy-probe.",
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q; see %s --help", args[0], c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(newRecoveryKey(s), newKeygen(s), newHandOver(s), newSeal(s), newReseal(s), newRewrap(s), newOpen(s), newInspect(s), newUnseal(s), newBackUpKey(s), newCheckStore(s), newBackup(s), newVerify(s), newRestore(s), newBackups(s), newPrune(s), newSigningKey(s), newEdge(s), newPolicyProbe(s))
	return root
}
