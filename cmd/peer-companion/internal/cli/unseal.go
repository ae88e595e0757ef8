// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/cmd/peer-companion/internal/unsealing"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// unsealer is the init container of a peer: it brings the key of the pod out of its envelope.
type unsealer struct {
	place
	unsealing.Client

	envelope, identity, software, to, terminationLog string
	patience                                         time.Duration
}

func newUnseal(s Streams) *cobra.Command {
	var u unsealer
	c := &cobra.Command{
		Use:   "unseal --envelope FILE {--url URL --token FILE --ca FILE | --identity FILE} --namespace NAMESPACE --peernode NAME --to DIR",
		Short: "Have the cluster's unsealer, or a private key, open the envelope of this pod's peer; the operator runs it in the pod",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return u.run(c.Context(), s) },
	}
	u.place.flags(c)
	softwareFlag(c, &u.software)
	c.Flags().StringVar(&u.envelope, "envelope", "", "file with the envelope")
	c.Flags().StringVar(&u.URL, "url", "", "where the unsealer is, https://HOST:PORT")
	c.Flags().StringVar(&u.TokenFile, "token", "", "file with the pod's token for the unsealer; read for each try")
	c.Flags().StringVar(&u.CAFile, "ca", "", "file with the certificate by which to know the unsealer; read for each try")
	c.Flags().StringVar(&u.identity, "identity", "", "file with a private key of age that opens the envelope, in place of the unsealer")
	c.Flags().StringVar(&u.to, "to", "", "folder for the key files; what is in it is replaced")
	c.Flags().StringVar(&u.terminationLog, "termination-log", "/dev/termination-log", "file for the reason of a failure, where it exists")
	c.Flags().DurationVar(&u.patience, "patience", 4*time.Minute, "how long to ask")
	c.MarkFlagsOneRequired("identity", "url")
	c.MarkFlagsMutuallyExclusive("identity", "url")
	c.MarkFlagsRequiredTogether("url", "token", "ca")
	return required(c, "envelope", "to")
}

func (u *unsealer) run(ctx context.Context, s Streams) error {
	format, err := keyFormat(u.software)
	if err != nil {
		return err
	}
	binding, err := u.binding()
	if err != nil {
		return err
	}
	if u.identity == "" && !strings.HasPrefix(u.URL, "https://") {
		return fmt.Errorf("--url %q does not begin with https://", u.URL)
	}
	problem := u.bring(ctx, s, binding, format)
	if problem == nil {
		return nil
	}
	if err := u.leave(problem); err != nil {
		s.notef("cannot leave the reason for the kubelet: %v", err)
	}
	return errors.New(problem.String())
}

// bring has the envelope opened, and writes the key as the software reads it.
func (u *unsealer) bring(ctx context.Context, s Streams, binding seal.Binding, format peer.Key) *unsealing.Problem {
	envelope, err := readEnvelope(u.envelope, s)
	if err != nil {
		return unsealing.ForGood(unseal.EnvelopeUnreadable, err)
	}
	if has := envelope.Header().Binding; has != binding {
		return unsealing.ForGood(unseal.EnvelopeWrong, fmt.Errorf("the envelope %s is for %s, the pod is that of %s", u.envelope, has, binding))
	}
	key, problem := u.open(ctx, s, envelope, binding)
	if problem != nil {
		return problem
	}
	if err := disk.ReplaceFolder(u.to, format.Files(key)); err != nil {
		return unsealing.ForGood(unseal.KeyUnwritable, err)
	}
	s.notef("unsealed into %s: the key of %s, %s", u.to, binding, key.Public())
	return nil
}

// open opens an envelope of this pod's peer.
func (u *unsealer) open(ctx context.Context, s Streams, envelope seal.Envelope, binding seal.Binding) (identity.Key, *unsealing.Problem) {
	if u.identity != "" {
		return unsealing.Directly(envelope, binding, u.identity)
	}
	return unsealing.Key(ctx, u.Client, envelope, unsealing.NewPatience(u.patience), func(p *unsealing.Problem) {
		s.notef("no key yet: %s", p)
	})
}

// maxTermination is what a kubelet keeps of a termination message.
const maxTermination = 4096

// leave writes the reason where the kubelet looks for it. Outside a pod there is no such file, and none is made.
func (u *unsealer) leave(p *unsealing.Problem) error {
	text := p.String()
	f, err := os.OpenFile(u.terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text[:min(len(text), maxTermination)])
	return errors.Join(err, f.Close())
}
