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

// opened is who signs, the public keys by which records are known, that of the signature first, and the key of states.
type opened struct {
	archive.Notary

	keys  []string
	state backup.StateKey
}

func (n *notary) open(ctx context.Context, s Streams, namespace, peerNode string) (opened, error) {
	if n.keyFile != "" {
		return n.own(namespace, peerNode)
	}
	if !strings.HasPrefix(n.URL, "https://") {
		return opened{}, fmt.Errorf("--unsealer-url %q does not begin with https://", n.URL)
	}
	asked := unsealing.Notary{Client: n.Client, Patience: unsealing.NewPatience(patienceWithUnsealer), Tell: func(p *unsealing.Problem) {
		s.notef("no signature yet: %s", p)
	}}
	keys, state, err := asked.Keys(ctx)
	return opened{asked, keys, state}, err
}

func (n *notary) own(namespace, peerNode string) (opened, error) {
	text, err := smallfile.Read(n.keyFile)
	if err != nil {
		return opened{}, fmt.Errorf("the signing key: %w", err)
	}
	key, err := backup.ParseSigner(string(text), namespace, peerNode)
	if err != nil {
		return opened{}, fmt.Errorf("the signing key: %w", err)
	}
	return opened{own{key}, []string{key.Public()}, key.StateKey()}, nil
}

// own signs with a key that is at hand.
type own struct{ backup.Signer }

// Sign is that of archive.Notary.
func (o own) Sign(_ context.Context, r backup.Record) ([]byte, error) { return o.Signer.Sign(r) }
