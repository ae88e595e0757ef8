// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/pkg/backup"
)

// Whoever has a peer's volume can write a state that says what he likes of where blocks lie. He has no signing key.
func TestAStateThatSomebodyHasMadeUpSpoilsNoBackup(t *testing.T) {
	for name, pieces := range map[string][]backup.Piece{
		"Pieces as they are.":                         {{Count: 13}},
		"Pieces that overlap.":                        {{Count: 5}, {Block: 2, Count: 5}},
		"A piece of a segment that is not there.":     {{Count: 5, Segment: 4000}},
		"A piece of a frame that is not there.":       {{Count: 5, Frame: 4000}},
		"A piece at an offset that no frame has.":     {{Count: 5, Offset: 65530}},
		"A piece that lies elsewhere in the frame.":   {{Count: 5, Offset: 2}},
		"A piece of more blocks than a chunk has.":    {{Count: 65535}},
		"A piece that begins where no block is.":      {{Block: 65535, Count: 65535}},
		"Pieces of every block, twice in their order": {{Count: 10}, {Count: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			p := newPeer(t, m, "alpha")
			p.file("a", 1, 50<<10)
			p.must()
			before := tree(t, p.order.Folder)
			p.spoil(pieces)
			p.file("b", 2, 50<<10)
			if w := p.must(); !w.Full() {
				t.Errorf("it goes on from %+v", w.Parent)
			}
			p.exact()
			to, err := p.restore(p.Archive, archive.Choice{Sequence: 1})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, tree(t, to)); diff != "" {
				t.Errorf("the backup before (-was +is):\n%s", diff)
			}
		})
	}
}

// spoil writes a state that says of the first file that nothing has changed, and that it lies in these pieces.
func (p *peer) spoil(pieces []backup.Piece) {
	p.Helper()
	text, err := os.ReadFile(p.order.State)
	if err != nil {
		p.Fatal(err)
	}
	basis, was, err := backup.OpenState(bytes.NewReader(text), int64(len(text)), p.order.StateKey)
	if err != nil {
		p.Fatal(err)
	}
	known, err := was.Chunk("a", 0)
	if err != nil || len(known.Blocks) == 0 {
		p.Fatalf("%v, %v", known, err)
	}
	known.Pieces = pieces
	var out bytes.Buffer
	private, _, err := backup.NewSigningKey(rand.Reader, "peers", "alpha")
	if err != nil {
		p.Fatal(err)
	}
	his, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		p.Fatal(err)
	}
	s := backup.NewStateWriter(&out, his.StateKey())
	s.File([]byte("a"))
	if err := s.Chunk(0, known); err != nil {
		p.Fatal(err)
	}
	if err := s.Close(basis); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.order.State, out.Bytes(), 0o600); err != nil {
		p.Fatal(err)
	}
}

// An old state is a true one: what it says lies there still.
func TestAStateThatIsOldIsGoneOnFrom(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 50<<10)
	p.must()
	old, err := os.ReadFile(p.order.State)
	if err != nil {
		t.Fatal(err)
	}
	p.file("a", 2, 50<<10)
	p.must()
	if err := os.WriteFile(p.order.State, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if w := p.must(); w.Sequence != 3 || w.Parent == nil || w.Parent.Sequence != 1 {
		t.Errorf("backup %d goes on from %+v", w.Sequence, w.Parent)
	}
	p.exact()
}

// A peer whose key was stolen can sign what it likes. What it signs may be nonsense and must not do harm.
func TestAManifestOfThePeerItselfStaysInsideOfTheFolder(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 50<<10)
	p.must()
	text := string(m.objects["berlin/backups/peers/alpha/"+backup.RecordName(1)])
	if !strings.Contains(text, `"sequence": 1`) {
		t.Fatal(text)
	}
	for name, c := range map[string]struct {
		entries []backup.Entry
		says    string
	}{
		"What this program keeps for itself.": {[]backup.Entry{{Path: []byte(".peernode-restore"), Kind: backup.KindFolder}}, "does not fit"},
		"A mark that says that all is there.": {[]backup.Entry{{Path: []byte(".peernode-restore-whole"), Kind: backup.KindFile}}, "does not fit"},
		"A file larger than any disk.":        {[]backup.Entry{{Path: []byte("a"), Kind: backup.KindFile, Size: 1 << 62}}, `"a": `},
		"A hard link to nothing.":             {[]backup.Entry{{Path: []byte("b"), Kind: backup.KindHardlink, Target: []byte("a")}}, `"b": `},
	} {
		t.Run(name, func(t *testing.T) {
			mine := m.copied()
			a := in(p.Archive, mine.serve(t))
			to := t.TempDir()
			p.forge(mine, c.entries)
			if err := p.restoreTo(a, to, archive.Choice{Sequence: 2}); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			empty(t, to)
		})
	}
}

// forge puts a backup 2 there that the peer has signed, with a manifest of these entries.
func (p *peer) forge(m *memory, entries []backup.Entry) {
	p.Helper()
	found, err := p.Record(p.Context(), 1)
	if err != nil {
		p.Fatal(err)
	}
	r := found.Record
	r.Sequence, r.Base, r.Segments = 2, 2, nil
	var manifest bytes.Buffer
	w, err := backup.NewManifestWriter(&manifest, backup.Salt{})
	if err == nil {
		err = w.Entry(backup.Entry{Path: []byte(backup.Root), Kind: backup.KindFolder, Mode: 0o755})
	}
	for _, e := range entries {
		if err == nil {
			err = w.Entry(e)
		}
	}
	if err != nil {
		p.Fatal(err)
	}
	totals, err := w.Close()
	if err != nil {
		p.Fatal(err)
	}
	sealed := sealedTo(p.order.Recipients, r.ManifestLabel(), manifest.Bytes())
	r.Manifest.Name = strings.Repeat("m", 26)
	r.Manifest.Size, r.Manifest.Digest, r.Tree = int64(len(sealed)), digestOf(sealed), totals.Info()
	text, err := p.order.Notary.Sign(p.Context(), r)
	if err != nil {
		p.Fatal(err)
	}
	m.objects[data(r.Manifest.Name)], m.objects["berlin/backups/peers/alpha/"+backup.RecordName(2)] = sealed, text
}
