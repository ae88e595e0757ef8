// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Kind is what an entry of a tree is.
type Kind uint8

// The kinds. Their numbers are part of the form.
const (
	KindFolder   Kind = 1
	KindFile     Kind = 2
	KindSymlink  Kind = 3
	KindHardlink Kind = 4
	KindFIFO     Kind = 5
)

// Entry is one of a tree.
type Entry struct {
	_ struct{} `cbor:",toarray"`
	// Path is from the root of the tree, which is the one that is called ".". It may hold any bytes but zero.
	Path []byte
	Kind Kind
	// Mode is permissions, setuid, setgid and sticky, as in chmod.
	Mode uint32
	// UID and GID are the owner.
	UID, GID uint32
	// Seconds and Nanoseconds are when it was last modified, since 1970.
	Seconds     int64
	Nanoseconds uint32
	// Size of a file, in bytes.
	Size int64
	// Target is where a symbolic link leads, or the path of the file that a hard link is another name of.
	Target []byte
}

const (
	// Root is the path of the root.
	Root = "."
	// maxPath and maxDepth are more than Linux allows in one call, and than anybody has.
	maxPath  = 64 << 10
	maxDepth = 1000
)

func (e Entry) validate() error {
	switch {
	case len(e.Path) == 0 || len(e.Path) > maxPath || len(e.Target) > maxPath:
		return errors.New("it has no path, or one that is too long")
	case bytes.IndexByte(e.Path, 0) >= 0 || bytes.IndexByte(e.Target, 0) >= 0:
		return errors.New("a name has a zero byte")
	case e.Mode&^0o7777 != 0 || e.Nanoseconds >= 1e9:
		return errors.New("its mode or time is none")
	case e.Kind < KindFolder || e.Kind > KindFIFO:
		return fmt.Errorf("it is of kind %d, which is not known", e.Kind)
	case e.Size < 0 || e.Kind != KindFile && e.Size != 0:
		return errors.New("it has a size that it cannot have")
	case (e.Kind == KindSymlink || e.Kind == KindHardlink) != (len(e.Target) > 0):
		return errors.New("it has a target and is no link, or the other way round")
	}
	return nil
}

// tree knows where in a tree a manifest is: what it lets through can be built from the root on, inside of it.
type tree struct {
	// open are the folders around the last entry, from the root on.
	open []string
	// last is the path of the last entry, and file that entry if it was a file, with the number of its next chunk.
	last  string
	begun bool
	file  Entry
	next  int64
}

// enter takes the next entry.
func (t *tree) enter(e Entry) error {
	if err := e.validate(); err != nil {
		return fmt.Errorf("entry %q: %w", e.Path, err)
	}
	path := string(e.Path)
	if !t.begun {
		if path != Root || e.Kind != KindFolder {
			return errors.New("the first entry is not the root")
		}
		t.begun = true
		return nil
	}
	if err := t.place(path); err != nil {
		return fmt.Errorf("entry %q: %w", e.Path, err)
	}
	if e.Kind == KindHardlink && (!leadsInside(string(e.Target)) || Compare(string(e.Target), path) >= 0) {
		return fmt.Errorf("entry %q: it is another name of something that does not come before it", e.Path)
	}
	t.last, t.file, t.next = path, Entry{}, 0
	switch e.Kind {
	case KindFolder:
		t.open = append(t.open, path)
	case KindFile:
		t.file = e
	default:
	}
	return nil
}

// leadsInside says whether a path goes from folder to folder, and never up or nowhere.
func leadsInside(path string) bool {
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	return true
}

// place asks whether a path comes after the last one, in a folder that is there.
func (t *tree) place(path string) error {
	if !leadsInside(path) {
		return errors.New("its path leads elsewhere")
	}
	names := strings.Split(path, "/")
	if len(names) > maxDepth {
		return errors.New("its path has too many folders")
	}
	if Compare(t.last, path) >= 0 {
		return errors.New("it is not in its place, or is there twice")
	}
	if len(names)-1 > len(t.open) {
		return errors.New("its folder is not there")
	}
	t.open = t.open[:len(names)-1]
	if parent, _, nested := cutLast(path); nested && t.open[len(t.open)-1] != parent {
		return errors.New("its folder is not there")
	}
	return nil
}

// chunk takes the next chunk of the file that was entered last.
func (t *tree) chunk(c Chunk) error {
	if t.file.Kind != KindFile {
		return errors.New("the manifest has a chunk of something that is no file")
	}
	if c.Index < t.next || c.Index >= Chunks(t.file.Size) {
		return fmt.Errorf("file %q: chunk %d is not in its place", t.file.Path, c.Index)
	}
	if err := c.validate(ChunkLength(t.file.Size, c.Index)); err != nil {
		return fmt.Errorf("file %q: chunk %d: %w", t.file.Path, c.Index, err)
	}
	t.next = c.Index + 1
	return nil
}

func cutLast(path string) (folder, name string, nested bool) {
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return "", path, false
	}
	return path[:at], path[at+1:], true
}

// Compare orders paths as a walk meets them: a folder, then what is in it, then what comes after it by the bytes of its
// name.
func Compare(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			return rank(a[i]) - rank(b[i])
		}
	}
	return len(a) - len(b)
}

// rank puts the end of a name before all that it can go on with.
func rank(c byte) int {
	if c == '/' {
		return -1
	}
	return int(c)
}
