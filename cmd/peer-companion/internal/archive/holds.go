// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/peernode/operator/pkg/backup"
)

// errOther says that a folder holds something else than the backup.
var errOther = errors.New("it is not what the backup holds")

// holds says whether the folder is what a restore of the backup leaves: nobody has heard of one that ended just before
// its pod did, and it is begun again. Nothing is changed but the folder itself, which is dressed last.
func (r *restorer) holds(ctx context.Context) (bool, error) {
	there := map[string]backup.Entry{}
	t := &tree{root: r.root, links: map[[2]uint64]string{}, tell: func(string) {}}
	err := t.walk(func(e backup.Entry, _ *syscall.Stat_t) error {
		there[string(e.Path)] = e
		return nil
	})
	if err != nil {
		return false, err
	}
	r.tree = r.root
	r.layout, err = r.readManifest(ctx, r.record.Record, r.Openers, func(e backup.Entry) error {
		is, ok := there[string(e.Path)]
		if !ok || !same(is, e) {
			return errOther
		}
		delete(there, string(e.Path))
		return r.remember(e)
	})
	if err == nil && len(there) > 0 {
		err = errOther
	}
	if err == nil {
		err = r.compare(ctx)
	}
	if errors.Is(err, errOther) || errors.Is(err, errNotWritten) {
		return false, nil
	}
	return err == nil, err
}

// same compares an entry with what a restore makes of it: only root may give files away, and the root of the tree gets
// its mode and time last.
func same(is, want backup.Entry) bool {
	if string(want.Path) == backup.Root {
		return is.Kind == want.Kind
	}
	if os.Geteuid() != 0 {
		is.UID, is.GID = want.UID, want.GID
	}
	return is.Kind == want.Kind && is.Mode == want.Mode && is.UID == want.UID && is.GID == want.GID && is.Size == want.Size &&
		is.Seconds == want.Seconds && is.Nanoseconds == want.Nanoseconds && string(is.Target) == string(want.Target)
}
