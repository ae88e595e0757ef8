// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

// keygen makes a key. It exists in memory only.
type keygen struct {
	place
	recipients
	output
	handOver

	keyType string
}

func newKeygen(s Streams) *cobra.Command {
	var k keygen
	c := &cobra.Command{
		Use:   "keygen --namespace NAMESPACE --peernode NAME --recipient AGE-PUBLIC-KEY",
		Short: "Make a key and seal it; the private key never leaves the memory unsealed",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return k.log.tells(func() error { return k.run(s) }) },
	}
	k.place.flags(c)
	k.recipients.flags(c)
	k.output.flags(c)
	k.handOver.flags(c)
	c.Flags().StringVar(&k.keyType, "type", string(v1alpha1.IdentityEd25519), "Ed25519 or Secp256k1")
	return c
}

func (k *keygen) run(s Streams) error {
	if err := k.handOver.validate(k.output); err != nil {
		return err
	}
	binding, err := k.binding()
	if err != nil {
		return err
	}
	to, err := k.parse(s)
	if err != nil {
		return err
	}
	key, err := identity.New(v1alpha1.IdentityType(k.keyType), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key: %w", err)
	}
	envelope, err := seal.Seal(key, binding, to)
	if err != nil {
		return fmt.Errorf("seal the key: %w", err)
	}
	if k.log.path == "" {
		return k.output.write(s, envelope)
	}
	if err := k.handOver.write(envelope); err != nil {
		return fmt.Errorf("hand the envelope over: %w", err)
	}
	noteSealed(s, envelope)
	return nil
}
