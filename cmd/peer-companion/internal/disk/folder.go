// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peernode/operator/cmd/internal/smallfile"
)

// WriteFolder writes files, of mode 0400, into a folder that it makes, of mode 0700, or that is empty and closed to
// others. All of them are there in the end, or none.
func WriteFolder(folder string, files map[string][]byte) error {
	made, err := prepare(folder)
	if err != nil {
		return err
	}
	var written []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(folder, name)
		if err := Create(path, 0o400, files[name]); err != nil {
			return errors.Join(err, remove(written), removeIf(made, folder))
		}
		written = append(written, path)
	}
	return nil
}

// prepare makes the folder, or sees that it is fit to hold keys.
func prepare(folder string) (made bool, err error) {
	err = os.Mkdir(folder, 0o700)
	if err == nil {
		// A umask can only have taken away too much.
		return true, os.Chmod(folder, 0o700) //nolint:gosec // A folder that cannot be entered is of no use to its owner.
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return false, fmt.Errorf("%s is not a folder", folder)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return false, fmt.Errorf("%s has mode %04o: others could reach the key; run chmod 0700 on it, or name a folder that does not exist", folder, info.Mode().Perm())
	}
	entries, err := os.ReadDir(folder)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty, and nothing in it is ever overwritten; name a folder that is, or that does not exist", folder)
	}
	return false, err
}

func remove(paths []string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(errs...)
}

func removeIf(made bool, folder string) error {
	if !made {
		return nil
	}
	return os.Remove(folder)
}

// maxFiles is far more than a folder of keys has.
const maxFiles = 100

// ReadFolder reads the files of a folder that holds keys, also one of a Secret volume, where they are links. What is
// hidden and what is no file is left out.
func ReadFolder(folder string) (map[string][]byte, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	if len(entries) > maxFiles {
		return nil, fmt.Errorf("%s holds more than %d files; this is no folder of keys", folder, maxFiles)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(e.Name(), ".") || !info.Mode().IsRegular() {
			continue
		}
		if files[e.Name()], err = smallfile.Read(path); err != nil {
			return nil, err
		}
	}
	return files, nil
}
