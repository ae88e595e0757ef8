// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
)

// order is that of the curve secp256k1 (SEC 2): the smallest number that is too large for a key.
const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

// vector is a key of somebody else's document or program, and what is known of it there.
type vector struct {
	keyType                          v1alpha1.IdentityType
	secret, public, private          string
	libp2p, peerID, convexAccountKey string
}

var vectors = map[string]vector{
	"The Ed25519 key of libp2p's specification, its ID as go-libp2p derives it.": {
		v1alpha1.IdentityEd25519,
		"7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d",
		"1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
		"08011240" + "7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d" + "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
		"CAESIB7R6PrixKFEuL6P1LR789OzS4ccPKz2AQ8OQtR0/OJ+", "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
		"1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
	},
	"The secp256k1 key of libp2p's specification, its ID as go-libp2p derives it.": {
		v1alpha1.IdentitySecp256k1,
		"53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb",
		"037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
		"08021220" + "53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb",
		"CAISIQN3d+mU5FLCFgT5HeCTzkFfVDL3Ad2M0aem/qDmML/KmQ==", "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY",
		"",
	},
}

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parse(t *testing.T, keyType v1alpha1.IdentityType, secret string) identity.Key {
	t.Helper()
	key, err := identity.Parse(keyType, unhex(t, secret))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeysAreThoseThatOthersDerive(t *testing.T) {
	for name, v := range vectors {
		key := parse(t, v.keyType, v.secret)
		account, err := key.Public().ConvexAccountKey()
		if (err == nil) != (v.convexAccountKey != "") {
			t.Errorf("%s Convex account key: %v", name, err)
		}
		got := vector{
			key.Public().Type(), hex.EncodeToString(key.Secret()), key.Public().Hex(), hex.EncodeToString(key.LibP2P()),
			key.Public().LibP2P(), key.Public().PeerID(), account,
		}
		if diff := cmp.Diff(v, got, cmp.AllowUnexported(vector{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		drawn, err := identity.New(v.keyType, bytes.NewReader(unhex(t, v.secret)))
		if err != nil || !drawn.Equal(key) {
			t.Errorf("%s Drawn from its own bytes it is %v, %v", name, drawn, err)
		}
		if public, err := identity.ParsePublicLibP2P(key.Public().LibP2P()); err != nil || public != key.Public() {
			t.Errorf("%s The public key as libp2p writes it is read as %v, %v", name, public, err)
		}
		back, err := identity.ParseLibP2P(key.LibP2P())
		if err != nil || !back.Equal(key) {
			t.Errorf("%s Read back it is %v, %v", name, back, err)
		}
		public, err := identity.ParsePublic(v.keyType, v.public)
		if err != nil || public != key.Public() {
			t.Errorf("%s Its public part read back is %v, %v", name, public, err)
		}
	}
}

func TestAnEd25519KeyVerifiesWhatItSigned(t *testing.T) {
	key := parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5a", 32))
	message := []byte("hello")
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(key.Secret()), message)
	if !ed25519.Verify(unhex(t, key.Public().Hex()), message, signature) {
		t.Error("the public part does not belong to the private one")
	}
}

func TestWhatIsNoPrivatePartIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		keyType v1alpha1.IdentityType
		secret  string
		says    string
	}{
		"Nothing.":                              {v1alpha1.IdentityEd25519, "", "has 32 bytes, not 0"},
		"A byte too few.":                       {v1alpha1.IdentityEd25519, strings.Repeat("01", 31), "has 32 bytes, not 31"},
		"A byte too many.":                      {v1alpha1.IdentitySecp256k1, strings.Repeat("01", 33), "has 32 bytes, not 33"},
		"Zero, for secp256k1.":                  {v1alpha1.IdentitySecp256k1, strings.Repeat("00", 32), "this is none"},
		"The order of the curve.":               {v1alpha1.IdentitySecp256k1, order, "this is none"},
		"A number above it.":                    {v1alpha1.IdentitySecp256k1, strings.Repeat("ff", 32), "this is none"},
		"A key of a type that nobody knows.":    {"RSA", strings.Repeat("01", 32), `"RSA" is not known`},
		"A key of a type in other letters.":     {"ed25519", strings.Repeat("01", 32), `"ed25519" is not known`},
		"A key of no type, whatever the bytes.": {"", strings.Repeat("01", 32), `"" is not known`},
	} {
		key, err := identity.Parse(c.keyType, unhex(t, c.secret))
		if err == nil || !strings.Contains(err.Error(), c.says) || !key.IsZero() {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestWhatIsNoLibP2PKeyIsRefused(t *testing.T) {
	seed, public := vectors["The Ed25519 key of libp2p's specification, its ID as go-libp2p derives it."].secret, strings.Repeat("11", 32)
	good := parse(t, v1alpha1.IdentityEd25519, seed).LibP2P()
	digits := hex.EncodeToString(good)
	own := digits[72:]
	for name, c := range map[string]struct{ encoded, says string }{
		"Nothing.":                                 {"", "not a libp2p private key"},
		"A head alone.":                            {digits[:8], "not a libp2p private key"},
		"A key that is cut off.":                   {digits[:len(digits)-2], "not a libp2p private key"},
		"A key with a byte behind it.":             {digits + "00", "not a libp2p private key"},
		"An RSA key.":                              {"0800" + digits[4:], "not a libp2p private key"},
		"An ECDSA key.":                            {"0803" + digits[4:], "not a libp2p private key"},
		"The fields in the other order.":           {"1240" + digits[8:] + "0801", "not a libp2p private key"},
		"Another public half.":                     {"08011240" + seed + public, "does not belong"},
		"The old form, but the halves differ.":     {"08011260" + seed + own + public, "not a libp2p private key"},
		"The old form, with another public half.":  {"08011260" + seed + public + public, "does not belong"},
		"An Ed25519 key under the other type.":     {"08021240" + digits[8:], "has 32 bytes, not 64"},
		"A secp256k1 key that is zero.":            {"08021220" + strings.Repeat("00", 32), "this is none"},
		"A seed without its public half.":          {"08011220" + seed, "not a libp2p private key"},
		"A public key.":                            {"08011220" + own, "not a libp2p private key"},
		"A length in more bytes than it needs.":    {"080112c000" + digits[8:], "not a libp2p private key"},
		"A length that is not the data's.":         {"0801123f" + digits[8:], "not a libp2p private key"},
		"A type that is the right one, but wider.": {"08810012" + digits[6:], "not a libp2p private key"},
	} {
		key, err := identity.ParseLibP2P(unhex(t, c.encoded))
		if err == nil || !strings.Contains(err.Error(), c.says) || !key.IsZero() {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	old, err := identity.ParseLibP2P(unhex(t, "08011260"+seed+own+own))
	if err != nil || !bytes.Equal(old.LibP2P(), good) {
		t.Errorf("the form of old libraries is read as %v, %v", old, err)
	}
}

func TestWhatIsNoPublicKeyIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		keyType      v1alpha1.IdentityType
		digits, says string
	}{
		"Nothing.":                           {v1alpha1.IdentityEd25519, "", "has 32 bytes, not 0"},
		"Capital digits.":                    {v1alpha1.IdentityEd25519, strings.Repeat("AB", 32), "lower-case"},
		"A prefix, as other programs write.": {v1alpha1.IdentityEd25519, "0x" + strings.Repeat("ab", 32), "lower-case"},
		"Half a byte.":                       {v1alpha1.IdentityEd25519, strings.Repeat("ab", 31) + "a", "lower-case"},
		"A key of secp256k1 for Ed25519.":    {v1alpha1.IdentityEd25519, "02" + strings.Repeat("01", 32), "has 32 bytes, not 33"},
		"A key of Ed25519 for secp256k1.":    {v1alpha1.IdentitySecp256k1, strings.Repeat("01", 32), "has 33 bytes, not 32"},
		"A point that is not on the curve.":  {v1alpha1.IdentitySecp256k1, "02" + strings.Repeat("ff", 32), "no point of the curve"},
		"A type that nobody knows.":          {"RSA", strings.Repeat("ab", 32), `"RSA" is not known`},
	} {
		public, err := identity.ParsePublic(c.keyType, c.digits)
		if err == nil || !strings.Contains(err.Error(), c.says) || public != (identity.Public{}) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestWhatIsNoPublicLibP2PKeyIsRefused(t *testing.T) {
	good := parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5a", 32)).Public().LibP2P()
	for name, text := range map[string]string{
		"Nothing.":                         "",
		"Not base64.":                      "CAESI" + strings.Repeat("!", 43),
		"Cut off.":                         good[:len(good)-4],
		"Something after it.":              good + "AAAA",
		"A private key.":                   base64.StdEncoding.EncodeToString(parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5a", 32)).LibP2P()),
		"A type that nobody knows.":        "CAQS" + good[4:],
		"No point of the curve.":           base64.StdEncoding.EncodeToString(append([]byte{0x08, 0x02, 0x12, 0x21, 0x02}, bytes.Repeat([]byte{0xff}, 32)...)),
		"A line break that decoders take.": good[:8] + "\n" + good[8:],
	} {
		if public, err := identity.ParsePublicLibP2P(text); err == nil || public != (identity.Public{}) {
			t.Errorf("%s read as %v", name, public)
		}
	}
}

func TestWhatAKeyHandsOutIsNotTheKeyItself(t *testing.T) {
	key := parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5a", 32))
	before := parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5a", 32))
	clear(key.Secret())
	clear(key.LibP2P())
	if !key.Equal(before) {
		t.Error("who has changed what Secret returned has changed the key")
	}
	if other := parse(t, v1alpha1.IdentityEd25519, strings.Repeat("5b", 32)); key.Equal(other) || key.Equal(identity.Key{}) {
		t.Error("two keys are equal that are not")
	}
}
