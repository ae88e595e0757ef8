// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
)

func TestRecipientsAreRead(t *testing.T) {
	h, x := hybrid(t).Recipient(), x25519(t).Recipient()
	file := "# holders\n\n" + h.String() + "\r\n  " + x.String() + "  \n#" + x.String()
	got, err := seal.ParseRecipients(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []seal.RecipientInfo{h.Info(), x.Info()}
	if diff := cmp.Diff(want, []seal.RecipientInfo{got[0].Info(), got[1].Info()}); diff != "" || len(got) != 2 {
		t.Errorf("%d recipients (-want +got):\n%s", len(got), diff)
	}
	if got[0].Family() != seal.Hybrid || got[1].Family() != seal.X25519 {
		t.Errorf("the families are %s and %s", got[0].Family(), got[1].Family())
	}
}

// The fingerprint can be made with other programs: printf %s age1... | sha256sum.
func TestTheFingerprintIsTheSHA256OfTheRecipient(t *testing.T) {
	r, err := seal.ParseRecipient("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	if err != nil {
		t.Fatal(err)
	}
	const want = "x25519 sha256:cf7e5682313150685bf16e42c4ea48e168e16e8206c5c4ad37c72d013cb6a5f4"
	if got := r.Info().String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsNoRecipientIsRefusedWithoutRepeatingIt(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	for name, c := range map[string]struct{ text, says string }{
		"Nothing.":                       {"", "none in it"},
		"Comments only.":                 {"# holders\n\n", "none in it"},
		"A private key, by mistake.":     {h.Secret(), "line 1: this is a private key of age"},
		"One in small letters.":          {strings.ToLower(x.Secret()), "line 1: this is a private key of age"},
		"A private key on a later line.": {h.Recipient().String() + "\n\n" + x.Secret(), "line 3: this is a private key"},
		"A recipient that is cut off.":   {h.Recipient().String()[:100], "damaged or cut off"},
		"A short one that is cut off.":   {x.Recipient().String()[:40], "damaged, cut off"},
		"A recipient of a plugin.":       {"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin"},
		"A key of SSH.":                  {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "no recipient of age"},
		"Two on a line.":                 {x.Recipient().String() + " " + x.Recipient().String(), "damaged"},
		"A line that never ends.":        {strings.Repeat("a", 1<<20), "read lines"},
		"Lines that never end.":          {strings.Repeat("\n", 1001) + "x", "more than 1000 lines"},
	} {
		got, err := seal.ParseRecipients(strings.NewReader(c.text))
		notRepeated(t, name, c.says, err, h, x)
		if got != nil {
			t.Errorf("%s got %d recipients with the error", name, len(got))
		}
	}
}

func TestPrivateKeysAreReadAsAgeKeygenWritesThem(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	file := "# created: 2026-11-21T17:00:00Z\n# public key: " + h.Recipient().String() + "\n" + h.Secret() + "\n" + x.Secret() + "\n"
	got, err := seal.ParseOpeners(strings.NewReader(file))
	if err != nil || len(got) != 2 {
		t.Fatalf("%d private keys, %v", len(got), err)
	}
	for i, want := range []seal.Opener{h, x} {
		if got[i].Recipient().String() != want.Recipient().String() || got[i].Secret() != want.Secret() {
			t.Errorf("private key %d is %v, want %v", i, got[i], want)
		}
	}
}

func TestWhatIsNoPrivateKeyIsRefusedWithoutRepeatingIt(t *testing.T) {
	h, x := hybrid(t), x25519(t)
	for name, c := range map[string]struct{ text, says string }{
		"Nothing.":                    {"", "none in it"},
		"A recipient, by mistake.":    {h.Recipient().String(), "line 1: this is a recipient of age"},
		"A key that is cut off.":      {h.Secret()[:60], "line 1: this begins as a hybrid private key"},
		"A short one that is cut off": {x.Secret()[:60], "line 1: this begins as a private key"},
		"A letter changed.":           {"# mine\n" + mistyped(h.Secret()), "line 2: this begins as a hybrid private key"},
		"A key that is encrypted.":    {"age-encryption.org/v1\n-> scrypt", "itself encrypted"},
		"One in armour.":              {"-----BEGIN AGE ENCRYPTED FILE-----", "itself encrypted"},
		"A key of SSH.":               {"-----BEGIN OPENSSH PRIVATE KEY-----", "no private key of age"},
		"A key of a plugin.":          {"AGE-PLUGIN-YUBIKEY-1Q", "no private key of age"},
		"A key of a peer, in base64.": {"CAESQH4IMGF8Sn3oOSXfsmlFVrEpNsR3oKHq==", "no private key of age"},
	} {
		got, err := seal.ParseOpeners(strings.NewReader(c.text))
		notRepeated(t, name, c.says, err, h, x)
		if got != nil {
			t.Errorf("%s got %d private keys with the error", name, len(got))
		}
	}
}

func mistyped(text string) string {
	last := "Q"
	if strings.HasSuffix(text, last) {
		last = "P"
	}
	return text[:len(text)-1] + last
}

// notRepeated wants an error that says something, and nothing of the private keys.
func notRepeated(t *testing.T, name, says string, err error, openers ...seal.Opener) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s got %v, want an error that says %q", name, err, says)
		return
	}
	for _, o := range openers {
		letters := o.Secret()[len("AGE-SECRET-KEY-PQ-1"):]
		for _, text := range []string{letters, strings.ToLower(letters)} {
			if found := canary.Find([]byte(err.Error()), []byte(text)); len(found) > 0 {
				t.Errorf("%s the error repeats the private key as %v: %v", name, found, err)
			}
		}
	}
}
