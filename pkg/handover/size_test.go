// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

// worst is the largest of some envelopes for so many recipients, packed, in letters of base64. What age draws makes
// them differ by a few bytes.
func worst(t *testing.T, hybrid, x25519 int) (to []seal.Recipient, letters int) {
	t.Helper()
	for range 4 {
		to = madeUp(t, hybrid, x25519)
		key, err := identity.Parse(v1alpha1.IdentitySecp256k1, []byte(letterSoup(32)))
		if err != nil {
			t.Fatal(err)
		}
		binding := seal.Binding{Namespace: letterSoup(63), PeerNode: letterSoup(52), Role: seal.RoleIdentity, Epoch: 1<<63 - 1}
		e, err := seal.Seal(key, binding, to)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := pack(e.Text())
		if err != nil {
			t.Fatal(err)
		}
		letters = max(letters, base64.RawStdEncoding.EncodedLen(len(packed)))
	}
	return to, letters
}

func letterSoup(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("abcdefghijklmnopqrstuvwxyz0123456789"[rand.IntN(36)])
	}
	return b.String()
}

func madeUp(t *testing.T, hybrid, x25519 int) []seal.Recipient {
	t.Helper()
	var out []seal.Recipient
	for range hybrid {
		o, err := seal.NewOpener()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o.Recipient())
	}
	for range x25519 {
		i, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		r, err := seal.ParseRecipient(i.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// Parts are counted before there is an envelope. This is the proof that it will fit, with something to spare.
func TestWhatIsSealedFitsIntoItsParts(t *testing.T) {
	const spare = 50
	check := func(hybrid, x25519 int) {
		to, letters := worst(t, hybrid, x25519)
		parts := Parts(to)
		t.Logf("%d hybrid, %d X25519: %d letters in %d parts, reckoned with %d", hybrid, x25519, letters, parts, size(to))
		if letters+spare > size(to) || size(to) > parts*capacity {
			t.Errorf("%d hybrid, %d X25519: %d letters, reckoned with %d; %d parts hold %d", hybrid, x25519, letters, size(to), parts, parts*capacity)
		}
		if parts > 1 && letters < (parts-1)*capacity-1000 {
			t.Errorf("%d hybrid, %d X25519: %d letters would fit into fewer than %d parts", hybrid, x25519, letters, parts)
		}
	}
	for n := 1; n <= MaxRecipients; n++ {
		for hybrid := range n + 1 {
			check(hybrid, n-hybrid)
		}
	}
	check(0, seal.MaxRecipients)
}

func TestAMessageIsNoLongerThanTheKubeletKeeps(t *testing.T) {
	m := message{part: MaxParts, of: MaxParts, sum: strings.Repeat("f", 64), letters: strings.Repeat("x", capacity)}
	if n := len(m.String()); n > maxMessage {
		t.Errorf("a full message has %d bytes, the kubelet keeps %d", n, maxMessage)
	}
}

// Recipients are checked elsewhere; here they only must not break anything.
func TestPartsOfWhatCannotBe(t *testing.T) {
	if got := Parts(nil); got != 1 {
		t.Errorf("nobody: %d parts", got)
	}
	if got := Parts(madeUp(t, seal.MaxRecipients, 0)); got != MaxParts {
		t.Errorf("too many: %d parts", got)
	}
}
