// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

// open reads and opens a text for alpha.
func open(text []byte, with ...seal.Opener) (seal.Opened, error) {
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		return seal.Opened{}, err
	}
	return e.Open(alpha, with...)
}

// refused fails unless the text does not open, for a reason that it says.
func refused(t *testing.T, name string, text []byte, says string, with ...seal.Opener) {
	t.Helper()
	opened, err := open(text, with...)
	if err == nil || !strings.Contains(err.Error(), says) || !opened.Key.IsZero() {
		t.Errorf("%s got %v, want an error that says %q", name, err, says)
	}
}

func TestAnEnvelopeOpensForItsOwnPlaceOnly(t *testing.T) {
	o := hybrid(t)
	e := sealed(t, o)
	for name, c := range map[string]struct {
		change func(*seal.Binding)
		says   string
	}{
		"Another namespace.":  {func(b *seal.Binding) { b.Namespace = "elsewhere" }, `its binding.namespace is "peers", expected "elsewhere"`},
		"Another PeerNode.":   {func(b *seal.Binding) { b.PeerNode = "beta" }, `its binding.peerNode is "alpha", expected "beta"`},
		"Another epoch.":      {func(b *seal.Binding) { b.Epoch = 2 }, `its binding.epoch is "1", expected "2"`},
		"A role of no peer.":  {func(b *seal.Binding) { b.Role = "stake-controller" }, "never enters a cluster"},
		"A role that is new.": {func(b *seal.Binding) { b.Role = "backup" }, `role "backup" is not known`},
		"No place at all.":    {func(b *seal.Binding) { *b = seal.Binding{} }, "namespace"},
	} {
		expected := alpha
		c.change(&expected)
		opened, err := e.Open(expected, o)
		if err == nil || !strings.Contains(err.Error(), c.says) || !opened.Key.IsZero() {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestAStrangerDoesNotOpenIt(t *testing.T) {
	owner, stranger, strangerX := hybrid(t), hybrid(t), x25519(t)
	text := sealed(t, owner).Text()
	refused(t, "A stranger.", text, stranger.Recipient().Info().Fingerprint, stranger)
	refused(t, "A stranger, who learns who could.", text, owner.Recipient().Info().Fingerprint, stranger)
	refused(t, "A stranger of the other family.", text, "none of the private keys", strangerX)
	refused(t, "Nobody.", text, "given are none")
}

// change edits the JSON of an envelope; path is of names and, in lists, of numbers.
func change(t *testing.T, text []byte, value any, path ...any) []byte {
	t.Helper()
	var doc any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	at := doc
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			at = at.(map[string]any)[step]
		case int:
			at = at.([]any)[step]
		}
	}
	name := path[len(path)-1].(string)
	if value == nil {
		delete(at.(map[string]any), name)
	} else {
		at.(map[string]any)[name] = value
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAChangedHeaderIsRefusedByTheNameOfTheField(t *testing.T) {
	h, x, other := hybrid(t), x25519(t), hybrid(t)
	text := sealed(t, h, x).Text()
	k := key(t, v1alpha1.IdentitySecp256k1).Public()
	foreign, err := identity.Parse(v1alpha1.IdentityEd25519, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	foreignKey := change(t, change(t, text, foreign.Public().Hex(), "publicKey"), foreign.Public().PeerID(), "peerID")
	otherType := change(t, change(t, change(t, text, k.Hex(), "publicKey"), k.PeerID(), "peerID"), "Secp256k1", "keyType")
	elsewhere := alpha
	elsewhere.Namespace = "elsewhere"
	for name, c := range map[string]struct {
		text []byte
		says string
	}{
		"Another public key and its peer ID.":       {foreignKey, "its publicKey is"},
		"Another key of another type.":              {otherType, "its keyType is"},
		"Another public key alone.":                 {change(t, text, foreign.Public().Hex(), "publicKey"), "peerID: "},
		"Another peer ID alone.":                    {change(t, text, foreign.Public().PeerID(), "peerID"), "peerID: "},
		"A public key in capitals.":                 {change(t, text, strings.ToUpper(foreign.Public().Hex()), "publicKey"), "publicKey: "},
		"A key type that is none.":                  {change(t, text, "RSA", "keyType"), "publicKey: identity type"},
		"Another recipient's fingerprint.":          {change(t, text, other.Recipient().Info().Fingerprint, "recipients", 0, "fingerprint"), "its recipients is"},
		"A fingerprint that is none.":               {change(t, text, "sha256:abc", "recipients", 0, "fingerprint"), "recipients[0]: fingerprint"},
		"A fingerprint of another sort.":            {change(t, text, "md5:"+strings.Repeat("a", 64), "recipients", 0, "fingerprint"), "recipients[0]: fingerprint"},
		"A family that is none.":                    {change(t, text, "rsa", "recipients", 0, "family"), "recipients[0]: family"},
		"A recipient of the other family.":          {change(t, text, "x25519", "recipients", 0, "family"), "sealed.hybrid"},
		"No recipients.":                            {change(t, text, []any{}, "recipients"), "recipients: there is none"},
		"The recipients are missing.":               {change(t, text, nil, "recipients"), "recipients: there is none"},
		"One recipient left out.":                   {change(t, text, []any{h.Recipient().Info()}, "recipients"), "sealed.x25519"},
		"Another format.":                           {change(t, text, "somebody.else/envelope", "format"), "no envelope"},
		"A later version.":                          {change(t, text, 2, "version"), "version 2, this program knows version 1"},
		"A later version with fields of its own.":   {change(t, change(t, text, 2, "version"), "x", "new"), "version 2, this program knows version 1"},
		"No version.":                               {change(t, text, nil, "version"), "version 0"},
		"A version that is no number.":              {change(t, text, "1", "version"), "no envelope"},
		"A namespace that is none.":                 {change(t, text, "A_B", "binding", "namespace"), "binding: namespace"},
		"An epoch that is none.":                    {change(t, text, 0, "binding", "epoch"), "binding: epoch"},
		"An epoch with a fraction.":                 {change(t, text, json.Number("1.5"), "binding", "epoch"), "damaged"},
		"A role that must not be.":                  {change(t, text, "stake-controller", "binding", "role"), "binding: role"},
		"A binding with a field too many.":          {change(t, text, "x", "binding", "cluster"), `unknown field "binding.cluster"`},
		"A field too many.":                         {change(t, text, "x", "note"), `unknown field "note"`},
		"A field in other letters.":                 {change(t, text, "x", "PeerID"), `unknown field "PeerID"`},
		"A file of a third family.":                 {change(t, text, "eA==", "sealed", "rsa"), `unknown field "sealed.rsa"`},
		"A field twice, the last one wins nowhere.": {bytes.Replace(text, []byte(`  "keyType"`), []byte(`  "keyType": "Ed25519", "keyType"`), 1), `duplicate field "keyType"`},
		"A field of the binding twice.":             {bytes.Replace(text, []byte(`"namespace"`), []byte(`"namespace": "peers", "namespace"`), 1), `duplicate field "binding.namespace"`},
		"No sealed part.":                           {change(t, text, nil, "sealed"), "sealed.hybrid"},
		"A part left out.":                          {change(t, text, nil, "sealed", "x25519"), "sealed.x25519"},
		"A part that is no base64.":                 {change(t, text, "%%%", "sealed", "hybrid"), "sealed.hybrid is not one word of base64"},
		"A part that age did not make.":             {change(t, text, base64.StdEncoding.EncodeToString([]byte("a key in plaintext")), "sealed", "hybrid"), "sealed.hybrid is no file of age"},
		"A part that only begins as age does.":      {change(t, text, []byte("age-encryption.org/v1\n"), "sealed", "hybrid"), "sealed.hybrid does not open"},
		"A part with a line break in it.":           {change(t, text, "YWdl\n", "sealed", "hybrid"), "sealed.hybrid is not one word of base64"},
		"A part that is less than a file of age.":   {change(t, text, "YWdl", "sealed", "hybrid"), "sealed.hybrid is no file of age"},
		"The parts exchanged.":                      {exchanged(t, text), "sealed.hybrid does not open"},
	} {
		refused(t, name, c.text, c.says, h, x)
	}
	moved := change(t, text, "elsewhere", "binding", "namespace")
	if _, err := read(t, moved).Open(elsewhere, h, x); err == nil || !strings.Contains(err.Error(), "header of the envelope was changed: its binding.namespace") {
		t.Errorf("an envelope that was made out to another namespace: %v", err)
	}
	moved = change(t, text, 2, "binding", "epoch")
	elsewhere = alpha
	elsewhere.Epoch = 2
	if _, err := read(t, moved).Open(elsewhere, x); err == nil || !strings.Contains(err.Error(), "header of the envelope was changed: its binding.epoch") {
		t.Errorf("an envelope that was made out to another epoch: %v", err)
	}
}

// part is the age file of a family.
func part(t *testing.T, text []byte, f seal.Family) []byte {
	t.Helper()
	var doc struct{ Sealed map[seal.Family][]byte }
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Sealed[f]
}

func exchanged(t *testing.T, text []byte) []byte {
	t.Helper()
	out := change(t, text, part(t, text, seal.X25519), "sealed", "hybrid")
	return change(t, out, part(t, text, seal.Hybrid), "sealed", "x25519")
}

func TestAPartOfAnotherEnvelopeIsRefused(t *testing.T) {
	o := hybrid(t)
	beta, other := alpha, key(t, v1alpha1.IdentityEd25519)
	beta.PeerNode = "beta"
	ofBeta, err := seal.Seal(other, beta, recipientsOf(o))
	if err != nil {
		t.Fatal(err)
	}
	text := change(t, sealed(t, o).Text(), part(t, ofBeta.Text(), seal.Hybrid), "sealed", "hybrid")
	refused(t, "The part of beta's envelope in that of alpha.", text, `its binding.peerNode is "alpha", the sealed one is "beta"`, o)
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	text := sealed(t, h, x).Text()
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1 << (i % 8)
		if _, err := open(changed, h, x); err == nil {
			t.Errorf("bit %d of byte %d, %q, can be flipped unseen", i%8, i, text[i])
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	text := sealed(t, h, x).Text()
	for n := range len(text) - len("}\n") {
		if _, err := open(text[:n], h, x); err == nil {
			t.Errorf("the first %d of %d bytes open", n, len(text))
		}
	}
	for opener, family := range map[seal.Family]seal.Opener{seal.Hybrid: h, seal.X25519: x} {
		file := part(t, text, opener)
		for n := 1; n < len(file); n += 11 {
			says := "does not open"
			if n < len("age-encryption.org/v1\n") {
				says = "is no file of age"
			}
			refused(t, fmt.Sprintf("%d of %d bytes of the %s part.", n, len(file), opener), change(t, text, file[:n], "sealed", string(opener)), says, family)
		}
		refused(t, "A byte too many.", change(t, text, append(file, 0), "sealed", string(opener)), "does not open", family)
	}
}

func TestWhatIsNoEnvelopeIsRefused(t *testing.T) {
	o := hybrid(t)
	text := sealed(t, o).Text()
	for name, c := range map[string]struct {
		text io.Reader
		says string
	}{
		"Nothing.":                         {strings.NewReader(""), "no envelope"},
		"Words.":                           {strings.NewReader("all is well"), "no envelope"},
		"Another document.":                {strings.NewReader(`{"kind":"Secret"}`), "no envelope"},
		"A list.":                          {strings.NewReader("[]"), "no envelope"},
		"A null.":                          {strings.NewReader("null"), "no envelope"},
		"Two envelopes.":                   {bytes.NewReader(append(bytes.Clone(text), text...)), "no envelope"},
		"An age file.":                     {bytes.NewReader(part(t, text, seal.Hybrid)), "no envelope"},
		"Something that never ends.":       {endless{}, "larger than 65536 bytes"},
		"An envelope with a lot of space.": {io.MultiReader(bytes.NewReader(text), strings.NewReader(strings.Repeat(" ", seal.MaxSize))), "larger than 65536 bytes"},
		"A disk that fails.":               {io.MultiReader(bytes.NewReader(text[:9]), failing{}), "read the envelope: the disk is gone"},
		"Deep nesting.":                    {strings.NewReader(strings.Repeat(`{"binding":`, 5000)), "no envelope"},
	} {
		if _, err := seal.Read(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '{'
	}
	return len(p), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// Everybody may encrypt to a public recipient. What is then in the envelope has to hang together all the same.
func TestForgedContentsAreRefused(t *testing.T) {
	o := hybrid(t)
	text := sealed(t, o).Text()
	inside := sealedJSON(t, text, o)
	foreign := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"Another key.":                 {change(t, inside, foreign, "secret"), "its publicKey is"},
		"No key.":                      {change(t, inside, nil, "secret"), "has 32 bytes, not 0"},
		"A key that is too short.":     {change(t, inside, "AAAA", "secret"), "has 32 bytes, not 3"},
		"A key that is no base64.":     {change(t, inside, "%%%", "secret"), "not what this program seals"},
		"A field too many.":            {change(t, inside, "x", "more"), "not what this program seals"},
		"A field twice.":               {bytes.Replace(inside, []byte(`"secret"`), []byte(`"secret":"AAAA","secret"`), 1), "not what this program seals"},
		"Something after it.":          {append(bytes.Clone(inside), " {}"...), "not what this program seals"},
		"The bare key.":                {secret, "not what this program seals"},
		"Nothing.":                     {nil, "not what this program seals"},
		"A list.":                      {[]byte("[]"), "not what this program seals"},
		"Another version.":             {change(t, inside, 2, "version"), "its version is"},
		"Another format.":              {change(t, inside, "x", "format"), "its format is"},
		"Another namespace.":           {change(t, inside, "x", "binding", "namespace"), "its binding.namespace is"},
		"Another role.":                {change(t, inside, "stake-controller", "binding", "role"), "its binding.role is"},
		"More than an envelope holds.": {append(bytes.Clone(inside), bytes.Repeat([]byte(" "), 20<<10)...), "does not open"},
	} {
		var file bytes.Buffer
		r, err := age.ParseHybridRecipient(o.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		w, err := age.Encrypt(&file, r)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(c.content)
		w.Close()
		refused(t, name, change(t, text, file.Bytes(), "sealed", "hybrid"), c.says, o)
	}
}

// sealedJSON is what is inside.
func sealedJSON(t *testing.T, text []byte, o seal.Opener) []byte {
	t.Helper()
	i, err := age.ParseHybridIdentity(o.Secret())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(part(t, text, seal.Hybrid)), i)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(plain, []byte(base64.StdEncoding.EncodeToString(secret))) || bytes.Contains(text, []byte(hex.EncodeToString(secret))) {
		t.Fatal("the key is not where it should be")
	}
	return plain
}
