// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/seal"
)

// source are the flags of an envelope that is to be opened: with what, for which peer, and which key it must hold.
type source struct {
	place

	identity, expect string
}

func (f *source) flags(c *cobra.Command) {
	f.place.flags(c)
	c.Flags().StringVarP(&f.identity, "identity", "i", "", "file with the private key of a recipient, as recovery-key and age-keygen write it")
	c.Flags().StringVar(&f.expect, "expect", "", "peer ID or public key that the key must have, as known from elsewhere")
	required(c, "identity")
}

// contents are what was in an envelope, and who has opened it.
type contents struct {
	seal.Opened

	binding seal.Binding
	openers []seal.Opener
}

// open opens the envelope in a file for the peer that the flags name.
func (f *source) open(s Streams, path string) (contents, error) {
	binding, err := f.binding()
	if err != nil {
		return contents{}, err
	}
	if path == stdin && f.identity == stdin {
		return contents{}, errors.New("the envelope and --identity cannot both be the standard input")
	}
	envelope, err := readEnvelope(path, s)
	if err != nil {
		return contents{}, err
	}
	if err := expect(envelope.Header(), f.expect); err != nil {
		return contents{}, err
	}
	openers, err := readOpeners(f.identity, s)
	if err != nil {
		return contents{}, err
	}
	opened, err := envelope.Open(binding, openers...)
	if err != nil {
		return contents{}, fmt.Errorf("open %s: %w", path, err)
	}
	return contents{opened, binding, openers}, nil
}
