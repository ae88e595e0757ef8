// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"filippo.io/age"
)

// Backup writes the key in dir, encrypted to recipients, to a new file. There
// is no plaintext form: a copy of the key is the identity.
func Backup(dir, file string, recipients []string) (Info, error) {
	to, err := parseRecipients(recipients)
	if err != nil {
		return Info{}, err
	}
	key, err := Load(dir)
	if err != nil {
		return Info{}, err
	}
	text, err := encode(key)
	if err != nil {
		return Info{}, err
	}
	if err := writeEncrypted(file, text, to); err != nil {
		return Info{}, err
	}
	return Describe(key)
}

func parseRecipients(recipients []string) ([]age.Recipient, error) {
	if len(recipients) == 0 {
		return nil, errors.New("no recipient; give the public key of who may open the backup: --recipient age1... (make one with age-keygen)")
	}
	var to []age.Recipient
	for _, s := range recipients {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return nil, fmt.Errorf("--recipient %q is not an age public key (age1...): %w", s, err)
		}
		to = append(to, r)
	}
	return to, nil
}

func writeEncrypted(file string, text []byte, to []age.Recipient) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; backups are never overwritten, choose another name: %w", file, err)
	}
	if err != nil {
		return fmt.Errorf("make the backup file: %w", err)
	}
	if err := errors.Join(encrypt(f, text, to), f.Sync(), f.Close()); err != nil {
		os.Remove(file)
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

func encrypt(f *os.File, text []byte, to []age.Recipient) error {
	w, err := age.Encrypt(f, to...)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Close()
}
