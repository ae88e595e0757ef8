// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"errors"
	"io/fs"
	"os"
)

// Suffixes of what a run that was interrupted may leave beside a folder.
const (
	suffixNew = ".new"
	suffixOld = ".old"
)

// ReplaceFolder writes files, of mode 0400, into a folder of mode 0700, in the place of whatever was there: an init
// container runs again after a restart of its node. What is there at any moment is all of the old, all of the new, or
// nothing.
func ReplaceFolder(folder string, files map[string][]byte) error {
	fresh, old := folder+suffixNew, folder+suffixOld
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(old)); err != nil {
		return err
	}
	if err := WriteFolder(fresh, files); err != nil {
		return err
	}
	if err := os.Rename(folder, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	if err := os.Rename(fresh, folder); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	return os.RemoveAll(old)
}
