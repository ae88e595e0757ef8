// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Writable tries to make and remove a file. It is asked by /readyz, so it does
// not wait for the disk.
func (s *Store) Writable() error {
	f, err := os.CreateTemp(s.dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("storage is not writable: %w", err)
	}
	_, writeErr := f.WriteString("x")
	if err := errors.Join(writeErr, f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("storage is not writable: %w", err)
	}
	return nil
}

// save replaces state.json as a whole: readers and crashes see the old or the
// new content, never a part. The caller holds the lock.
func (s *Store) save() error {
	data, err := json.MarshalIndent(s.state, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	path := filepath.Join(s.dir, fileName)
	if err := writeDurably(path+".new", append(data, '\n')); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("put the state in place: %w", err)
	}
	return syncDir(s.dir)
}

// writeDurably uses one fixed name, so a crash leaves at most one stray file.
func writeDurably(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, writeErr := f.Write(data)
	return errors.Join(writeErr, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the storage folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("make the storage folder durable: %w", err)
	}
	return nil
}
