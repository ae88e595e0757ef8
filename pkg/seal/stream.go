// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// CheckOneFamily refuses recipients that no one stream can be sealed to: age keeps those of both families apart, because
// a stream is as safe from quantum computers as its weakest recipient.
func CheckOneFamily(recipients []Recipient) error {
	if len(recipients) == 0 {
		return errors.New("there is no recipient, so nobody could open it")
	}
	for _, r := range recipients {
		if r.family != recipients[0].family {
			return fmt.Errorf("recipients are of two families, %s and %s; name those of one", recipients[0].family, r.family)
		}
	}
	return nil
}

// Stream seals what is written to it, however long, and passes it on to w. It is whole only once it was closed, which
// leaves w open. Recipients are of one family.
func Stream(w io.Writer, recipients []Recipient) (io.WriteCloser, error) {
	if err := CheckOneFamily(recipients); err != nil {
		return nil, err
	}
	sealed, err := age.Encrypt(w, ofFamily(recipients, recipients[0].family)...)
	if err != nil {
		return nil, fmt.Errorf("begin to encrypt: %w", err)
	}
	return sealed, nil
}

// ErrNotForUs says that no private key that was given opens a stream.
var ErrNotForUs = errors.New("none of the private keys given opens it")

// OpenStream reads what was sealed by Stream. What it returns was not changed, and an end that it returns is the end.
func OpenStream(r io.Reader, openers ...Opener) (io.Reader, error) {
	identities := make([]age.Identity, 0, len(openers))
	for _, o := range openers {
		identities = append(identities, o.identity())
	}
	if len(identities) == 0 {
		return nil, ErrNotForUs
	}
	plain, err := age.Decrypt(r, identities...)
	if _, no := errors.AsType[*age.NoIdentityMatchError](err); no {
		return nil, ErrNotForUs
	}
	if err != nil {
		return nil, fmt.Errorf("it does not begin as a file of age: %w", err)
	}
	return plain, nil
}

// NewOpenerOf makes an opener whose recipient can stand beside those of a family.
func NewOpenerOf(f Family) (Opener, error) {
	if f == Hybrid {
		return NewOpener()
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return Opener{}, fmt.Errorf("make a private key of age: %w", err)
	}
	return x25519Opener(identity), nil
}
