// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
)

func basis() backup.Basis {
	return backup.Basis{Namespace: "peers", PeerNode: "alpha", Sequence: 7, SHA256: sha256.Sum256([]byte("record")), Salt: backup.Salt{1}}
}

func known(n byte) backup.Known {
	return backup.Known{
		Pieces: []backup.Piece{{Block: uint16(n), Count: 1, Segment: uint32(n), Frame: 3, Digest: backup.Fingerprint{n}}},
		Blocks: []backup.Fingerprint{{n}, {}, {n, n}},
	}
}

// state writes what is known of these chunks, by path and number.
func state(t testing.TB, chunks ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	s := backup.NewStateWriter(&out, signer(t).StateKey())
	n := byte(0)
	for _, c := range chunks {
		switch c := c.(type) {
		case string:
			s.File([]byte(c))
		case int:
			n++
			if err := s.Chunk(int64(c), known(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(basis()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsKnownOfAChunkIsFoundInTheOrderOfTheWalk(t *testing.T) {
	text := state(t, "a", 0, 2, "a/b", "a/c", 1, "a.b", 0, "z", 5)
	type ask struct {
		path  string
		index int64
		want  byte
	}
	for name, asked := range map[string][]ask{
		"All that there is.":                {{"a", 0, 1}, {"a", 2, 2}, {"a/c", 1, 3}, {"a.b", 0, 4}, {"z", 5, 5}},
		"Chunks that were not there.":       {{"a", 0, 1}, {"a", 1, 0}, {"a", 2, 2}, {"a", 3, 0}, {"a/c", 0, 0}, {"a/c", 1, 3}},
		"Files that were not there.":        {{"A", 0, 0}, {"a", 0, 1}, {"a/b", 0, 0}, {"a/bb", 0, 0}, {"a/c", 1, 3}, {"m", 5, 0}, {"z", 5, 5}, {"zz", 0, 0}},
		"Files that are not there any more": {{"a.b", 0, 4}, {"z", 5, 5}},
		"The last one alone.":               {{"z", 5, 5}, {"z", 6, 0}},
	} {
		b, r, err := backup.OpenState(bytes.NewReader(text), int64(len(text)), signer(t).StateKey())
		want := basis()
		want.Format = backup.FormatState
		if err != nil || !cmp.Equal(want, b, ignoreBlank) {
			t.Fatalf("%+v, %v", b, err)
		}
		for _, a := range asked {
			var want backup.Known
			if a.want > 0 {
				want = known(a.want)
			}
			if got, err := r.Chunk(a.path, a.index); err != nil || !cmp.Equal(want, got, ignoreBlank) {
				t.Errorf("%s chunk %d of %s is %+v, %v", name, a.index, a.path, got, err)
			}
		}
	}
}

func TestTheFormOfAStateStaysAsItIs(t *testing.T) {
	golden(t, "v1.state", state(t, "a", 0, "b", 1))
}

func TestAStateThatIsNotAsItWasWrittenIsRefused(t *testing.T) {
	text := state(t, "a", 0, "b", 1)
	for n := range text {
		if _, _, err := backup.OpenState(bytes.NewReader(text), int64(n), signer(t).StateKey()); err == nil {
			t.Fatalf("its first %d bytes are taken for all", n)
		}
		if _, _, err := backup.OpenState(bytes.NewReader(flip(text, n)), int64(len(text)), signer(t).StateKey()); err == nil {
			t.Fatalf("byte %d makes no difference", n)
		}
	}
	if _, _, err := backup.OpenState(bytes.NewReader(text[1:]), int64(len(text)-1), signer(t).StateKey()); err == nil {
		t.Error("one without its beginning is taken")
	}
	if _, _, err := backup.OpenState(bytes.NewReader(nil), 1000, signer(t).StateKey()); err == nil {
		t.Error("one that cannot be read is taken")
	}
	other := basis()
	other.Format = "peernode.dev/backup-state/v2"
	end := encode(t, other)
	for name, text := range map[string][]byte{
		"another version":                 reseal(append(end, binary.BigEndian.AppendUint32(nil, uint32(len(end)))...)),
		"a basis longer than the file":    reseal([]byte{0xff, 0xff, 0xff, 0xff}),
		"a basis that is none":            reseal([]byte{0x80, 0, 0, 0, 1}),
		"a basis with something after it": reseal(append(append(encode(t, basis()), 0), 0, 0, 0, 1)),
	} {
		if _, _, err := backup.OpenState(bytes.NewReader(text), int64(len(text)), signer(t).StateKey()); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func signer(t testing.TB) backup.Signer {
	t.Helper()
	s, _ := keys(t)
	return s
}

// reseal gives a state that was changed the HMAC that fits, with the key of these tests.
func reseal(body []byte) []byte {
	key := hmac.New(sha256.New, bytes.Repeat([]byte{42}, 32))
	key.Write([]byte(backup.FormatState))
	sum := hmac.New(sha256.New, key.Sum(nil))
	sum.Write(body)
	return sum.Sum(bytes.Clone(body))
}

func TestAStateOfAnotherKeyIsRefused(t *testing.T) {
	text := state(t, "a", 0)
	stranger, err := backup.ParseSigner(otherKey(t), "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := backup.OpenState(bytes.NewReader(text), int64(len(text)), stranger.StateKey()); err == nil || !strings.Contains(err.Error(), "was not written with this signing key") {
		t.Errorf("got %v", err)
	}
	body := text[:len(text)-sha256.Size]
	if !bytes.Equal(reseal(body), text) {
		t.Fatal("these tests do not know the HMAC")
	}
	sum := sha256.Sum256(body)
	made := append(bytes.Clone(body), sum[:]...)
	if _, _, err := backup.OpenState(bytes.NewReader(made), int64(len(made)), signer(t).StateKey()); err == nil {
		t.Error("a checksum is as good as the HMAC")
	}
}

// FuzzState reads states whose HMAC fits, and asks for changes with what they say.
func FuzzState(f *testing.F) {
	text := state(f, "a", 0, 1, "b", 1)
	body := text[:len(text)-sha256.Size]
	for _, seed := range [][]byte{body, flip(body, 3), flip(body, 30), nil} {
		f.Add(seed)
	}
	now := make([]backup.Fingerprint, backup.ChunkBlocks)
	for i := range now {
		now[i] = backup.Fingerprint{byte(i)}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := reseal(body)
		_, r, err := backup.OpenState(bytes.NewReader(text), int64(len(text)), signer(t).StateKey())
		if err != nil {
			return
		}
		p := backup.NewPrinter(backup.Salt{})
		for _, path := range []string{"a", "a/b", "b", "z"} {
			for index := range int64(3) {
				k, err := r.Chunk(path, index)
				if err != nil {
					return
				}
				store, _ := p.Changes(k, now)
				for _, piece := range store {
					if from, to := piece.Bytes(backup.ChunkSize); from < 0 || to > backup.ChunkSize || from >= to {
						t.Fatalf("a piece of %d to %d", from, to)
					}
				}
			}
		}
	})
}

func TestAWriterThatFailsIsToldOf(t *testing.T) {
	for after := range 4 {
		s := backup.NewStateWriter(&full{left: after * 20}, signer(t).StateKey())
		s.File([]byte("a"))
		if err := errors.Join(s.Chunk(0, known(1)), s.Close(basis())); err == nil {
			t.Errorf("the disk was full after %d bytes, and nobody knows", after*20)
		}
	}
}

// full is a disk that has room for so much.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return 0, fmt.Errorf("there is room for %d bytes", f.left)
	}
	f.left -= len(p)
	return len(p), nil
}
