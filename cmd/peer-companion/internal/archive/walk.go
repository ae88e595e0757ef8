// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/peernode/operator/pkg/backup"
)

// reserved is how the names in the root of a volume begin that are this program's own.
const reserved = ".peernode-"

// lostAndFound is made with a file system, belongs to root, and is none of a peer's data.
const lostAndFound = "lost+found"

// ErrChanged says that data did not stay as they were while they were copied.
var ErrChanged = errors.New("it changed while it was copied; copy while the peer is stopped, or leave it out if it is not needed")

// tree is a folder that is copied. Whatever a peer does in it meanwhile, nothing outside of it is read.
type tree struct {
	root    *os.Root
	exclude []string
	// links are the paths of files that have several names, by device and number.
	links map[[2]uint64]string
	// tell says what is left out.
	tell func(string)
}

// visitor takes the entries in the order of backup.Compare.
type visitor func(e backup.Entry, info *syscall.Stat_t) error

func (t *tree) walk(visit visitor) error {
	info, err := t.root.Lstat(backup.Root)
	if err != nil {
		return err
	}
	stat, _ := info.Sys().(*syscall.Stat_t)
	if err := visit(entry(backup.Root, info, stat), stat); err != nil {
		return err
	}
	return t.folder(backup.Root, visit)
}

func (t *tree) folder(folder string, visit visitor) error {
	names, err := t.names(folder)
	if err != nil {
		return about(folder, err)
	}
	for _, name := range names {
		if err := t.one(path.Join(folder, name), visit); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) names(folder string) ([]string, error) {
	f, err := t.root.OpenFile(folder, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return folder == backup.Root && (strings.HasPrefix(name, reserved) || name == lostAndFound) || t.excluded(path.Join(folder, name))
	})
	slices.SortFunc(names, cmp.Compare[string])
	return names, nil
}

// excluded says whether one of the patterns is that of the path, or of its last part where the pattern has no slash.
func (t *tree) excluded(name string) bool {
	return slices.ContainsFunc(t.exclude, func(pattern string) bool {
		subject := name
		if !strings.Contains(pattern, "/") {
			subject = path.Base(name)
		}
		matches, err := path.Match(pattern, subject)
		return err == nil && matches
	})
}

func (t *tree) one(name string, visit visitor) error {
	info, err := t.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrChanged
	}
	if err != nil {
		return about(name, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return about(name, errors.New("the file system does not say enough about it"))
	}
	e := entry(name, info, stat)
	switch info.Mode().Type() {
	case fs.ModeDir:
		if err := visit(e, stat); err != nil {
			return err
		}
		return t.folder(name, visit)
	case fs.ModeSymlink:
		target, err := t.root.Readlink(name)
		if err != nil {
			return about(name, err)
		}
		e.Target = []byte(target)
	case 0:
		t.link(&e, stat)
	case fs.ModeNamedPipe:
	default:
		t.tell(fmt.Sprintf("left out %q: sockets and devices are not copied", name))
		return nil
	}
	return visit(e, stat)
}

// link makes an entry another name of a file that was met before.
func (t *tree) link(e *backup.Entry, stat *syscall.Stat_t) {
	if stat.Nlink < 2 {
		return
	}
	inode := [2]uint64{stat.Dev, stat.Ino}
	if first, ok := t.links[inode]; ok {
		e.Kind, e.Size, e.Target = backup.KindHardlink, 0, []byte(first)
		return
	}
	t.links[inode] = string(e.Path)
}

// entry is what is to be said of a file, but for where a link leads.
func entry(name string, info fs.FileInfo, stat *syscall.Stat_t) backup.Entry {
	kinds := map[fs.FileMode]backup.Kind{
		fs.ModeDir: backup.KindFolder, 0: backup.KindFile, fs.ModeSymlink: backup.KindSymlink, fs.ModeNamedPipe: backup.KindFIFO,
	}
	e := backup.Entry{
		Path: []byte(name), Kind: kinds[info.Mode().Type()], Mode: stat.Mode & 0o7777, UID: stat.Uid, GID: stat.Gid,
		Seconds: stat.Mtim.Sec, Nanoseconds: uint32(stat.Mtim.Nsec), //nolint:gosec // the kernel keeps it below 1e9
	}
	if e.Kind == backup.KindFile {
		e.Size = info.Size()
	}
	return e
}

func about(name string, err error) error { return fmt.Errorf("%q: %w", name, bare(err)) }

// bare leaves out the path that an error names a second time.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
