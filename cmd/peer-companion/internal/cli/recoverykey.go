// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/seal"
)

func newRecoveryKey(s Streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "recovery-key --out FILE",
		Short: "Make a private key that opens envelopes, and print its recipient",
		Long: "Make a private key of age that opens envelopes, hybrid (ML-KEM-768 with X25519), in a new file of mode 0600, and\n" +
			"print its recipient, the public key to seal to. The file is what age-keygen -pq writes. Keep it off the cluster.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return recoveryKey(s, out) },
	}
	c.Flags().StringVarP(&out, "out", "o", "", "new file for the private key")
	return required(c, "out")
}

func recoveryKey(s Streams, out string) error {
	opener, err := seal.NewOpener()
	if err != nil {
		return err
	}
	text := fmt.Sprintf("# created: %s\n# public key: %s\n%s\n", time.Now().UTC().Format(time.RFC3339), opener.Recipient(), opener.Secret())
	if err := disk.Create(out, 0o600, []byte(text)); err != nil {
		return fmt.Errorf("write the recovery key: %w", err)
	}
	s.notef("wrote %s: the private key of recipient %s", out, opener.Recipient().Info())
	_, err = fmt.Fprintln(s.Out, opener.Recipient())
	return err
}

func required(c *cobra.Command, flags ...string) *cobra.Command {
	for _, f := range flags {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // a flag that this package does not define
		}
	}
	return c
}
