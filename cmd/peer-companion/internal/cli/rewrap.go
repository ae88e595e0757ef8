// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/cmd/peer-companion/internal/manifest"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// rewrapping seals the keys of many Secrets to another sealing key. Nobody else comes to be able to open them, and nobody
// else ceases to be.
type rewrapping struct {
	identity, to, path string
	holders            recipients
}

func newRewrap(s Streams) *cobra.Command {
	var r rewrapping
	c := &cobra.Command{
		Use:   "rewrap SECRETS --identity OLD-SEALING-KEY --to NEW-RECIPIENT-FILE [--recipients-file HOLDERS]",
		Short: "Seal the keys of a list of Secrets to another sealing key",
		Long: "Read Secrets as kubectl get -o json prints them, open what is sealed to an old sealing key, in memory, and print the\n" +
			"same Secrets with the keys sealed to a new one, for kubectl replace --force. Who could open an envelope beside the old\n" +
			"sealing key still can: an envelope names its holders by fingerprints alone, so their public keys have to be given.\n" +
			"Secrets that are sealed to the new key already are left out, so it can be done again.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return r.run(s, args[0]) },
	}
	c.Flags().StringVarP(&r.identity, "identity", "i", "", "file with the old sealing key, identity.age of its Secret")
	c.Flags().StringVar(&r.to, "to", "", "file with the public key of the new one, recipient of the ConfigMap peernode-unsealer")
	c.Flags().StringVarP(&r.path, "out", "o", "", "new file for the Secrets, of mode 0600; the standard output when not given")
	r.holders.flags(c)
	return required(c, "identity", "to")
}

func (r *rewrapping) run(s Streams, path string) error {
	w, err := r.rewrapper(s, path)
	if err != nil {
		return err
	}
	secrets, err := readFile(path, s, manifest.ReadAll)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var moved []corev1.Secret
	var envelopes []seal.Envelope
	for i := range secrets {
		envelope, changed, err := w.rewrap(s, &secrets[i])
		if err != nil {
			return fmt.Errorf("the Secret %s/%s: %w; nothing was written", secrets[i].Namespace, secrets[i].Name, err)
		}
		if changed {
			moved, envelopes = append(moved, manifest.New(secrets[i])), append(envelopes, envelope)
		}
	}
	if err := r.write(s, moved); err != nil {
		return err
	}
	for _, e := range envelopes {
		noteSealed(s, e)
	}
	s.notef("%d of %d Secrets are to be replaced", len(moved), len(secrets))
	return nil
}

func (r *rewrapping) write(s Streams, moved []corev1.Secret) error {
	text, err := manifest.ListText(moved)
	if err != nil {
		return err
	}
	if r.path == "" {
		_, err = s.Out.Write(text)
		return err
	}
	return disk.Create(r.path, 0o600, text)
}

// rewrapper is what one rewraps with.
type rewrapper struct {
	openers []seal.Opener
	to      seal.Recipient
	holders []seal.Recipient
}

func (r *rewrapping) rewrapper(s Streams, path string) (rewrapper, error) {
	if path == stdin && r.identity == stdin {
		return rewrapper{}, errors.New("the Secrets and --identity cannot both be the standard input")
	}
	to, err := readFile(r.to, s, seal.ParseRecipients)
	if err == nil && len(to) != 1 {
		err = fmt.Errorf("there are %d public keys, and a sealing key is one", len(to))
	}
	if err != nil {
		return rewrapper{}, fmt.Errorf("--to %s: %w", r.to, err)
	}
	holders, err := r.holders.read(s)
	if err != nil {
		return rewrapper{}, err
	}
	openers, err := readOpeners(r.identity, s)
	if err != nil {
		return rewrapper{}, err
	}
	w := rewrapper{openers, to[0], holders}
	return w, w.validate()
}

// validate refuses the key of one who is to be able to open the new envelopes in the place of the old sealing key: whoever
// opens with it would be the one to be dropped.
func (w rewrapper) validate() error {
	for _, stays := range append([]seal.Recipient{w.to}, w.holders...) {
		if w.isOld(stays.Info()) {
			return fmt.Errorf("--identity holds the private key of %s, who is to stay; it has to be the old sealing key", stays.Info())
		}
	}
	return nil
}

// rewrap seals the key of a Secret anew, and reports whether there was need to.
func (w rewrapper) rewrap(s Streams, secret *corev1.Secret) (e seal.Envelope, changed bool, err error) {
	owner, err := keysecret.OwnerOf(secret)
	if err != nil {
		return e, false, err
	}
	if len(secret.Data[keysecret.Envelope]) == 0 {
		s.notef("note: %s/%s holds no sealed key; left out", secret.Namespace, secret.Name)
		return e, false, nil
	}
	envelope, err := seal.Read(bytes.NewReader(secret.Data[keysecret.Envelope]))
	if err != nil {
		return e, false, err
	}
	h := envelope.Header()
	if !w.sealedToOld(h) {
		if !slices.Contains(h.Recipients, w.to.Info()) {
			s.notef("note: %s/%s is sealed neither to the old sealing key nor to the new one; left out", secret.Namespace, secret.Name)
		}
		return e, false, nil
	}
	recipients, err := w.recipients(h)
	if err != nil {
		return e, false, err
	}
	binding := seal.Binding{Namespace: owner.Namespace, PeerNode: owner.PeerNode, Role: seal.RoleIdentity, Epoch: owner.Epoch}
	opened, err := envelope.Open(binding, w.openers...)
	if err != nil {
		return e, false, err
	}
	if e, err = seal.Seal(opened.Key, binding, recipients); err != nil {
		return e, false, fmt.Errorf("seal the key: %w", err)
	}
	secret.Data[keysecret.Envelope] = e.Text()
	return e, true, nil
}

// sealedToOld reports whether the old sealing key opens an envelope.
func (w rewrapper) sealedToOld(h seal.Header) bool { return slices.ContainsFunc(h.Recipients, w.isOld) }

func (w rewrapper) isOld(info seal.RecipientInfo) bool {
	return slices.ContainsFunc(w.openers, func(o seal.Opener) bool { return o.Recipient().Info() == info })
}

// recipients are those of the new envelope: the new sealing key, and whoever held the old envelope beside the old one.
func (w rewrapper) recipients(h seal.Header) ([]seal.Recipient, error) {
	out := []seal.Recipient{w.to}
	for _, info := range h.Recipients {
		if w.isOld(info) || info == w.to.Info() {
			continue
		}
		i := slices.IndexFunc(w.holders, func(r seal.Recipient) bool { return r.Info() == info })
		if i < 0 {
			return nil, fmt.Errorf("who holds %s can open it as well, and could not any more; give that public key, too, by --recipient or --recipients-file", info)
		}
		out = append(out, w.holders[i])
	}
	return out, nil
}
