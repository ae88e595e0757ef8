// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/peernode/operator/pkg/identity"
)

// maxPayload is far more than a payload with MaxRecipients.
const maxPayload = 16 << 10

// Opened is what was in an envelope.
type Opened struct {
	Key identity.Key
	// Parts are the families whose part was opened and checked. That another part is damaged shows only to who can
	// open it.
	Parts []Family
}

// Open opens an envelope for the place that the caller expects. Every part that is sealed to one of openers must be
// sound, and hold the key and the header that the envelope shows.
func (e Envelope) Open(expected Binding, openers ...Opener) (Opened, error) {
	if err := expected.Validate(); err != nil {
		return Opened{}, err
	}
	if is, want, differ := differing(e.header.Binding.fields(), expected.fields()); differ {
		return Opened{}, fmt.Errorf("the envelope is for another place: its %s is %q, expected %q", is.name, is.value, want.value)
	}
	var out Opened
	for _, f := range families {
		mine := e.holders(openers, f)
		if len(mine) == 0 {
			continue
		}
		plain, err := decrypt(e.files[f], mine)
		if err != nil {
			return Opened{}, fmt.Errorf("the envelope is damaged: sealed.%s does not open with a private key to which it says it is sealed", f)
		}
		if out.Key, err = e.check(plain); err != nil {
			return Opened{}, err
		}
		out.Parts = append(out.Parts, f)
	}
	if len(out.Parts) == 0 {
		return Opened{}, e.notForUs(openers)
	}
	return out, nil
}

// check compares what was sealed with what the envelope shows. What it reads is secret, so errors hold none of it but
// the header's own fields.
func (e Envelope) check(plain []byte) (identity.Key, error) {
	var p payload
	if err := decodeStrictly(plain, &p); err != nil {
		return identity.Key{}, errors.New("what is sealed in the envelope is not what this program seals")
	}
	if shown, sealed, differ := differing(e.header.fields(), p.Header.fields()); differ {
		return identity.Key{}, fmt.Errorf("the header of the envelope was changed: its %s is %q, the sealed one is %q", shown.name, shown.value, sealed.value)
	}
	key, err := identity.Parse(p.KeyType, p.Secret)
	if err != nil {
		return identity.Key{}, fmt.Errorf("the sealed key: %w", err)
	}
	if public := key.Public().Hex(); public != e.header.PublicKey {
		return identity.Key{}, fmt.Errorf("the sealed key is not the one that the envelope names: its publicKey is %q, the sealed one's is %q", e.header.PublicKey, public)
	}
	return key, nil
}

func (e Envelope) notForUs(openers []Opener) error {
	return fmt.Errorf("none of the private keys given opens the envelope; it is sealed to %s, given are %s",
		join(e.header.Recipients), join(infos(openers)))
}

func infos(openers []Opener) []RecipientInfo {
	var out []RecipientInfo
	for _, o := range openers {
		out = append(out, o.recipient.Info())
	}
	return out
}

func join(recipients []RecipientInfo) string {
	if len(recipients) == 0 {
		return "none"
	}
	var out []string
	for _, r := range recipients {
		out = append(out, r.String())
	}
	return strings.Join(out, ", ")
}

// holders are those openers who the header says can open the part of a family. Who is left out can open it only if
// the header was changed, and with it the envelope spoilt.
func (e Envelope) holders(openers []Opener, f Family) []age.Identity {
	var out []age.Identity
	for _, o := range openers {
		if o.recipient.family == f && slices.Contains(e.header.Recipients, o.recipient.Info()) {
			out = append(out, o.identity())
		}
	}
	return out
}

func decrypt(file []byte, with []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), with...)
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxPayload+1))
	if err != nil {
		return nil, err
	}
	if len(plain) > maxPayload {
		return nil, errors.New("it is too large")
	}
	return plain, nil
}
