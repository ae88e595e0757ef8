// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/peernode/operator/pkg/backup"
)

// stateFile is what the next backup needs to know, while this one is written. The file of the last one stays as it is
// until this one is good.
type stateFile struct {
	*backup.StateWriter

	path   string
	file   *os.File
	buffer *bufio.Writer
}

// CheckState refuses a state that would be copied with the data, while it is written.
func (o Order) CheckState() error {
	if o.State == "" {
		return nil
	}
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return err
	}
	state, err := filepath.Abs(o.State)
	if err != nil {
		return err
	}
	in, err := filepath.Rel(folder, state)
	if err == nil && filepath.IsLocal(in) && !strings.HasPrefix(in, reserved) {
		return fmt.Errorf("it lies in the folder that is copied, so its name there has to begin with %s, which is left out", reserved)
	}
	return nil
}

func newState(path string, key backup.StateKey) (*stateFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriterSize(f, 1<<20)
	return &stateFile{backup.NewStateWriter(buffer, key), path, f, buffer}, nil
}

// begin begins a file of the tree. Without a state nothing is kept.
func (s *stateFile) begin(path []byte) {
	if s != nil {
		s.File(path)
	}
}

func (s *stateFile) chunk(index int64, k backup.Known) error {
	if s == nil {
		return nil
	}
	return s.Chunk(index, k)
}

// end writes the basis, and leaves the file beside that of the last backup.
func (s *stateFile) end(b backup.Basis) error {
	if s == nil {
		return nil
	}
	err := errors.Join(s.Close(b), s.buffer.Flush(), s.file.Sync(), s.file.Close())
	s.file = nil
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	return nil
}

// accept puts it in the place of that of the last backup.
func (s *stateFile) accept() error {
	if s == nil {
		return nil
	}
	return os.Rename(s.path+".new", s.path)
}

// discard removes what came to nothing.
func (s *stateFile) discard() {
	if s == nil {
		return
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	_ = os.Remove(s.path + ".new")
}

// forget removes that of the last backup, so that the next one is a full one.
func (s *stateFile) forget() error {
	if s == nil {
		return nil
	}
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the state: %w", err)
	}
	return nil
}

// readState reads that of the last backup. It stays open until the program ends.
func readState(path string, key backup.StateKey) (backup.Basis, *backup.StateReader, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return backup.Basis{}, nil, errors.New("nothing is known of an earlier one")
	}
	if err != nil {
		return backup.Basis{}, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return backup.Basis{}, nil, err
	}
	basis, reader, err := backup.OpenState(f, info.Size(), key)
	if err != nil {
		return basis, nil, errors.Join(err, f.Close())
	}
	return basis, reader, nil
}
