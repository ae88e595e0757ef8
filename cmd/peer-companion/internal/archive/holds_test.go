// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
)

// varied gives a peer one of everything.
func varied(t *testing.T, p *peer) {
	t.Helper()
	p.file("a/b", 1, 70<<10)
	p.file("c", 2, 3<<20)
	in := func(name string) string { return filepath.Join(p.order.Folder, name) }
	for _, err := range []error{
		os.Symlink("a/b", in("link")), os.Link(in("c"), in("d")), syscall.Mkfifo(in("pipe"), 0o600), os.Mkdir(in("closed"), 0o500),
		os.Truncate(in("a/b"), 5<<20), os.Chmod(p.order.Folder, 0o750), os.Chtimes(p.order.Folder, time.Unix(1, 0), time.Unix(1, 0)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A pod may end just after the restore has, and before anybody has heard of that.
func TestARestoreThatIsDoneMayBeBegunAgain(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	varied(t, p)
	p.must()
	want := tree(t, p.order.Folder)
	touched := func(do func(to string) error) func(to string) error { // at a time that says nothing of it
		return func(to string) error {
			info, err := os.Stat(filepath.Join(to, "c"))
			if err != nil {
				return err
			}
			return first(do(to), os.Chtimes(filepath.Join(to, "c"), info.ModTime(), info.ModTime()))
		}
	}
	for name, c := range map[string]struct {
		change  func(to string) error
		refused bool
	}{
		"Nothing has happened.": {func(string) error { return nil }, false},
		"It ended before the folder itself was dressed.": {func(to string) error {
			return first(os.Chmod(to, 0o700), os.Chtimes(to, time.Now(), time.Now()))
		}, false},
		"A file is another.": {touched(func(to string) error {
			f, err := os.OpenFile(filepath.Join(to, "c"), os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte("x"), 2<<20)
			return first(err, f.Close())
		}), true},
		"A file has grown.":          {touched(func(to string) error { return os.Truncate(filepath.Join(to, "c"), 4<<20) }), true},
		"A file is more.":            {func(to string) error { return os.WriteFile(filepath.Join(to, "e"), nil, 0o600) }, true},
		"A file is gone.":            {func(to string) error { return os.Remove(filepath.Join(to, "a/b")) }, true},
		"A file may be read by all.": {func(to string) error { return os.Chmod(filepath.Join(to, "c"), 0o644) }, true},
		"A link leads elsewhere.": {func(to string) error {
			return first(os.Remove(filepath.Join(to, "link")), os.Symlink("c", filepath.Join(to, "link")))
		}, true},
		"A second name is a file of its own.": {func(to string) error {
			return first(os.Rename(filepath.Join(to, "d"), filepath.Join(to, "x")), os.WriteFile(filepath.Join(to, "d"), nil, 0o600))
		}, true},
		"The peer has run.": {func(to string) error { return os.Chtimes(filepath.Join(to, "c"), time.Now(), time.Now()) }, true},
	} {
		to, err := p.restore(p.Archive, archive.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.change(to); err != nil {
			t.Fatal(err)
		}
		before := tree(t, to)
		err = p.restoreTo(p.Archive, to, archive.Choice{})
		if refused := err != nil && strings.Contains(err.Error(), "it holds data already"); refused != c.refused || !refused && err != nil {
			t.Errorf("%s got %v", name, err)
		}
		after := want
		if c.refused {
			after = before
		}
		if diff := cmp.Diff(after, tree(t, to)); diff != "" {
			t.Errorf("%s (-want +is):\n%s", name, diff)
		}
	}
}

// first is the first error that there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
