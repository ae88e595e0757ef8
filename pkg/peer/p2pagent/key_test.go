// SPDX-License-Identifier: Apache-2.0

package p2pagent_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/peer"
	"github.com/peernode/operator/pkg/peer/p2pagent"
)

// Private keys of libp2p's own specification of peer IDs, as protobuf.
const (
	specEd25519 = "08011240" +
		"7e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d" +
		"1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
	specSecp256k1 = "08021220" +
		"53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb"
	// order is that of the curve secp256k1 (SEC 2): the smallest number that is too large for a key.
	order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
)

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// newKey makes a key and returns the protobuf in its file.
func newKey(t *testing.T, keyType v1alpha1.IdentityType, entropy io.Reader) []byte {
	t.Helper()
	files, err := p2pagent.Kind{}.Key().New(keyType, entropy)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Fatalf("got %d files, want one", len(files))
	}
	text, ok := strings.CutSuffix(string(files["identity.key"]), "\n")
	if !ok {
		t.Fatal("identity.key is not there, or does not end its line")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestKeysAreThoseOfTheSpecification(t *testing.T) {
	for keyType, want := range map[v1alpha1.IdentityType]string{
		v1alpha1.IdentityEd25519:   specEd25519,
		v1alpha1.IdentitySecp256k1: specSecp256k1,
	} {
		entropy := unhex(t, want[8:8+64])
		if got := hex.EncodeToString(newKey(t, keyType, bytes.NewReader(entropy))); got != want {
			t.Errorf("the %s key of the specification's entropy is\n%s, want\n%s", keyType, got, want)
		}
	}
}

// The encoder of this project is written by hand; the decoder here is protobuf's own.
func TestKeysParseAsProtobuf(t *testing.T) {
	entropy := strings.Repeat("0123456789abcdef", 2)
	for keyType, want := range map[v1alpha1.IdentityType]struct{ number, size int }{
		v1alpha1.IdentityEd25519:   {1, ed25519.PrivateKeySize},
		v1alpha1.IdentitySecp256k1: {2, 32},
	} {
		number, data := parse(t, newKey(t, keyType, strings.NewReader(entropy)))
		if number != uint64(want.number) || len(data) != want.size {
			t.Errorf("%s: type %d with %d bytes, want type %d with %d", keyType, number, len(data), want.number, want.size)
		}
		if got := string(data[:32]); got != entropy {
			t.Errorf("%s: the private part is %x, not the entropy", keyType, got)
		}
	}
}

func TestAnEd25519KeySignsWhatItsPublicHalfVerifies(t *testing.T) {
	_, data := parse(t, newKey(t, v1alpha1.IdentityEd25519, strings.NewReader(strings.Repeat("x", 32))))
	message := []byte("hello")
	if !ed25519.Verify(data[32:], message, ed25519.Sign(data, message)) {
		t.Error("the public half in the file does not belong to the private one")
	}
}

func TestANumberThatIsNoKeyIsDrawnAgain(t *testing.T) {
	zero, valid := strings.Repeat("00", 32), strings.Repeat("00", 31)+"01"
	largest := order[:63] + "0"
	for name, c := range map[string]struct{ drawn, want string }{
		"Zero is no key.":                       {zero + valid, valid},
		"The order of the curve is no key.":     {order + valid, valid},
		"Nothing above the order is a key.":     {strings.Repeat("ff", 32) + zero + valid, valid},
		"The number just below the order is.":   {largest, largest},
		"The first number that is a key is it.": {valid + largest, valid},
	} {
		_, data := parse(t, newKey(t, v1alpha1.IdentitySecp256k1, bytes.NewReader(unhex(t, c.drawn))))
		if got := hex.EncodeToString(data); got != c.want {
			t.Errorf("%s got %s, want %s", name, got, c.want)
		}
	}
}

func TestNoKeyIsMadeWithoutEntropy(t *testing.T) {
	for name, c := range map[string]struct {
		keyType v1alpha1.IdentityType
		entropy string
		says    string
	}{
		"Entropy for an Ed25519 key runs out.":              {v1alpha1.IdentityEd25519, "too short", "read entropy: unexpected EOF"},
		"Entropy for a secp256k1 key runs out.":             {v1alpha1.IdentitySecp256k1, "", "read entropy: EOF"},
		"Entropy runs out while a number is drawn again.":   {v1alpha1.IdentitySecp256k1, strings.Repeat("\x00", 40), "read entropy: unexpected EOF"},
		"The type of key is not known, whatever admission.": {"RSA", strings.Repeat("x", 64), `"RSA" is not known`},
	} {
		files, err := p2pagent.Kind{}.Key().New(c.keyType, strings.NewReader(c.entropy))
		if err == nil || !strings.Contains(err.Error(), c.says) || files != nil {
			t.Errorf("%s got %v and %d files, want an error that says %q and none", name, err, len(files), c.says)
		}
	}
}

func TestWhatTheAgentSaysOfItsKeyIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		want    peer.Identity
		says    string
	}{
		"Its ID and public key.":           {`{"peerID":"12D3KooWA","publicKey":"CAES"}`, peer.Identity{PeerID: "12D3KooWA", PublicKey: "CAES"}, ""},
		"More than the operator asks for.": {`{"peerID":"12D3KooWA","type":"Ed25519"}`, peer.Identity{PeerID: "12D3KooWA"}, ""},
		"Nothing.":                         {``, peer.Identity{}, "read identity from"},
		"Words.":                           {`all is well`, peer.Identity{}, "read identity from"},
		"No ID.":                           {`{"publicKey":"CAES"}`, peer.Identity{}, "named no peerID"},
	} {
		got, err := p2pagent.Kind{}.Key().Parse(c.message)
		if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got error %v, want %q", name, err, c.says)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// parse reads libp2p's PrivateKey{Type = 1; Data = 2} and nothing else.
func parse(t *testing.T, raw []byte) (keyType uint64, data []byte) {
	t.Helper()
	for len(raw) > 0 {
		field, wire, n := protowire.ConsumeTag(raw)
		raw = raw[max(n, 0):]
		switch {
		case field == 1 && wire == protowire.VarintType:
			keyType, n = protowire.ConsumeVarint(raw)
		case field == 2 && wire == protowire.BytesType:
			data, n = protowire.ConsumeBytes(raw)
		default:
			t.Fatalf("field %d of type %d is not part of a key", field, wire)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		raw = raw[n:]
	}
	return keyType, data
}

func TestAKeyIsReadFromItsFile(t *testing.T) {
	form := p2pagent.Kind{}.Key()
	line := base64.StdEncoding.EncodeToString(unhex(t, specEd25519))
	for name, files := range map[string]map[string][]byte{
		"As it was written.":              {"identity.key": []byte(line + "\n")},
		"Without a newline.":              {"identity.key": []byte(line)},
		"From another system.":            {"identity.key": []byte(" " + line + "\r\n")},
		"Beside a key of before, a copy.": {"identity.key": []byte(line), "identity.key.previous-12D3KooWA": []byte("?")},
	} {
		key, err := form.Read(files)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		if diff := cmp.Diff(map[string][]byte{"identity.key": []byte(line + "\n")}, form.Files(key)); diff != "" {
			t.Errorf("%s Its file (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoKeyFileIsRefusedWithoutRepeatingIt(t *testing.T) {
	line := base64.StdEncoding.EncodeToString(unhex(t, specEd25519))
	other := base64.StdEncoding.EncodeToString(unhex(t, specEd25519[:72]+strings.Repeat("11", 32)))
	for name, c := range map[string]struct {
		files map[string][]byte
		says  string
	}{
		"No file at all.":                     {nil, "there is no identity.key"},
		"A file of another name.":             {map[string][]byte{"identity": []byte(line)}, "there is no identity.key"},
		"An empty file.":                      {map[string][]byte{"identity.key": nil}, "not a libp2p private key"},
		"A line that is cut off.":             {map[string][]byte{"identity.key": []byte(line[:50])}, "identity.key"},
		"A line of other letters.":            {map[string][]byte{"identity.key": []byte("%" + line)}, "not one line of base64"},
		"Two keys.":                           {map[string][]byte{"identity.key": []byte(line + "\n" + line)}, "identity.key"},
		"Halves that are not of one key.":     {map[string][]byte{"identity.key": []byte(other)}, "does not belong"},
		"Digits, as other software keeps it.": {map[string][]byte{"identity.key": []byte(specEd25519)}, "not a libp2p private key"},
	} {
		_, err := p2pagent.Kind{}.Key().Read(c.files)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
			continue
		}
		if found := canary.Find([]byte(err.Error()), unhex(t, specEd25519[8:72])); len(found) > 0 {
			t.Errorf("%s the error shows the key as %v: %v", name, found, err)
		}
	}
}
