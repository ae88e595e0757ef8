// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/backup"
)

func label(change ...func(l *backup.Label)) backup.Label {
	l := backup.Label{Namespace: "peers", PeerNode: "alpha", Sequence: 7, Content: backup.ContentBlocks, Number: 2}
	for _, c := range change {
		c(&l)
	}
	return l
}

// segment writes contents as frames.
func segment(t testing.TB, l backup.Label, c backup.Compression, contents ...[]byte) []byte {
	t.Helper()
	packer, err := backup.NewPacker(c)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := backup.NewSegmentWriter(&out, l)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range contents {
		if err := w.Append(packer.Pack(content, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// contents reads a segment to its end, or to what is wrong with it.
func contents(text []byte, l backup.Label) ([][]byte, error) {
	s, err := backup.NewSegmentReader(bytes.NewReader(text), l)
	if err != nil {
		return nil, err
	}
	unpacker, err := backup.NewUnpacker()
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for {
		f, err := s.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		plain, err := unpacker.Unpack(f, nil)
		if err != nil {
			return out, err
		}
		out = append(out, bytes.Clone(plain))
	}
}

func blocks(seed uint64, kind string, n int) []byte {
	out := make([]byte, n)
	switch kind {
	case "noise":
		noise(rand.New(rand.NewPCG(seed, 5)), out)
	case "text":
		copy(out, bytes.Repeat([]byte("the same again and again\n"), n/25+1))
	}
	return out
}

func TestASegmentIsReadAsItWasWritten(t *testing.T) {
	want := [][]byte{
		blocks(1, "noise", backup.ChunkSize), blocks(2, "text", backup.ChunkSize), blocks(3, "noise", 1), blocks(4, "zeros", backup.ChunkSize),
		append(blocks(5, "text", backup.ChunkSize/2), blocks(5, "noise", backup.ChunkSize/2)...), blocks(6, "text", 4097),
	}
	sizes := map[backup.Compression]int{}
	for _, c := range []backup.Compression{backup.CompressFastest, backup.CompressDefault, backup.CompressNone} {
		text := segment(t, label(), c, want...)
		sizes[c] = len(text)
		got, err := contents(text, label())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d frames, %v", c, len(got), err)
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%s: frame %d has other bytes", c, i)
			}
		}
	}
	if plain := sizes[backup.CompressNone]; sizes[backup.CompressFastest] > plain*6/10 || sizes[backup.CompressDefault] > plain*6/10 || plain < 4<<20 {
		t.Errorf("the sizes are %v", sizes)
	}
	if _, err := backup.NewPacker("Best"); err == nil || !strings.Contains(err.Error(), "it is Fastest, Default or None") {
		t.Errorf("a compression that nobody knows: %v", err)
	}
}

// The frame of what does not compress is left as it is, which a release of the library could not change.
func TestTheFormOfASegmentStaysAsItIs(t *testing.T) {
	text := segment(t, label(), backup.CompressNone, blocks(0, "zeros", 10), blocks(0, "text", 100))
	golden(t, "v1.segment", text)
}

func TestASegmentThatStandsInForAnotherIsRefused(t *testing.T) {
	text := segment(t, label(), backup.CompressFastest, blocks(1, "noise", 10))
	for name, c := range map[string]struct {
		change func(l *backup.Label)
		says   string
	}{
		"Of another namespace.": {func(l *backup.Label) { l.Namespace = "others" }, "segment 2 of backup 7 of others/alpha is segment 2 of backup 7 of peers/alpha: somebody has exchanged"},
		"Of another peer.":      {func(l *backup.Label) { l.PeerNode = "beta" }, "somebody has exchanged"},
		"Of another backup.":    {func(l *backup.Label) { l.Sequence = 6 }, "somebody has exchanged"},
		"Of another number.":    {func(l *backup.Label) { l.Number = 1 }, "somebody has exchanged"},
		"As a manifest.":        {func(l *backup.Label) { l.Content = backup.ContentManifest }, "the manifest of backup 7 of peers/alpha is segment 2"},
	} {
		if _, err := contents(text, label(c.change)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	l := label()
	l.Format = "peernode.dev/backup-segment/v2"
	other := encode(t, l)
	other = append(binary.BigEndian.AppendUint32(nil, uint32(len(other))), other...)
	for name, text := range map[string][]byte{"another form": other, "a label that is too long": {0xff, 0xff, 0xff, 0xff}, "no label": {0, 0, 0, 0}, "nothing": nil} {
		if _, err := contents(text, label()); err == nil {
			t.Errorf("%s is taken for a segment", name)
		}
	}
}

func header(encoding byte, a, b uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{encoding}, a), b)
}

func TestFramesThatCannotBeAreRefused(t *testing.T) {
	whole := segment(t, label(), backup.CompressFastest, blocks(1, "text", 5000))
	empty := segment(t, label(), backup.CompressFastest)
	begin := empty[:len(empty)-9]
	packed := whole[len(begin) : len(whole)-9]
	end := header(255, 1, 0)
	bomb := segment(t, label(), backup.CompressFastest, blocks(0, "zeros", backup.ChunkSize))
	bomb = bomb[len(begin) : len(bomb)-9]
	longer := bytes.Clone(packed)
	binary.BigEndian.PutUint32(longer[5:], 5001)
	shorter := bytes.Clone(bomb)
	binary.BigEndian.PutUint32(shorter[5:], 10)
	for name, c := range map[string]struct {
		frames [][]byte
		says   string
	}{
		"No end.":                            {nil, "unexpected EOF"},
		"An end too early.":                  {[][]byte{packed, header(255, 0, 0)}, "has 1 frames and says 0"},
		"An end too late.":                   {[][]byte{packed, header(255, 2, 0)}, "has 1 frames and says 2"},
		"Something after the end.":           {[][]byte{packed, end, {0}}, "something follows"},
		"An encoding that nobody knows.":     {[][]byte{header(2, 1, 1), {0}, end}, "encoding 2"},
		"An empty frame.":                    {[][]byte{header(0, 0, 0), end}, "or empty"},
		"More data than a frame holds.":      {[][]byte{header(0, backup.ChunkSize+1, 1), end}, "larger than any"},
		"A frame that stands for too much.":  {[][]byte{header(1, 1, backup.ChunkSize+1), end}, "larger than any"},
		"A frame that is cut off.":           {[][]byte{header(0, 5, 5), {1, 2}}, "unexpected EOF"},
		"A raw frame of another length.":     {[][]byte{header(0, 1, 2), {0}, end}, "not as long as it says"},
		"A frame that stands for less.":      {[][]byte{longer, end}, "not as long as it says"},
		"A frame that stands for far more.":  {[][]byte{shorter, end}, "not as long as it says"},
		"Something that is not compressed.":  {[][]byte{header(1, 3, 3), {1, 2, 3}, end}, "does not decompress"},
		"A compressed frame with a bit off.": {[][]byte{flip(packed, len(packed)*2/3), end}, ""},
	} {
		got, err := contents(append(bytes.Clone(begin), bytes.Join(c.frames, nil)...), label())
		if err == nil && c.says == "" && bytes.Equal(bytes.Join(got, nil), blocks(1, "text", 5000)) || err == nil && c.says != "" || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	for n := range whole {
		if _, err := contents(whole[:n], label()); err == nil || errors.Is(err, io.EOF) {
			t.Fatalf("its first %d bytes of %d are taken for all: %v", n, len(whole), err)
		}
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 4
	return b
}

func FuzzSegment(f *testing.F) {
	whole := segment(f, label(), backup.CompressFastest, blocks(1, "text", 5000), blocks(2, "noise", 100))
	for _, seed := range [][]byte{whole, whole[:len(whole)/2], nil, flip(whole, 70), {0, 0, 0, 1, 0x80}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := contents(text, label())
		if errors.Is(err, io.EOF) {
			t.Fatal("an end that comes too early is taken for the end")
		}
		for _, content := range got {
			if len(content) > backup.ChunkSize {
				t.Fatalf("a frame of %d bytes", len(content))
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	whole := manifest(f, backup.Totals{Folders: 2, Files: 1, Bytes: 5000, Stored: 5000}, folder("."), folder("a"), file("a/b", 5000), chunk(0, piece(0, 2)))
	for _, seed := range [][]byte{whole, whole[:len(whole)/2], nil, flip(whole, 40), append(whole, whole...)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := readAll(text)
		if errors.Is(err, io.EOF) {
			t.Fatal("an end that comes too early is taken for the end")
		}
		seen := map[string]backup.Kind{}
		for _, item := range items {
			if item.Entry == nil {
				continue
			}
			path := string(item.Entry.Path)
			above, _, nested := cut(path)
			if _, twice := seen[path]; twice || nested && seen[above] != backup.KindFolder || strings.Contains("/"+path+"/", "/../") || strings.HasPrefix(path, "/") {
				t.Fatalf("%q is let through after %v", path, seen)
			}
			seen[path] = item.Entry.Kind
		}
	})
}

func cut(path string) (above, name string, nested bool) {
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return "", path, false
	}
	return path[:at], path[at+1:], true
}

func TestTheFormOfAManifestStaysAsItIs(t *testing.T) {
	var out bytes.Buffer
	m, err := backup.NewManifestWriter(&out, backup.Salt{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	p := backup.Piece{Block: 1, Count: 1, Segment: 300, Frame: 70000, Offset: 2, Digest: backup.Fingerprint{9}}
	e := file("b", 5000)
	e.UID, e.GID, e.Seconds, e.Nanoseconds = 1000, 2000, 1_700_000_000, 123_456_789
	for _, err := range []error{
		m.Entry(folder(".")), m.Entry(folder("a")), m.Entry(link("a/link", "../b")), m.Entry(backup.Entry{Path: []byte("a/pipe"), Kind: backup.KindFIFO, Mode: 0o600}),
		m.Entry(e), m.Chunk(chunk(0, p)), m.Entry(another("c", "b")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	totals, err := m.Close()
	if want := (backup.Totals{Files: 1, Folders: 2, Links: 3, Bytes: 5000, Stored: 904}); err != nil || totals != want {
		t.Errorf("the sums are %+v, %v", totals, err)
	}
	golden(t, "v1.manifest", out.Bytes())
	if items, err := readAll(out.Bytes()); err != nil || len(items) != 7 {
		t.Errorf("%d items, %v", len(items), err)
	}
}
