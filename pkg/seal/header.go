// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
)

// Format and Version tell an envelope from other JSON, and from envelopes to come.
const (
	Format  = "peernode.dev/key-envelope"
	Version = 1
)

// MaxRecipients keeps an envelope far below what a Secret holds.
const MaxRecipients = 20

// Header is what everybody may read of an envelope.
type Header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Binding is the one place for which the envelope opens.
	Binding Binding `json:"binding"`
	// KeyType, PublicKey (in hexadecimal digits) and PeerID (libp2p's name) are the public side of the key.
	KeyType   v1alpha1.IdentityType `json:"keyType"`
	PublicKey string                `json:"publicKey"`
	PeerID    string                `json:"peerID"`
	// Recipients are those who can open the envelope, in the order in which they were given.
	Recipients []RecipientInfo `json:"recipients"`
}

func newHeader(key identity.Public, binding Binding, recipients []Recipient) Header {
	h := Header{
		Format: Format, Version: Version, Binding: binding,
		KeyType: key.Type(), PublicKey: key.Hex(), PeerID: key.PeerID(),
	}
	for _, r := range recipients {
		h.Recipients = append(h.Recipients, r.Info())
	}
	return h
}

// Public is the public key that the header names.
func (h Header) Public() (identity.Public, error) {
	return identity.ParsePublic(h.KeyType, h.PublicKey)
}

func (h Header) validate() error {
	if err := h.Binding.Validate(); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	public, err := h.Public()
	if err != nil {
		return fmt.Errorf("publicKey: %w", err)
	}
	if id := public.PeerID(); h.PeerID != id {
		return fmt.Errorf("peerID: %q is not that of the public key, which is %s", h.PeerID, id)
	}
	return h.validateRecipients()
}

func (h Header) validateRecipients() error {
	if len(h.Recipients) == 0 {
		return errors.New("recipients: there is none, so nobody could open the envelope")
	}
	if len(h.Recipients) > MaxRecipients {
		return fmt.Errorf("recipients: there are %d, at most %d are allowed", len(h.Recipients), MaxRecipients)
	}
	seen := map[RecipientInfo]bool{}
	for i, r := range h.Recipients {
		if err := r.validate(); err != nil {
			return fmt.Errorf("recipients[%d]: %w", i, err)
		}
		if seen[r] {
			return fmt.Errorf("recipients[%d]: %s is there twice", i, r)
		}
		seen[r] = true
	}
	return nil
}

// has reports whether a recipient of the family can open the envelope.
func (h Header) has(f Family) bool {
	for _, r := range h.Recipients {
		if r.Family == f {
			return true
		}
	}
	return false
}

// field is one value of a header, by the name under which errors know it.
type field struct{ name, value string }

func (b Binding) fields() []field {
	return []field{
		{"binding.namespace", b.Namespace},
		{"binding.peerNode", b.PeerNode},
		{"binding.role", string(b.Role)},
		{"binding.epoch", strconv.FormatInt(b.Epoch, 10)},
	}
}

func (h Header) fields() []field {
	out := append(h.Binding.fields(),
		field{"format", h.Format},
		field{"version", strconv.Itoa(h.Version)},
		field{"keyType", string(h.KeyType)},
		field{"publicKey", h.PublicKey},
		field{"peerID", h.PeerID},
		field{"recipients", fmt.Sprint(h.Recipients)},
	)
	return out
}

// differing returns the first field in which two lists of the same names differ.
func differing(a, b []field) (inA, inB field, differ bool) {
	for i := range a {
		if a[i] != b[i] {
			return a[i], b[i], true
		}
	}
	return field{}, field{}, false
}
