// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// Generate makes a new key in dir. It refuses when there is one: a lost
// identity cannot be made again.
func Generate(dir, keyType string) (Info, error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Lstat(path); err == nil {
		return Info{}, existsError(path)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Info{}, fmt.Errorf("make the keys folder: %w", err)
	}
	key, err := newKey(keyType)
	if err != nil {
		return Info{}, err
	}
	staged, err := stage(dir, key)
	if err != nil {
		return Info{}, err
	}
	defer os.Remove(staged)
	// A link, unlike a rename, fails when the name was taken meanwhile.
	if err := os.Link(staged, path); errors.Is(err, fs.ErrExist) {
		return Info{}, existsError(path)
	} else if err != nil {
		return Info{}, fmt.Errorf("put the key in place: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return Info{}, err
	}
	return Describe(key)
}

func existsError(path string) error {
	return fmt.Errorf("%s exists already; it is the agent's identity and is never overwritten (to replace it: p2p-agent identity rotate): %w", path, fs.ErrExist)
}

// stage writes key to a new file of mode 0600 in dir and makes it durable
// before it gets its name: a crash leaves no half-written identity.key.
func stage(dir string, key crypto.PrivKey) (string, error) {
	text, err := encode(key)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".identity-*")
	if err != nil {
		return "", fmt.Errorf("write in the keys folder (in a pod it is read-only: keys are made and replaced from outside): %w", err)
	}
	_, writeErr := f.Write(text)
	if err := errors.Join(writeErr, f.Sync(), f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("write the key: %w", err)
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the keys folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("make the keys folder durable: %w", err)
	}
	return nil
}
