// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/cmd/peer-companion/internal/manifest"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// Forms in which a sealed key is written.
const (
	asEnvelope = "envelope"
	asSecret   = "secret"
)

// output are the flags that say where an envelope goes, and in what form.
type output struct{ as, path string }

func (o *output) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.as, "as", asEnvelope, "envelope; or secret: the manifest of the peer's Secret with the envelope in it, for kubectl create -f -")
	c.Flags().StringVarP(&o.path, "out", "o", "", "new file for it, of mode 0600; the standard output when not given")
}

// validate refuses what cannot work before there is a key.
func (o *output) validate() error {
	if o.as != asEnvelope && o.as != asSecret {
		return fmt.Errorf("--as %q is neither %s nor %s", o.as, asEnvelope, asSecret)
	}
	return nil
}

func (o *output) write(s Streams, e seal.Envelope) error {
	text, err := o.form(e)
	if err != nil {
		return err
	}
	if o.path == "" {
		_, err = s.Out.Write(text)
	} else {
		err = disk.Create(o.path, 0o600, text)
	}
	if err != nil {
		return fmt.Errorf("write the %s: %w", o.as, err)
	}
	noteSealed(s, e)
	return nil
}

func (o *output) form(e seal.Envelope) ([]byte, error) {
	if o.as == asEnvelope {
		return e.Text(), nil
	}
	b := e.Header().Binding
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: b.Namespace, Name: b.PeerNode}}
	return manifest.Text(keysecret.New(p, b.Epoch, e.Text()))
}

func noteSealed(s Streams, e seal.Envelope) {
	h := e.Header()
	s.notef("sealed the %s key of %s, peer ID %s; recipients: %d", h.KeyType, h.Binding, h.PeerID, len(h.Recipients))
}
