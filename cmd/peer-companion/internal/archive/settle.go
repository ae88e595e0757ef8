// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/peernode/operator/pkg/backup"
)

// settle brings what is whole to its place. It may be interrupted, and begun again.
func (r *restorer) settle() error {
	entries, err := fs.ReadDir(r.root.FS(), stagingTree)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a try before may have come as far as that
		return err
	}
	for _, e := range entries {
		if err := r.root.Rename(path.Join(stagingTree, e.Name()), e.Name()); err != nil {
			return err
		}
	}
	if err := r.dress(); err != nil {
		return err
	}
	if err := r.sync(); err != nil {
		return err
	}
	if err := r.root.RemoveAll(staging); err != nil {
		return err
	}
	if err := r.root.Remove(whole); err != nil {
		return err
	}
	return r.dressRoot()
}

// dress gives entries their owner, mode and time, what is inside of a folder before the folder. A try before may have
// closed some already.
func (r *restorer) dress() error {
	for _, e := range r.entries {
		if name := string(e.Path); e.Kind == backup.KindFolder && name != backup.Root {
			if err := r.root.Chmod(name, 0o700); err != nil {
				return about(name, err)
			}
		}
	}
	for _, e := range slices.Backward(r.entries[1:]) { // the first is the root
		if err := r.dressOne(string(e.Path), e); err != nil {
			return about(string(e.Path), err)
		}
	}
	if r.disowned > 0 {
		r.Tell(fmt.Sprintf("%d entries belong to user %d now, since only root may give them away", r.disowned, os.Geteuid()))
	}
	return nil
}

func (r *restorer) dressOne(name string, e backup.Entry) error {
	err := r.root.Lchown(name, int(e.UID), int(e.GID))
	if errors.Is(err, fs.ErrPermission) {
		r.disowned++
		err = nil
	}
	if err != nil {
		return err
	}
	if e.Kind != backup.KindSymlink {
		if err := r.root.Chmod(name, mode(e.Mode)); err != nil {
			return err
		}
	}
	return r.setTime(name, e)
}

// setTime works on links as well, which os.Root.Chtimes follows.
func (r *restorer) setTime(name string, e backup.Entry) error {
	folder, err := r.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()
	at := unix.Timespec{Sec: e.Seconds, Nsec: int64(e.Nanoseconds)}
	return unix.UtimesNanoAt(int(folder.Fd()), path.Base(name), []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW)
}

// mode is what chmod takes in the words of package fs.
func mode(bits uint32) fs.FileMode {
	m := fs.FileMode(bits & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{unix.S_ISUID: fs.ModeSetuid, unix.S_ISGID: fs.ModeSetgid, unix.S_ISVTX: fs.ModeSticky} {
		if bits&bit != 0 {
			m |= flag
		}
	}
	return m
}

// dressRoot is the last, since all that is done in it changes its time. The root of a volume may be somebody else's, and
// stays as it is then.
func (r *restorer) dressRoot() error {
	err := r.dressOne(backup.Root, r.entries[0])
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
