// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// TrialRestore restores what was written for a backup into the folder backup.FolderTrial in another one, with the key that
// was made for the backup. What an earlier trial has left there goes first.
func (w Written) TrialRestore(ctx context.Context, a Archive, o Restoration) error {
	if w.Base != w.Sequence {
		return fmt.Errorf("backup %d goes on from others, whose keys were forgotten; only a full one can be restored on trial", w.Sequence)
	}
	there, err := w.there(ctx, a)
	if err != nil {
		return err
	}
	o.Folder, o.Openers = filepath.Join(o.Folder, backup.FolderTrial), []seal.Opener{w.opener}
	if err := os.RemoveAll(o.Folder); err != nil {
		return fmt.Errorf("remove what an earlier trial has left: %w", err)
	}
	if err := os.Mkdir(o.Folder, 0o700); err != nil {
		return err
	}
	_, err = a.Restore(ctx, there, o)
	return err
}
