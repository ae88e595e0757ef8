// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
)

// store is a bucket of frames, by segment and frame.
type store struct {
	frames map[[2]uint32][]byte
}

// keep stores what has changed of a chunk as one frame, as a backup does, and returns what is known of it then.
func (s *store) keep(p *backup.Printer, known backup.Known, chunk []byte, segment, frame uint32) backup.Known {
	now := p.Blocks(chunk)
	fresh, pieces := p.Changes(known, now)
	var blocks []byte
	for i := range fresh {
		from, to := fresh[i].Bytes(len(chunk))
		blocks = append(blocks, chunk[from:to]...)
		fresh[i].Segment, fresh[i].Frame = segment, frame
	}
	s.frames[[2]uint32{segment, frame}] = blocks
	pieces = append(pieces, fresh...)
	backup.SortPieces(pieces)
	return backup.Known{Pieces: pieces, Blocks: now}
}

// get puts a chunk together again.
func (s *store) get(t *testing.T, p *backup.Printer, k backup.Known, length int) []byte {
	t.Helper()
	chunk := make([]byte, length)
	for _, piece := range k.Pieces {
		from, to := piece.Bytes(length)
		at := int(piece.Offset) * backup.BlockSize
		content := s.frames[[2]uint32{piece.Segment, piece.Frame}][at : at+to-from]
		if p.Digest(p.Blocks(content)) != piece.Digest {
			t.Fatalf("piece %+v lies elsewhere", piece)
		}
		copy(chunk[from:to], content)
	}
	return chunk
}

// edit changes a chunk as peers do: blocks, parts of blocks, zeros, a longer or a shorter end.
func edit(r *rand.Rand, chunk []byte) []byte {
	chunk = slices.Clone(chunk)
	for range r.IntN(6) {
		switch from := r.IntN(len(chunk)); r.IntN(5) {
		case 0:
			chunk[from]++
		case 1:
			noise(r, chunk[from:min(len(chunk), from+r.IntN(40*backup.BlockSize)+1)])
		case 2:
			clear(chunk[from:min(len(chunk), from+r.IntN(40*backup.BlockSize)+1)])
		case 3:
			chunk = chunk[:max(1, from)]
		case 4:
			more := make([]byte, min(backup.ChunkSize-len(chunk), r.IntN(20*backup.BlockSize)))
			if r.IntN(2) == 0 {
				noise(r, more)
			}
			chunk = append(chunk, more...)
		}
	}
	return chunk
}

func noise(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

func TestWhatIncrementsStoreIsPutTogetherAgain(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := backup.NewPrinter(backup.Salt{byte(seed)})
		s := &store{map[[2]uint32][]byte{}}
		chunk := make([]byte, 1+r.IntN(backup.ChunkSize))
		noise(r, chunk[:r.IntN(len(chunk))])
		var known backup.Known
		for step := range uint32(12) {
			was := chunk
			known = s.keep(p, known, chunk, step/3, step%3)
			if got := s.get(t, p, known, len(chunk)); !bytes.Equal(got, chunk) {
				t.Fatalf("seed %d, step %d: other bytes come back", seed, step)
			}
			again, kept := p.Changes(known, p.Blocks(chunk))
			backup.SortPieces(kept)
			if len(again) > 0 || !cmp.Equal(kept, known.Pieces, ignoreBlank) {
				t.Fatalf("seed %d, step %d: of what has not changed %d runs are stored again", seed, step, len(again))
			}
			chunk = edit(r, was)
		}
	}
}

func TestOnlyWhatIsNeededIsStored(t *testing.T) {
	const b = backup.BlockSize
	blocks := func(letters string) []byte {
		var out []byte
		for _, l := range letters {
			fill := byte(l)
			if l == '0' {
				fill = 0
			}
			out = append(out, bytes.Repeat([]byte{fill}, b)...)
		}
		return out
	}
	p := backup.NewPrinter(backup.Salt{1})
	for name, c := range map[string]struct {
		was, now []byte
		// runs are block+count@offset of what is stored, then what is kept.
		want string
	}{
		"A first time everything is stored.":              {nil, blocks("abc"), "0+3@0 |"},
		"Zeros are not stored.":                           {nil, blocks("0ab00c0"), "1+2@0 5+1@2 |"},
		"Nothing but zeros is nothing.":                   {nil, blocks("000"), "|"},
		"What has not changed is kept.":                   {blocks("abc"), blocks("abc"), "| 0+3@0"},
		"One block in the middle splits what is kept.":    {blocks("abcde"), blocks("abXde"), "2+1@0 | 0+2@0 3+2@3"},
		"What became zeros is neither stored nor kept.":   {blocks("abc"), blocks("a0c"), "| 0+1@0 2+1@2"},
		"What was zeros is stored.":                       {blocks("a0c"), blocks("abc"), "1+1@0 | 0+1@0 2+1@1"},
		"A longer chunk stores its end.":                  {blocks("ab"), blocks("abcd"), "2+2@0 | 0+2@0"},
		"A shorter chunk stores nothing.":                 {blocks("abcd"), blocks("ab"), "| 0+2@0"},
		"A short last block that grows is another block.": {blocks("ab")[:b+10], blocks("ab"), "1+1@0 | 0+1@0"},
		"A short last block of zeros is zeros.":           {nil, blocks("a0")[:b+10], "0+1@0 |"},
		"Blocks that have moved are not looked for.":      {blocks("abc"), blocks("cab"), "0+3@0 |"},
	} {
		var known backup.Known
		if c.was != nil {
			known = (&store{map[[2]uint32][]byte{}}).keep(p, known, c.was, 0, 0)
		}
		stored, kept := p.Changes(known, p.Blocks(c.now))
		text := func(pieces []backup.Piece) string {
			var out strings.Builder
			for _, piece := range pieces {
				fmt.Fprintf(&out, "%d+%d@%d ", piece.Block, piece.Count, piece.Offset)
			}
			return out.String()
		}
		if got := strings.TrimSpace(text(stored) + "| " + text(kept)); got != c.want {
			t.Errorf("%s it is %q, want %q", name, got, c.want)
		}
	}
}

func TestFingerprintsAreThoseOfOneChain(t *testing.T) {
	block := bytes.Repeat([]byte{7}, backup.BlockSize)
	one, other := backup.NewPrinter(backup.Salt{1}), backup.NewPrinter(backup.Salt{2})
	if one.Blocks(block)[0] == other.Blocks(block)[0] {
		t.Error("two chains have the fingerprint of a block in common")
	}
	if one.Digest(one.Blocks(block)) == other.Digest(one.Blocks(block)) {
		t.Error("two chains have the digest of a piece in common")
	}
	if one.Blocks(block)[0] == one.Blocks(block[:10])[0] {
		t.Error("a short block has the fingerprint of a long one")
	}
	if got := fmt.Sprint(backup.Salt{1, 2, 3}); got != "salt" {
		t.Errorf("a salt is printed as %s", got)
	}
}
