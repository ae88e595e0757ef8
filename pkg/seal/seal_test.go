// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

var (
	alpha = seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
	// secret is the private part of every key of these tests.
	secret = []byte("0123456789abcdefghijklmnopqrstuv")
)

func key(t testing.TB, keyType v1alpha1.IdentityType) identity.Key {
	t.Helper()
	k, err := identity.Parse(keyType, secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func hybrid(t testing.TB) seal.Opener {
	t.Helper()
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func x25519(t testing.TB) seal.Opener {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	o, err := seal.ParseOpener(i.String())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func recipientsOf(openers ...seal.Opener) []seal.Recipient {
	var out []seal.Recipient
	for _, o := range openers {
		out = append(out, o.Recipient())
	}
	return out
}

// sealed is the envelope of the Ed25519 key for alpha.
func sealed(t testing.TB, to ...seal.Opener) seal.Envelope {
	t.Helper()
	e, err := seal.Seal(key(t, v1alpha1.IdentityEd25519), alpha, recipientsOf(to...))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func read(t testing.TB, text []byte) seal.Envelope {
	t.Helper()
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAnyOneRecipientOpens(t *testing.T) {
	h1, h2, x1, x2 := hybrid(t), hybrid(t), x25519(t), x25519(t)
	stranger, strangerX := hybrid(t), x25519(t)
	for name, c := range map[string]struct {
		to, with []seal.Opener
		parts    []seal.Family
	}{
		"The only one.":                              {[]seal.Opener{h1}, []seal.Opener{h1}, []seal.Family{seal.Hybrid}},
		"The second of two.":                         {[]seal.Opener{h1, h2}, []seal.Opener{h2}, []seal.Family{seal.Hybrid}},
		"One of X25519 alone.":                       {[]seal.Opener{x1}, []seal.Opener{x1}, []seal.Family{seal.X25519}},
		"The hybrid one of both families.":           {[]seal.Opener{x1, h1}, []seal.Opener{h1}, []seal.Family{seal.Hybrid}},
		"That of X25519 of both families.":           {[]seal.Opener{h1, x1}, []seal.Opener{x1}, []seal.Family{seal.X25519}},
		"One of each family, which check both parts": {[]seal.Opener{h1, x1, h2, x2}, []seal.Opener{x2, h2}, []seal.Family{seal.Hybrid, seal.X25519}},
		"One among strangers.":                       {[]seal.Opener{h1, x1}, []seal.Opener{strangerX, stranger, h1}, []seal.Family{seal.Hybrid}},
	} {
		for _, keyType := range []v1alpha1.IdentityType{v1alpha1.IdentityEd25519, v1alpha1.IdentitySecp256k1} {
			k := key(t, keyType)
			e, err := seal.Seal(k, alpha, recipientsOf(c.to...))
			if err != nil {
				t.Fatal(err)
			}
			opened, err := read(t, e.Text()).Open(alpha, c.with...)
			if err != nil {
				t.Errorf("%s %v", name, err)
				continue
			}
			if !opened.Key.Equal(k) {
				t.Errorf("%s got %v, want %v", name, opened.Key, k)
			}
			if diff := cmp.Diff(c.parts, opened.Parts); diff != "" {
				t.Errorf("%s parts (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestTheHeaderSaysWhoseKeyItIsAndWhoOpensIt(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	k := key(t, v1alpha1.IdentityEd25519).Public()
	want := seal.Header{
		Format: "peernode.dev/key-envelope", Version: 1, Binding: alpha,
		KeyType: v1alpha1.IdentityEd25519, PublicKey: k.Hex(), PeerID: k.PeerID(),
		Recipients: []seal.RecipientInfo{h.Recipient().Info(), x.Recipient().Info()},
	}
	got := read(t, sealed(t, h, x).Text()).Header()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestOneEnvelopeHasOneTextAndTwoNeverTheSame(t *testing.T) {
	o := hybrid(t)
	e := sealed(t, o)
	if !bytes.Equal(e.Text(), read(t, e.Text()).Text()) {
		t.Error("an envelope that was read is written in another way")
	}
	if bytes.Equal(e.Text(), sealed(t, o).Text()) {
		t.Error("two envelopes of one key are the same")
	}
	if text := string(e.Text()); !strings.HasSuffix(text, "}\n") || strings.Contains(text, "\r") {
		t.Error("the text is not one that Git leaves alone")
	}
}

// An envelope has to survive an editor, a formatter and another system's line ends.
func TestWhiteSpaceAndTheOrderOfFieldsDoNotMatter(t *testing.T) {
	o := hybrid(t)
	text := string(sealed(t, o).Text())
	for name, changed := range map[string]string{
		"No newline at the end.":        strings.TrimSpace(text),
		"Line ends of another system.":  strings.ReplaceAll(text, "\n", "\r\n"),
		"Tabs.":                         strings.ReplaceAll(text, "  ", "\t"),
		"One line.":                     strings.ReplaceAll(strings.ReplaceAll(text, "\n", ""), "  ", ""),
		"Another order.":                strings.Replace(strings.Replace(text, `  "version": 1,`+"\n", "", 1), `  "keyType"`, `  "version": 1,`+"\n"+`  "keyType"`, 1),
		"Empty lines before and after.": "\n\n" + text + "\n\n",
	} {
		if _, err := read(t, []byte(changed)).Open(alpha, o); err != nil {
			t.Errorf("%s %v", name, err)
		}
	}
}

func TestWhatMustNotBeSealedIsNot(t *testing.T) {
	o := hybrid(t)
	with := func(change func(*seal.Binding)) seal.Binding {
		b := alpha
		change(&b)
		return b
	}
	var many []seal.Recipient
	for range seal.MaxRecipients + 1 {
		many = append(many, x25519(t).Recipient())
	}
	to := recipientsOf(o)
	for name, c := range map[string]struct {
		key     identity.Key
		binding seal.Binding
		to      []seal.Recipient
		says    string
	}{
		"No key.":                      {identity.Key{}, alpha, to, "no key to seal"},
		"No recipient.":                {key(t, v1alpha1.IdentityEd25519), alpha, nil, "recipients: there is none"},
		"One recipient twice.":         {key(t, v1alpha1.IdentityEd25519), alpha, append(to, to...), "recipients[1]: hybrid"},
		"Too many recipients.":         {key(t, v1alpha1.IdentityEd25519), alpha, many, "recipients: there are 21, at most 20"},
		"No namespace.":                {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Namespace = "" }), to, `binding: namespace ""`},
		"A namespace with a point.":    {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Namespace = "a.b" }), to, `binding: namespace "a.b"`},
		"A PeerNode in capitals.":      {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.PeerNode = "Alpha" }), to, `binding: peerNode "Alpha"`},
		"No role.":                     {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Role = "" }), to, `binding: role "" is not known`},
		"A role in other letters.":     {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Role = "Identity" }), to, `binding: role "Identity" is not known`},
		"A key that controls stake.":   {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Role = "stake-controller" }), to, "never enters a cluster"},
		"Epoch zero.":                  {key(t, v1alpha1.IdentityEd25519), with(func(b *seal.Binding) { b.Epoch = 0 }), to, "binding: epoch 0"},
		"An epoch before the first.":   {key(t, v1alpha1.IdentitySecp256k1), with(func(b *seal.Binding) { b.Epoch = -1 }), to, "binding: epoch -1"},
		"A recipient that was not one": {key(t, v1alpha1.IdentityEd25519), alpha, []seal.Recipient{{}}, "recipients[0]: family"},
	} {
		e, err := seal.Seal(c.key, c.binding, c.to)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
		if diff := cmp.Diff(seal.Header{}, e.Header()); diff != "" {
			t.Errorf("%s an envelope came with the error:\n%s", name, diff)
		}
	}
}

// The largest envelope that can be made is one that can be read.
func TestTheLargestEnvelopeFits(t *testing.T) {
	var to []seal.Opener
	for range seal.MaxRecipients {
		to = append(to, hybrid(t))
	}
	binding := seal.Binding{Namespace: strings.Repeat("n", 63), PeerNode: strings.Repeat("p", 253), Role: seal.RoleIdentity, Epoch: 1<<63 - 1}
	e, err := seal.Seal(key(t, v1alpha1.IdentitySecp256k1), binding, recipientsOf(to...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, e.Text()).Open(binding, to[seal.MaxRecipients-1]); err != nil {
		t.Error(err)
	}
}
