// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/cmd/peer-companion/internal/manifest"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// sealing takes a key that exists into an envelope.
type sealing struct {
	place
	recipients
	output

	software, keys string
}

func newSeal(s Streams) *cobra.Command {
	var k sealing
	c := &cobra.Command{
		Use:   "seal --recipient AGE-PUBLIC-KEY [--keys DIR --namespace NAMESPACE --peernode NAME]",
		Short: "Seal a key that lies in plaintext, in a folder or in a Secret of an older operator",
		Long: "Seal a key that lies in plaintext. Without --keys it is that of the Secret on the standard input, as operators from\n" +
			"before there were envelopes made it, which says whose it is:\n\n" +
			"  kubectl get secret alpha-identity-1 -n peers -o yaml | peer-companion seal -r age1pq1... -o alpha.envelope",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return k.run(s, c) },
	}
	k.place.flags(c)
	k.recipients.flags(c)
	k.output.flags(c)
	softwareFlag(c, &k.software)
	c.Flags().StringVar(&k.keys, "keys", "", "folder with the key files of the software, instead of a Secret")
	return c
}

func (k *sealing) run(s Streams, c *cobra.Command) error {
	if err := k.output.validate(); err != nil {
		return err
	}
	format, err := keyFormat(k.software)
	if err != nil {
		return err
	}
	to, err := k.parse(s)
	if err != nil {
		return err
	}
	files, err := k.files(s, c)
	if err != nil {
		return err
	}
	binding, err := k.binding()
	if err != nil {
		return err
	}
	key, err := format.Read(files)
	if err != nil {
		return fmt.Errorf("this is no key of software %s: %w", k.software, err)
	}
	envelope, err := seal.Seal(key, binding, to)
	if err != nil {
		return fmt.Errorf("seal the key: %w", err)
	}
	noteLeftOut(s, files, format.Files(key))
	return k.write(s, envelope)
}

// files are those of the software, from where the flags say.
func (k *sealing) files(s Streams, c *cobra.Command) (map[string][]byte, error) {
	if k.keys != "" {
		return disk.ReadFolder(k.keys)
	}
	secret, err := manifest.Read(s.In)
	switch {
	case err != nil:
		return nil, fmt.Errorf("standard input: %w; pipe in what kubectl get secret NAME -o yaml prints, or name a folder with --keys", err)
	case len(secret.Data[keysecret.Envelope]) > 0:
		return nil, fmt.Errorf("standard input: the key in the Secret %s is sealed already; peer-companion reseal - seals it to others", secret.Name)
	}
	owner, err := keysecret.OwnerOf(secret)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return secret.Data, k.of(c, owner)
}

// noteLeftOut tells of files that will not come back out of the envelope, such as keys of before.
func noteLeftOut(s Streams, given, sealed map[string][]byte) {
	var left []string
	for name := range given {
		if sealed[name] == nil {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	if len(left) > 0 {
		s.notef("note: an envelope holds one key; left out: %s", strings.Join(left, ", "))
	}
}
