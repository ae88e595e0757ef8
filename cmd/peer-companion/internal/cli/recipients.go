// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/seal"
)

// recipients are the flags that say who will be able to open an envelope.
type recipients struct{ keys, files []string }

func (r *recipients) flags(c *cobra.Command) {
	c.Flags().StringArrayVarP(&r.keys, "recipient", "r", nil, "public key of age, age1pq1... or age1..., of one who may open the envelope; may be repeated")
	c.Flags().StringArrayVarP(&r.files, "recipients-file", "R", nil, "file with such public keys, one on a line; may be repeated")
}

// parse reads them, and refuses to do without.
func (r *recipients) parse(s Streams) ([]seal.Recipient, error) {
	out, err := r.read(s)
	if err == nil && len(out) == 0 {
		err = errors.New("nobody could open the envelope: name at least one --recipient or --recipients-file (make one with peer-companion recovery-key)")
	}
	return out, err
}

// read reads them, and warns of those that make an envelope weaker than it could be.
func (r *recipients) read(s Streams) ([]seal.Recipient, error) {
	var out []seal.Recipient
	for i, key := range r.keys {
		recipient, err := seal.ParseRecipient(key)
		if err != nil {
			return nil, fmt.Errorf("--recipient number %d: %w", i+1, err)
		}
		out = append(out, recipient)
	}
	for _, path := range r.files {
		inFile, err := readFile(path, s, seal.ParseRecipients)
		if err != nil {
			return nil, fmt.Errorf("--recipients-file %s: %w", path, err)
		}
		out = append(out, inFile...)
	}
	for _, recipient := range out {
		if recipient.Family() == seal.X25519 {
			s.notef("note: recipient %s is not hybrid: whoever keeps a copy of the envelope may open it with a quantum computer one day", recipient)
		}
	}
	return out, nil
}
