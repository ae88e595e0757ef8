// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/internal/smallfile"
	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/unsealing"
	"github.com/peernode/operator/pkg/backup"
)

// notary are the flags that say who signs the record of a backup: a key in a file, or the cluster's unsealer.
type notary struct {
	unsealing.Client

	keyFile string
}

func (n *notary) flags(c *cobra.Command) {
	c.Flags().StringVar(&n.keyFile, "signing-key", "", "file with the private key that signs records (peer-companion signing-key)")
	c.Flags().StringVar(&n.URL, "unsealer-url", "", "where the unsealer is that signs records for the pods of Jobs, https://HOST:PORT")
	c.Flags().StringVar(&n.TokenFile, "unsealer-token", "", "file with the pod's token for the unsealer; read for each try")
	c.Flags().StringVar(&n.CAFile, "unsealer-ca", "", "file with the certificate by which to know the unsealer; read for each try")
	c.MarkFlagsOneRequired("signing-key", "unsealer-url")
	c.MarkFlagsMutuallyExclusive("signing-key", "unsealer-url")
	c.MarkFlagsRequiredTogether("unsealer-url", "unsealer-token", "unsealer-ca")
}

// patienceWithUnsealer is how long to ask for a signature.
const patienceWithUnsealer = 4 * time.Minute

// open returns who signs, and the public keys by which records are known, that of the signature first.
func (n *notary) open(ctx context.Context, s Streams, namespace, peerNode string) (archive.Notary, []string, error) {
	if n.keyFile == "" {
		if !strings.HasPrefix(n.URL, "https://") {
			return nil, nil, fmt.Errorf("--unsealer-url %q does not begin with https://", n.URL)
		}
		asked := unsealing.Notary{Client: n.Client, Patience: unsealing.NewPatience(patienceWithUnsealer), Tell: func(p *unsealing.Problem) {
			s.notef("no signature yet: %s", p)
		}}
		keys, err := asked.Keys(ctx)
		return asked, keys, err
	}
	text, err := smallfile.Read(n.keyFile)
	if err != nil {
		return nil, nil, fmt.Errorf("the signing key: %w", err)
	}
	key, err := backup.ParseSigner(string(text), namespace, peerNode)
	if err != nil {
		return nil, nil, fmt.Errorf("the signing key: %w", err)
	}
	return own{key}, []string{key.Public()}, nil
}

// own signs with a key that is at hand.
type own struct{ backup.Signer }

// Sign is that of archive.Notary.
func (o own) Sign(_ context.Context, r backup.Record) ([]byte, error) { return o.Signer.Sign(r) }
