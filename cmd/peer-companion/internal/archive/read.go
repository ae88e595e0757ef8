// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/peernode/operator/pkg/backup"
)

// file is one that is being copied.
type file struct {
	*os.File

	stat syscall.Stat_t
	size int64
	// data is where the next byte is that no hole covers, as far as is known.
	data int64
}

// open opens a file that was met as this, and nothing that has taken its place. A pipe there would not hold it up.
func (t *tree) open(name string, met *syscall.Stat_t) (*file, error) {
	f, err := t.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil, about(name, ErrChanged)
	}
	if err != nil {
		return nil, about(name, err)
	}
	opened := &file{File: f, size: met.Size, data: -1}
	if err := opened.same(met); err != nil {
		return nil, errors.Join(about(name, err), f.Close())
	}
	return opened, nil
}

// same asks whether it is still as it was.
func (f *file) same(was *syscall.Stat_t) error {
	if err := syscall.Fstat(int(f.Fd()), &f.stat); err != nil {
		return err
	}
	now := f.stat
	if now.Dev != was.Dev || now.Ino != was.Ino || now.Mode != was.Mode || now.Size != was.Size || now.Mtim != was.Mtim || now.Ctim != was.Ctim {
		return ErrChanged
	}
	return nil
}

// chunk reads one into a buffer, and says false for one that lies in a hole.
func (f *file) chunk(index int64, into []byte) ([]byte, bool, error) {
	from, into := index*backup.ChunkSize, into[:backup.ChunkLength(f.size, index)]
	if hole := f.hole(from); hole >= from+int64(len(into)) {
		return nil, false, nil
	}
	_, err := f.ReadAt(into, from)
	if errors.Is(err, io.EOF) {
		err = ErrChanged
	}
	return into, true, err
}

// hole says where the hole ends in which a place is, if it is in one. A file system that knows no holes has none.
func (f *file) hole(from int64) int64 {
	if f.data >= from {
		return f.data
	}
	at, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		f.data = f.size
	case err != nil:
		f.data = from
	default:
		f.data = at
	}
	return f.data
}
