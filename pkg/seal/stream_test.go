// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/seal"
)

func newOpener(t testing.TB, f seal.Family) seal.Opener {
	t.Helper()
	o, err := seal.NewOpenerOf(f)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func stream(t testing.TB, plain []byte, to ...seal.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := seal.Stream(&out, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func plain(sealed []byte, openers ...seal.Opener) ([]byte, error) {
	r, err := seal.OpenStream(bytes.NewReader(sealed), openers...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestAStreamIsOpenedByEachOfItsRecipientsAndByNobodyElse(t *testing.T) {
	for _, family := range []seal.Family{seal.Hybrid, seal.X25519} {
		one, two, stranger := newOpener(t, family), newOpener(t, family), newOpener(t, family)
		for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 300_000} {
			want := bytes.Repeat([]byte("data"), size/4+1)[:size]
			sealed := stream(t, want, one.Recipient(), two.Recipient())
			for _, openers := range [][]seal.Opener{{one}, {two}, {stranger, two}} {
				if got, err := plain(sealed, openers...); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %d bytes come out as %d, %v", family, size, len(got), err)
				}
			}
			for _, openers := range [][]seal.Opener{{stranger}, {newOpener(t, seal.Hybrid), newOpener(t, seal.X25519)}, nil} {
				if _, err := plain(sealed, openers...); !errors.Is(err, seal.ErrNotForUs) {
					t.Errorf("%s: a stranger gets %v", family, err)
				}
			}
		}
	}
}

func TestAStreamThatWasChangedIsNotTakenForWhole(t *testing.T) {
	o := newOpener(t, seal.X25519)
	want := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	sealed := stream(t, want, o.Recipient())
	for n := 0; n < len(sealed); n += 1 + n/40 {
		if got, err := plain(sealed[:n], o); err == nil {
			t.Fatalf("its first %d bytes of %d are taken for all, as %d bytes", n, len(sealed), len(got))
		}
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		got, err := plain(changed, o)
		if err == nil {
			t.Fatalf("byte %d makes no difference", n)
		}
		if !bytes.HasPrefix(want, got) {
			t.Fatalf("byte %d: other bytes come out before the error", n)
		}
	}
	for name, changed := range map[string][]byte{
		"something follows": append(bytes.Clone(sealed), 0), "it is there twice": append(bytes.Clone(sealed), sealed...), "it is clear text": want,
	} {
		if _, err := plain(changed, o); err == nil {
			t.Errorf("%s, and nobody says so", name)
		}
	}
}

func TestWhatWasNotClosedIsNotWhole(t *testing.T) {
	o := newOpener(t, seal.X25519)
	var out bytes.Buffer
	w, err := seal.Stream(&out, []seal.Recipient{o.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte("x"), 200_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := plain(out.Bytes(), o); err == nil {
		t.Error("a stream without an end is taken for whole")
	}
}

func TestRecipientsThatNoStreamCanHaveAreRefused(t *testing.T) {
	hybrid, x := newOpener(t, seal.Hybrid), newOpener(t, seal.X25519)
	for says, to := range map[string][]seal.Recipient{
		"nobody could open it": nil,
		"recipients are of two families, hybrid and x25519; name those of one": {hybrid.Recipient(), x.Recipient()},
	} {
		if _, err := seal.Stream(io.Discard, to); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error that says %q", err, says)
		}
	}
	if got := x.Recipient().Family(); got != seal.X25519 {
		t.Errorf("the opener of family %s has a recipient of family %s", seal.X25519, got)
	}
}
