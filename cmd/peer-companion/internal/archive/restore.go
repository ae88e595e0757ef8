// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/seal"
)

// Names in the folder into which is restored, while that goes on.
const (
	staging = reserved + "restore"
	// stagingTree is where everything is put first.
	stagingTree = staging + "/tree"
	// whole says of which backup it is when it is all there and right. Only then does anything come to its place, and
	// only then does this one go.
	whole = reserved + "restore-whole"
)

// Restoration is a restore that is wanted.
type Restoration struct {
	// Folder has to be there, and to be empty.
	Folder   string
	Openers  []seal.Opener
	Workers  int
	Progress *Progress
	Tell     func(string)
}

// Restore puts the data of a backup into an empty folder. Whatever goes wrong before all of it was read, opened and
// compared with what was once read from the disk, the folder stays empty. A restore that was interrupted is taken up by
// the next one of the same backup, and one that was done is left as it is.
func (a Archive) Restore(ctx context.Context, t backup.Trusted, o Restoration) (backup.TreeInfo, error) {
	root, err := os.OpenRoot(o.Folder)
	if err != nil {
		return t.Tree, err
	}
	defer root.Close()
	r := &restorer{Archive: a, Restoration: o, record: t, root: root}
	filled, err := r.prepare()
	if errors.Is(err, errHoldsData) {
		if there, other := r.holds(ctx); there {
			o.Tell(fmt.Sprintf("%s holds backup %d already, just as it was restored", o.Folder, t.Sequence))
			return t.Tree, r.dressRoot()
		} else if other != nil {
			err = errors.Join(err, fmt.Errorf("whether that is this backup cannot be said: %w", other))
		}
	}
	if err != nil {
		return t.Tree, fmt.Errorf("restore into %s: %w", o.Folder, err)
	}
	if filled {
		_, err = r.readManifest(ctx, t.Record, o.Openers, r.remember)
	} else if err = r.fill(ctx); err != nil {
		err = errors.Join(err, root.RemoveAll(staging))
	}
	if err != nil {
		return t.Tree, err
	}
	if err := r.settle(); err != nil {
		return t.Tree, fmt.Errorf("bring what was restored to its place in %s: %w", o.Folder, err)
	}
	return t.Tree, nil
}

type restorer struct {
	Archive
	Restoration

	record backup.Trusted
	root   *os.Root
	// tree is the folder in which the tree is built.
	tree   *os.Root
	layout *layout
	// entries are those that get their owner, mode and time when they are in their place.
	entries  []backup.Entry
	disowned int
}

var errHoldsData = errors.New("it holds data already")

// prepare looks at the folder. It says true if all is there from an earlier try.
func (r *restorer) prepare() (filled bool, err error) {
	of, err := r.root.ReadFile(whole)
	if err == nil {
		if string(of) != r.record.SHA256.String() {
			return false, errors.New("another backup is half moved into it; restore that one again, or empty the folder")
		}
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	entries, err := fs.ReadDir(r.root.FS(), backup.Root)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if name := e.Name(); name != staging && name != lostAndFound {
			return false, fmt.Errorf("%w (%q), and nothing is ever written over; restore into an empty folder", errHoldsData, name)
		}
	}
	return false, r.root.RemoveAll(staging)
}

// fill builds the tree in a folder of its own.
func (r *restorer) fill(ctx context.Context) (err error) {
	if err := r.root.MkdirAll(stagingTree, 0o700); err != nil {
		return err
	}
	if r.tree, err = r.root.OpenRoot(stagingTree); err != nil {
		return err
	}
	defer r.tree.Close()
	if r.layout, err = r.readManifest(ctx, r.record.Record, r.Openers, r.enter); err != nil {
		return err
	}
	if err := r.content(ctx); err != nil {
		return err
	}
	if err := r.compare(ctx); err != nil {
		return err
	}
	if err := r.sync(); err != nil {
		return err
	}
	return r.markWhole()
}

// markWhole writes the mark beside first: half of one would be that of another backup.
func (r *restorer) markWhole() error {
	f, err := r.root.OpenFile(staging+"/whole", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(r.record.SHA256.String())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return r.root.Rename(staging+"/whole", whole)
}

// enter makes an entry, which is nobody else's to read yet.
func (r *restorer) enter(e backup.Entry) error {
	name := string(e.Path)
	if strings.HasPrefix(name, reserved) {
		return about(name, errTampered)
	}
	if name != backup.Root {
		if err := r.make(name, e); err != nil {
			return about(name, err)
		}
	}
	return r.remember(e)
}

// remember keeps an entry for later. Another name of a file is the same file.
func (r *restorer) remember(e backup.Entry) error {
	if e.Kind != backup.KindHardlink {
		r.entries = append(r.entries, e)
	}
	return nil
}

func (r *restorer) make(name string, e backup.Entry) error {
	switch e.Kind {
	case backup.KindFolder:
		return r.tree.Mkdir(name, 0o700)
	case backup.KindFile:
		f, err := r.tree.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(f.Truncate(e.Size), f.Close())
	case backup.KindSymlink:
		return r.tree.Symlink(string(e.Target), name)
	case backup.KindHardlink:
		return r.tree.Link(string(e.Target), name)
	default:
		return r.fifo(name)
	}
}

// fifo makes a pipe, for which os.Root has no call: by way of the descriptor of the folder.
func (r *restorer) fifo(name string) error {
	folder, err := r.tree.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer folder.Close()
	return unix.Mknodat(int(folder.Fd()), path.Base(name), unix.S_IFIFO|0o600, 0)
}

// content fetches all blocks.
func (r *restorer) content(ctx context.Context) error {
	r.Progress.begin(PhaseRestoring, r.layout.bytes(func(uint32) bool { return true }))
	f := &fetch{
		Archive: r.Archive, record: r.record.Record, layout: r.layout, openers: r.Openers, workers: r.Workers, progress: r.Progress,
		sink: r.put, later: true, // by compare, on the disk
	}
	pieces := r.layout.bySegment(len(r.record.Segments))
	for i, s := range r.record.Segments {
		if len(pieces[i]) == 0 {
			continue
		}
		if err := f.segment(ctx, s, pieces[i]); err != nil {
			return err
		}
	}
	return nil
}

// put writes a piece to its place.
func (r *restorer) put(p piece, content []byte) error {
	name := r.layout.files[p.file]
	f, err := r.tree.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return about(name, err)
	}
	_, err = f.WriteAt(content, p.chunk*backup.ChunkSize+int64(p.Block)*backup.BlockSize)
	if err := errors.Join(err, f.Close()); err != nil {
		return about(name, err)
	}
	return nil
}

// sync brings everything to the disk, before anything says that it is there.
func (r *restorer) sync() error {
	f, err := r.root.Open(backup.Root)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
