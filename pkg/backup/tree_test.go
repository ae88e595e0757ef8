// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/backup"
)

func folder(path string) backup.Entry {
	return backup.Entry{Path: []byte(path), Kind: backup.KindFolder, Mode: 0o755}
}

func file(path string, size int64) backup.Entry {
	return backup.Entry{Path: []byte(path), Kind: backup.KindFile, Mode: 0o644, Size: size}
}

func link(path, target string) backup.Entry {
	return backup.Entry{Path: []byte(path), Kind: backup.KindSymlink, Mode: 0o777, Target: []byte(target)}
}

func another(path, target string) backup.Entry {
	return backup.Entry{Path: []byte(path), Kind: backup.KindHardlink, Mode: 0o644, Target: []byte(target)}
}

func chunk(index int64, pieces ...backup.Piece) backup.Chunk {
	return backup.Chunk{Index: index, Pieces: pieces}
}

func piece(block, count uint16) backup.Piece { return backup.Piece{Block: block, Count: count} }

// manifest writes entries and chunks as they come. The writer that refuses them is left out: this is by somebody else.
func manifest(t testing.TB, totals backup.Totals, items ...any) []byte {
	t.Helper()
	out := encode(t, backup.Item{Start: &backup.Start{Salt: backup.Salt{1}}})
	for _, item := range items {
		switch i := item.(type) {
		case backup.Entry:
			out = append(out, encode(t, backup.Item{Entry: &i})...)
		case backup.Chunk:
			out = append(out, encode(t, backup.Item{Chunk: &i})...)
		case []byte:
			out = append(out, i...)
		}
	}
	return append(out, encode(t, backup.Item{End: &totals})...)
}

// readAll reads a manifest to its end, or to what is wrong with it.
func readAll(text []byte) ([]backup.Item, error) {
	m, err := backup.NewManifestReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var out []backup.Item
	for {
		item, err := m.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, item)
	}
}

