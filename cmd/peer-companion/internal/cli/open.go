// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
)

// opening brings a key out of its envelope.
type opening struct {
	source

	software, to string
}

func newOpen(s Streams) *cobra.Command {
	var o opening
	c := &cobra.Command{
		Use:   "open ENVELOPE --identity RECOVERY-KEY --namespace NAMESPACE --peernode NAME --to DIR",
		Short: "Open an envelope into the key files of the software, for a peer outside of Kubernetes",
		Long: "Open an envelope for the peer that the flags name, into the key files of its software. Inside a cluster nobody\n" +
			"needs them: a Secret that is lost is made again from its envelope, and reseal makes an envelope for another cluster.\n\n" +
			"ENVELOPE, which may also be a Secret that holds one, or RECOVERY-KEY may be -, the standard input.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(s, args[0]) },
	}
	o.source.flags(c)
	c.Flags().StringVar(&o.to, "to", "", "new or empty folder for the key files, which are in plaintext")
	softwareFlag(c, &o.software)
	return required(c, "to")
}

func (o *opening) run(s Streams, path string) error {
	format, err := keyFormat(o.software)
	if err != nil {
		return err
	}
	opened, err := o.open(s, path)
	if err != nil {
		return err
	}
	if err := disk.WriteFolder(o.to, format.Files(opened.Key)); err != nil {
		return fmt.Errorf("write the key files: %w", err)
	}
	s.notef("opened into %s: the key of %s, %s", o.to, opened.binding, opened.Key.Public())
	return nil
}
