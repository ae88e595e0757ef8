// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer/kinds"
	"github.com/peernode/operator/pkg/seal"
)

// inspection looks at an envelope.
type inspection struct{ verify, expect string }

func newInspect(s Streams) *cobra.Command {
	var i inspection
	c := &cobra.Command{
		Use:   "inspect ENVELOPE [--verify RECOVERY-KEY]",
		Short: "Print what an envelope says of itself and, with a recovery key, whether it is true",
		Args:  cobra.ExactArgs(1),
		RunE:  func(_ *cobra.Command, args []string) error { return i.run(s, args[0]) },
	}
	c.Flags().StringVar(&i.verify, "verify", "", "file with the private key of a recipient: opens the envelope and compares, without printing the key")
	c.Flags().StringVar(&i.expect, "expect", "", "peer ID or public key that the key must have, as known from elsewhere")
	return c
}

func (i *inspection) run(s Streams, path string) error {
	if path == stdin && i.verify == stdin {
		return errors.New("the envelope and --verify cannot both be the standard input")
	}
	envelope, err := readEnvelope(path, s)
	if err != nil {
		return err
	}
	h := envelope.Header()
	if err := expect(h, i.expect); err != nil {
		return err
	}
	verdict := "no: this is what the envelope says of itself; --verify opens it and compares"
	if i.verify != "" {
		openers, err := readOpeners(i.verify, s)
		if err != nil {
			return err
		}
		opened, err := envelope.Open(h.Binding, openers...)
		if err != nil {
			return fmt.Errorf("verify %s: %w", path, err)
		}
		verdict = fmt.Sprintf("yes: the part for recipients %v holds this key and says the same", opened.Parts)
	}
	key, err := h.Public()
	if err != nil {
		return err
	}
	return printHeader(s.Out, h, key, verdict)
}

func printHeader(out io.Writer, h seal.Header, key identity.Public, verdict string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "format\t%s, version %d\n", h.Format, h.Version)
	fmt.Fprintf(w, "namespace\t%s\n", h.Binding.Namespace)
	fmt.Fprintf(w, "peernode\t%s\n", h.Binding.PeerNode)
	fmt.Fprintf(w, "role\t%s\n", h.Binding.Role)
	fmt.Fprintf(w, "epoch\t%d\n", h.Binding.Epoch)
	fmt.Fprintf(w, "key type\t%s\n", h.KeyType)
	fmt.Fprintf(w, "public key\t%s\n", h.PublicKey)
	fmt.Fprintf(w, "peer ID\t%s\n", h.PeerID)
	for _, kind := range kinds.All() {
		if form := kind.Key(); form != nil {
			fmt.Fprintf(w, "%s\t%s, in spec.identity.expectedPublicKey\n", kind.Name(), form.Identity(key).PublicKey)
		}
	}
	for _, r := range h.Recipients {
		fmt.Fprintf(w, "recipient\t%s\n", r)
	}
	fmt.Fprintf(w, "verified\t%s\n", verdict)
	return w.Flush()
}
