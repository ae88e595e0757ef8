// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"filippo.io/age"

	"github.com/peernode/operator/pkg/identity"
)

// payload is what is encrypted.
type payload struct {
	// Header is that of the envelope, all of it.
	Header
	// Secret is the private part of the key.
	Secret []byte `json:"secret"`
}

// Seal makes the envelope of a key for one place. Any one of the recipients opens it.
func Seal(key identity.Key, binding Binding, recipients []Recipient) (Envelope, error) {
	if key.IsZero() {
		return Envelope{}, errors.New("there is no key to seal")
	}
	e := Envelope{header: newHeader(key.Public(), binding, recipients), files: map[Family][]byte{}}
	if err := e.header.validate(); err != nil {
		return Envelope{}, err
	}
	plain, err := json.Marshal(payload{Header: e.header, Secret: key.Secret()})
	if err != nil {
		return Envelope{}, errors.New("the content of the envelope cannot be written")
	}
	for _, f := range families {
		if !e.header.has(f) {
			continue
		}
		if e.files[f], err = encrypt(plain, ofFamily(recipients, f)); err != nil {
			return Envelope{}, fmt.Errorf("encrypt to recipients of the family %s: %w", f, err)
		}
	}
	return e, nil
}

func ofFamily(recipients []Recipient, f Family) []age.Recipient {
	var out []age.Recipient
	for _, r := range recipients {
		if r.family == f {
			out = append(out, r.age)
		}
	}
	return out
}

func encrypt(plain []byte, to []age.Recipient) ([]byte, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}
