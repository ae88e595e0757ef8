// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Rotation is the outcome of Rotate.
type Rotation struct {
	Info
	// Previous is the peer ID that was replaced.
	Previous Info `json:"previous"`
	// PreviousFile is where its key is kept.
	PreviousFile string `json:"previousFile"`
}

// Rotate replaces the key in dir and keeps the old one beside it. The type of
// the new key is keyType, or that of the old one when empty. A crash between
// any two steps leaves either the old or the new key in place, and the old one
// is never lost.
func Rotate(dir, keyType string) (Rotation, error) {
	old, err := Load(dir)
	if err != nil {
		return Rotation{}, err
	}
	previous, err := Describe(old)
	if err != nil {
		return Rotation{}, err
	}
	if keyType == "" {
		keyType = previous.KeyType
	}
	key, err := newKey(keyType)
	if err != nil {
		return Rotation{}, err
	}
	staged, err := stage(dir, key)
	if err != nil {
		return Rotation{}, err
	}
	defer os.Remove(staged)
	path := filepath.Join(dir, FileName)
	kept := path + ".previous-" + previous.PeerID.String()
	// The name holds the peer ID, so a file that is there already is the same
	// key, left by a rotation that was interrupted.
	if err := os.Link(path, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return Rotation{}, fmt.Errorf("keep the old key: %w", err)
	}
	if err := os.Rename(staged, path); err != nil {
		return Rotation{}, fmt.Errorf("put the new key in place: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return Rotation{}, err
	}
	info, err := Describe(key)
	return Rotation{Info: info, Previous: previous, PreviousFile: kept}, err
}
