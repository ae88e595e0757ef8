// SPDX-License-Identifier: Apache-2.0

package keybackup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/seal"
)

// golden is an envelope that never changes, of the tests of pkg/seal.
func golden(t testing.TB) seal.Envelope {
	t.Helper()
	text, err := os.ReadFile("../seal/testdata/v1.envelope.json")
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// sealed makes an envelope for a new recipient each time.
func sealed(t testing.TB, b seal.Binding) seal.Envelope {
	t.Helper()
	key, err := identity.Parse(v1alpha1.IdentityEd25519, []byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal.Seal(key, b, []seal.Recipient{o.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Objects that lie in a bucket are found by these names for ever.
func TestTheNameOfAnObjectSaysWhatLiesUnderIt(t *testing.T) {
	e := golden(t)
	const name = "keys/peers/alpha/1-12D3KooWDiKbHXBACjLFjWAWa3eeYEhJ4eUnUhtBuBFQXHiE1mGw-77f93da40e567ba3.json"
	for prefix, want := range map[string]string{
		"":                name,
		"berlin":          "berlin/" + name,
		"berlin/":         "berlin/" + name,
		"/berlin/":        "berlin/" + name,
		"clusters/berlin": "clusters/berlin/" + name,
	} {
		if got := keybackup.Object(prefix, e); got != want {
			t.Errorf("under %q it is %q, want %q", prefix, got, want)
		}
	}
	sum := sha256.Sum256(e.Text())
	if got := keybackup.Name("", e.Header().Binding, e.Header().PeerID, hex.EncodeToString(sum[:])); got != name {
		t.Errorf("of what was ordered, the name is %q", got)
	}
}

func TestTheSameEnvelopeIsTheSameObjectAndAnotherIsAnother(t *testing.T) {
	b := seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	one, resealed := sealed(t, b), sealed(t, b)
	read, err := seal.Read(strings.NewReader(strings.ReplaceAll(string(one.Text()), "  ", "\t")))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := keybackup.Object("p", one), keybackup.Object("p", read); a != b {
		t.Errorf("with other white space %q is %q", a, b)
	}
	if a, b := keybackup.Object("p", one), keybackup.Object("p", resealed); a == b {
		t.Errorf("sealed anew it is %q still", a)
	}
}

// The longest names that there are, under the longest prefix, make a name that S3 takes and a receipt can hold.
func TestTheLongestNameFits(t *testing.T) {
	label := strings.Repeat("n", 63)
	e := sealed(t, seal.Binding{
		Namespace: label, PeerNode: strings.Join([]string{label, label, label, label[:61]}, "."), Role: seal.RoleIdentity, Epoch: math.MaxInt64,
	})
	prefix := strings.Repeat("p", keybackup.MaxPrefix)
	r := keybackup.Receipt{Object: keybackup.Object(prefix, e), SHA256: keybackup.Sum(e)}
	if err := keybackup.CheckPrefix(prefix); err != nil {
		t.Error(err)
	}
	if got, err := keybackup.Parse(r.Message()); err != nil || got != r {
		t.Errorf("a name of %d bytes: %v", len(r.Object), err)
	}
}

func TestPrefixesOnWhichStoresDoNotAgreeAreRefused(t *testing.T) {
	for prefix, says := range map[string]string{
		"":                       "",
		"berlin":                 "",
		"/Clusters/berlin-1.x/":  "",
		"/":                      "nothing but slashes",
		"//":                     "nothing but slashes",
		"a//b":                   `a step ""`,
		"a/../b":                 `a step ".."`,
		"./a":                    `a step "."`,
		"a b":                    "other characters",
		"a\nb":                   "other characters",
		"schlüssel":              "other characters",
		strings.Repeat("p", 257): "has 257 bytes, at most 256",
	} {
		err := keybackup.CheckPrefix(prefix)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: got %v, want an error that says %q", prefix, err, says)
		}
	}
}
