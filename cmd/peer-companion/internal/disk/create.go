// SPDX-License-Identifier: Apache-2.0

// Package disk writes and reads files that hold keys or could.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Create writes a new file with exactly that mode, whatever the umask, and makes it durable. It never overwrites, nor
// follows a link; a file that could not be written completely is removed.
func Create(path string, mode fs.FileMode, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already and is never overwritten; choose another name: %w", path, err)
	}
	if err != nil {
		return err
	}
	_, writeErr := f.Write(content)
	if err := errors.Join(f.Chmod(mode), writeErr, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return sync(filepath.Dir(path))
}

// Replace writes a file that may be there already, such as the one in which the kubelet looks for the last words of a
// container. It may be all that the process can write to, so nothing is made beside it.
func Replace(path, content string) error { return os.WriteFile(path, []byte(content), 0o600) }

// sync makes the names in a folder durable.
func sync(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