func TestAManifestThatLeadsOutOfItsTreeIsRefused(t *testing.T) {
	long := strings.Repeat("d/", 1000)
	for name, c := range map[string]struct {
		items []any
		says  string
	}{
		"Nothing at all.":                          {nil, "describes no tree"},
		"No root.":                                 {[]any{file("a", 0)}, "the first entry is not the root"},
		"A root that is a file.":                   {[]any{file(".", 0)}, "the first entry is not the root"},
		"A root that is a link.":                   {[]any{link(".", "/etc")}, "the first entry is not the root"},
		"A second root.":                           {[]any{folder("."), folder(".")}, "leads elsewhere"},
		"The folder above.":                        {[]any{folder("."), file("..", 0)}, "leads elsewhere"},
		"A path through the folder above.":         {[]any{folder("."), folder("a"), file("a/../../b", 0)}, "leads elsewhere"},
		"A path to itself.":                        {[]any{folder("."), folder("a"), file("a/.", 0)}, "leads elsewhere"},
		"An absolute path.":                        {[]any{folder("."), file("/etc/passwd", 0)}, "leads elsewhere"},
		"A path with two slashes.":                 {[]any{folder("."), folder("a"), file("a//b", 0)}, "leads elsewhere"},
		"A path that ends in a slash.":             {[]any{folder("."), folder("a/")}, "leads elsewhere"},
		"An empty path.":                           {[]any{folder("."), file("", 0)}, "no path"},
		"A path with a zero byte.":                 {[]any{folder("."), file("a\x00b", 0)}, "zero byte"},
		"A target with a zero byte.":               {[]any{folder("."), link("a", "b\x00c")}, "zero byte"},
		"A path longer than any.":                  {[]any{folder("."), file(strings.Repeat("a", 70000), 0)}, "too long"},
		"A target longer than any.":                {[]any{folder("."), link("a", strings.Repeat("a", 70000))}, "too long"},
		"A path deeper than any.":                  {[]any{folder("."), file(long+"f", 0)}, "too many folders"},
		"A file that is there twice.":              {[]any{folder("."), file("a", 0), file("a", 0)}, "there twice"},
		"A folder that is there twice.":            {[]any{folder("."), folder("a"), file("a/b", 0), folder("a")}, "there twice"},
		"A link that is a file as well.":           {[]any{folder("."), link("a", "/etc"), file("a", 0)}, "there twice"},
		"Names that are not in their order.":       {[]any{folder("."), file("b", 0), file("a", 0)}, "not in its place"},
		"A folder after what comes after it.":      {[]any{folder("."), folder("a"), file("a.b", 0), file("a/c", 0)}, "not in its place"},
		"What is in no folder.":                    {[]any{folder("."), file("a/b", 0)}, "its folder is not there"},
		"What is in a file.":                       {[]any{folder("."), file("a", 0), file("a/b", 0)}, "its folder is not there"},
		"What is in a symbolic link.":              {[]any{folder("."), link("a", "/etc"), file("a/passwd", 0)}, "its folder is not there"},
		"What is in a link to a folder of it.":     {[]any{folder("."), folder("a"), link("b", "a"), file("b/c", 0)}, "its folder is not there"},
		"What is in a pipe.":                       {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindFIFO}, file("a/b", 0)}, "its folder is not there"},
		"What is in a folder that has ended.":      {[]any{folder("."), folder("a"), folder("b"), file("b/a/c", 0)}, "its folder is not there"},
		"A folder of another name as long.":        {[]any{folder("."), folder("a"), file("b/c", 0)}, "its folder is not there"},
		"Another name of what comes later.":        {[]any{folder("."), another("a", "b"), file("b", 0)}, "does not come before it"},
		"Another name of itself.":                  {[]any{folder("."), another("a", "a")}, "does not come before it"},
		"Another name of the folder above.":        {[]any{folder("."), another("a", "..")}, "does not come before it"},
		"Another name of something outside.":       {[]any{folder("."), another("b", "a/../../c")}, "does not come before it"},
		"Another name of an absolute path.":        {[]any{folder("."), another("b", "/etc/passwd")}, "does not come before it"},
		"A hard link to nothing.":                  {[]any{folder("."), another("a", "")}, "has a target and is no link"},
		"A symbolic link to nothing.":              {[]any{folder("."), link("a", "")}, "has a target and is no link"},
		"A file with a target.":                    {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindFile, Target: []byte("b")}}, "has a target and is no link"},
		"A device.":                                {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: 6}}, "kind 6"},
		"No kind at all.":                          {[]any{folder("."), backup.Entry{Path: []byte("a")}}, "kind 0"},
		"A mode with more than chmod has.":         {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindFile, Mode: 0o100644}}, "mode or time"},
		"A second with too many nanoseconds.":      {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindFile, Nanoseconds: 1e9}}, "mode or time"},
		"A size below nothing.":                    {[]any{folder("."), file("a", -1)}, "size"},
		"A folder with a size.":                    {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindFolder, Size: 1}}, "size"},
		"A link with a size.":                      {[]any{folder("."), backup.Entry{Path: []byte("a"), Kind: backup.KindSymlink, Size: 1, Target: []byte("b")}}, "size"},
		"A chunk of a folder.":                     {[]any{folder("."), chunk(0, piece(0, 1))}, "no file"},
		"A chunk of a link.":                       {[]any{folder("."), file("a", 5), link("b", "a"), chunk(0, piece(0, 1))}, "no file"},
		"A chunk before everything.":               {[]any{chunk(0, piece(0, 1))}, "no file"},
		"A chunk of an empty file.":                {[]any{folder("."), file("a", 0), chunk(0, piece(0, 1))}, "not in its place"},
		"A chunk beyond the file.":                 {[]any{folder("."), file("a", backup.ChunkSize), chunk(1, piece(0, 1))}, "not in its place"},
		"A chunk before the file.":                 {[]any{folder("."), file("a", 5), chunk(-1, piece(0, 1))}, "not in its place"},
		"A chunk twice.":                           {[]any{folder("."), file("a", 5), chunk(0, piece(0, 1)), chunk(0, piece(0, 1))}, "not in its place"},
		"A chunk without pieces.":                  {[]any{folder("."), file("a", 5), chunk(0)}, "without pieces"},
		"A piece without blocks.":                  {[]any{folder("."), file("a", 5), chunk(0, piece(0, 0))}, "overlap"},
		"Pieces that overlap.":                     {[]any{folder("."), file("a", 50000), chunk(0, piece(0, 2), piece(1, 1))}, "overlap"},
		"Pieces that are not in their order.":      {[]any{folder("."), file("a", 50000), chunk(0, piece(2, 1), piece(0, 1))}, "overlap"},
		"A piece that reaches beyond the file.":    {[]any{folder("."), file("a", 5000), chunk(0, piece(1, 2))}, "beyond the file"},
		"A piece of as many blocks as can be said": {[]any{folder("."), file("a", backup.ChunkSize), chunk(0, piece(1, 65535))}, "beyond"},
		"A piece beyond what a frame holds.":       {[]any{folder("."), file("a", backup.ChunkSize), chunk(0, backup.Piece{Count: 2, Offset: 255})}, "beyond what a frame holds"},
		"A piece at an offset that wraps around.":  {[]any{folder("."), file("a", backup.ChunkSize), chunk(0, backup.Piece{Count: 2, Offset: 65535})}, "beyond what a frame holds"},
		"A second beginning.":                      {[]any{folder("."), encode(t, backup.Item{Start: &backup.Start{}})}, "item that is none"},
		"An item of nothing.":                      {[]any{folder("."), encode(t, backup.Item{})}, "item that is none"},
		"An item of two things.":                   {[]any{encode(t, backup.Item{Entry: new(folder(".")), End: &backup.Totals{}})}, "item that is none"},
		"An end in the middle.":                    {[]any{folder("."), encode(t, backup.Item{End: &backup.Totals{Folders: 1}})}, "something follows"},
		"Sums that are others.":                    {[]any{folder("."), file("a", 0)}, "other entries than it says"},
		"Something that is no CBOR.":               {[]any{folder("."), []byte{0xff, 0xff}}, "read the manifest"},
		"More fields than an item has.":            {[]any{folder("."), []byte{0x85, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6}}, "read the manifest"},
		"An array without an end.":                 {[]any{folder("."), []byte{0x9f}}, "read the manifest"},
		"A length that nobody has memory for.":     {[]any{folder("."), []byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, "read the manifest"},
	} {
		if _, err := readAll(manifest(t, backup.Totals{}, c.items...)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestAManifestThatIsCutOffIsRefused(t *testing.T) {
	whole := manifest(t, backup.Totals{Folders: 2, Files: 1, Bytes: 5000, Stored: 5000}, folder("."), folder("a"), file("a/b", 5000), chunk(0, piece(0, 2)))
	if _, err := readAll(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := readAll(whole[:n]); err == nil {
			t.Fatalf("its first %d bytes of %d are taken for all", n, len(whole))
		}
	}
	if _, err := readAll(append(whole, 0)); err == nil {
		t.Error("what follows after its end is not seen")
	}
}

func TestTheWriterRefusesWhatTheReaderWould(t *testing.T) {
	m, err := backup.NewManifestWriter(io.Discard, backup.Salt{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{m.Entry(folder(".")), m.Entry(file("a", 5000)), m.Chunk(chunk(0, piece(0, 2)))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"a path outside": m.Entry(file("../a", 0)), "a file twice": m.Entry(file("a", 0)), "a chunk twice": m.Chunk(chunk(0, piece(0, 1))),
	} {
		if err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

// walk returns paths as a walk of the folders meets them.
func walk(paths []string) []string {
	names := map[string][]string{}
	for _, p := range paths {
		names[path.Dir(p)] = append(names[path.Dir(p)], path.Base(p))
	}
	var out []string
	var in func(folder string)
	in = func(folder string) {
		slices.SortFunc(names[folder], cmp.Compare[string])
		for _, name := range names[folder] {
			out = append(out, path.Join(folder, name))
			in(path.Join(folder, name))
		}
	}
	in(".")
	return out
}

func TestPathsAreOrderedAsAWalkMeetsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	letters := []string{"a", "b", ".", "-", "!", "\x01", "\xff", " ", "a.", "aa", "/"}
	for range 300 {
		all := map[string]bool{}
		for range 1 + r.IntN(40) {
			var made strings.Builder
			for range 1 + r.IntN(6) {
				made.WriteString(letters[r.IntN(len(letters))])
			}
			for p := path.Clean("x" + made.String()); p != "." && !strings.HasPrefix(p, ".."); p = path.Dir(p) {
				all[p] = true
			}
		}
		var paths []string
		for p := range all {
			paths = append(paths, p)
		}
		sorted := slices.Clone(paths)
		slices.SortFunc(sorted, backup.Compare)
		if want := walk(paths); !slices.Equal(sorted, want) {
			t.Fatalf("the order is %q, a walk has %q", sorted, want)
		}
		for i, a := range sorted {
			for j, b := range sorted {
				if got, want := backup.Compare(a, b), cmp.Compare(i, j); (got < 0) != (want < 0) || (got == 0) != (want == 0) {
					t.Fatalf("%q and %q compare as %d", a, b, got)
				}
			}
		}
	}
}
