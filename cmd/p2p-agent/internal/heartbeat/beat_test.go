// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
)

func TestOpen(t *testing.T) {
	key, self := newKey(t)
	other, stranger := newKey(t)
	now := time.Now()
	good := Beat{PeerID: self, Name: "alpha", Sequence: 3, Time: now}
	seal := func(b Beat, k crypto.PrivKey) []byte {
		data, err := Seal(b, k)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	with := func(change func(*Beat)) Beat {
		b := good
		change(&b)
		return b
	}
	flipped := seal(good, key)
	flipped[len(flipped)-1] ^= 1
	cases := map[string]struct {
		data []byte
		want error
	}{
		"a heartbeat of the peer itself":        {seal(good, key), nil},
		"one a little old":                      {seal(with(func(b *Beat) { b.Time = now.Add(-4 * time.Minute) }), key), nil},
		"a changed signature":                   {flipped, ErrSignature},
		"signed by somebody else":               {seal(good, other), ErrSignature},
		"somebody else's own heartbeat":         {seal(with(func(b *Beat) { b.PeerID = stranger }), other), ErrSignature},
		"in somebody else's name":               {seal(with(func(b *Beat) { b.PeerID = stranger }), key), ErrSuspicious},
		"too old":                               {seal(with(func(b *Beat) { b.Time = now.Add(-6 * time.Minute) }), key), ErrSuspicious},
		"from the future":                       {seal(with(func(b *Beat) { b.Time = now.Add(6 * time.Minute) }), key), ErrSuspicious},
		"no envelope":                           {[]byte("hello"), ErrSuspicious},
		"nothing":                               {nil, ErrSuspicious},
		"a signed envelope of something else":   {sealOther(t, key, signatureDomain), ErrSuspicious},
		"a signature made for another protocol": {sealOther(t, key, "other-domain"), ErrSignature},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Open(c.data, self, now, 5*time.Minute)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAHeartbeatArrivesAsItWasSent(t *testing.T) {
	key, self := newKey(t)
	sent := Beat{PeerID: self, Name: "alpha", Sequence: 3, Time: time.Now().UTC()}
	data, err := Seal(sent, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(data, self, sent.Time, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if got.PeerID != sent.PeerID || got.Name != sent.Name || got.Sequence != sent.Sequence || !got.Time.Equal(sent.Time) {
		t.Errorf("sent %+v, got %+v", sent, got)
	}
}

func TestNamesAreSafeToShow(t *testing.T) {
	cases := map[string]string{
		"alpha":           "alpha",
		"a\tb\nc":         "abc",
		"\x1b[31mred":     "[31mred",
		"caf\u00e9":       "caf\u00e9",
		"\xff\xfeb":       "b",
		"right\u202eleft": "rightleft",
	}
	for name, want := range cases {
		if got := printable(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
	if got := printable(string(make([]byte, 1000)) + "x"); len(got) > maxNameLength {
		t.Errorf("%d bytes", len(got))
	}
}

// nonsense is a record whose payload is no heartbeat.
type nonsense struct{ domain string }

func (n *nonsense) Domain() string               { return n.domain }
func (*nonsense) Codec() []byte                  { return []byte("/nonsense") }
func (*nonsense) MarshalRecord() ([]byte, error) { return []byte("nonsense"), nil }
func (*nonsense) UnmarshalRecord([]byte) error   { return nil }

func sealOther(t *testing.T, key crypto.PrivKey, domain string) []byte {
	t.Helper()
	envelope, err := record.Seal(&nonsense{domain}, key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := envelope.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newKey(t *testing.T) (crypto.PrivKey, peer.ID) {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, id
}
