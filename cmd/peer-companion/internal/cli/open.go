// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/cmd/peer-companion/internal/manifest"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/seal"
)

// Forms in which a key leaves its envelope.
const (
	asFiles  = "files"
	asSecret = "secret"
)

// opening brings a key out of its envelope.
type opening struct {
	place

	identity, expect, software, as, to string
}

func newOpen(s Streams) *cobra.Command {
	var o opening
	c := &cobra.Command{
		Use:   "open ENVELOPE --identity RECOVERY-KEY --namespace NAMESPACE --peernode NAME --as secret|files",
		Short: "Open an envelope, into a Secret for kubectl or the key files of the software",
		Long: "Open an envelope for the peer that the flags name. To restore the Secret of a lost key:\n\n" +
			"  peer-companion open alpha.envelope -i recovery.key -n peers --peernode alpha --as secret | kubectl create -f -\n\n" +
			"ENVELOPE or RECOVERY-KEY may be -, the standard input.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(s, args[0]) },
	}
	o.place.flags(c)
	c.Flags().StringVarP(&o.identity, "identity", "i", "", "file with the private key of a recipient, as recovery-key and age-keygen write it")
	c.Flags().StringVar(&o.expect, "expect", "", "peer ID or public key that the key must have, as known from elsewhere")
	c.Flags().StringVar(&o.as, "as", "", "secret: a manifest on the standard output; files: the software's key files in a folder")
	c.Flags().StringVar(&o.to, "to", "", "new or empty folder for --as files")
	softwareFlag(c, &o.software)
	return required(c, "identity", "as")
}

func (o *opening) run(s Streams, path string) error {
	format, err := keyFormat(o.software)
	if err != nil {
		return err
	}
	binding, err := o.check(s, path)
	if err != nil {
		return err
	}
	envelope, err := readEnvelope(path, s)
	if err != nil {
		return err
	}
	if err := expect(envelope.Header(), o.expect); err != nil {
		return err
	}
	openers, err := readOpeners(o.identity, s)
	if err != nil {
		return err
	}
	opened, err := envelope.Open(binding, openers...)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	return o.deliver(s, binding, opened, format)
}

// check refuses what cannot work before a key is brought to light.
func (o *opening) check(s Streams, path string) (seal.Binding, error) {
	binding, err := o.binding()
	switch {
	case err != nil:
		return binding, err
	case path == stdin && o.identity == stdin:
		return binding, errors.New("the envelope and --identity cannot both be the standard input")
	case o.as == asFiles && o.to == "":
		return binding, errors.New("--as files needs a folder to write to: --to DIR")
	case o.as == asSecret && o.to != "":
		return binding, errors.New("--as secret writes to the standard output; leave out --to")
	case o.as != asFiles && o.as != asSecret:
		return binding, fmt.Errorf("--as %q is neither %s nor %s", o.as, asSecret, asFiles)
	case o.as == asSecret && isTerminal(s):
		return binding, errors.New("the Secret would show the private key on this terminal; pipe it into kubectl create -f -")
	}
	return binding, nil
}

func isTerminal(s Streams) bool {
	f, ok := s.Out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (o *opening) deliver(s Streams, binding seal.Binding, opened seal.Opened, format peer.Key) error {
	files := format.Files(opened.Key)
	if o.as == asFiles {
		if err := disk.WriteFolder(o.to, files); err != nil {
			return fmt.Errorf("write the key files: %w", err)
		}
		s.notef("opened into %s: the key of %s, %s", o.to, binding, opened.Key.Public())
		return nil
	}
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: binding.Namespace, Name: binding.PeerNode}}
	if err := manifest.Write(s.Out, keysecret.New(p, binding.Epoch, files)); err != nil {
		return err
	}
	s.notef("opened: the key of %s, %s", binding, opened.Key.Public())
	return nil
}
