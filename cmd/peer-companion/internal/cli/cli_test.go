// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/keysecret"
)

// The key that these tests import.
var (
	seed   = []byte("0123456789abcdefghijklmnopqrstuv")
	key, _ = identity.Parse(v1alpha1.IdentityEd25519, seed)
	line   = base64.StdEncoding.EncodeToString(key.LibP2P()) + "\n"
	peerID = key.Public().PeerID()
)

// desk is where a person works: a folder with a recovery key, and all that the program has said.
type desk struct {
	*testing.T
	dir, recipient string
	said           bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, dir: t.TempDir()}
	out, _ := d.succeeds("", "recovery-key", "--out", d.path("recovery.key"))
	d.recipient = strings.TrimSpace(out)
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) read(name string) string {
	d.Helper()
	text, err := os.ReadFile(d.path(name))
	if err != nil {
		d.Fatal(err)
	}
	return string(text)
}

func (d *desk) write(name, text string) string {
	d.Helper()
	if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	return d.path(name)
}

// runs calls the program. DIR and RECIPIENT in arguments are those of the desk.
func (d *desk) runs(in string, args ...string) (code int, out, errs string) {
	d.Helper()
	for i := range args {
		args[i] = strings.NewReplacer("DIR", d.dir, "RECIPIENT", d.recipient).Replace(args[i])
	}
	var stdout, stderr bytes.Buffer
	code = Main(args, Streams{In: strings.NewReader(in), Out: &stdout, Err: &stderr})
	d.said.WriteString(stderr.String())
	return code, stdout.String(), stderr.String()
}

func (d *desk) succeeds(in string, args ...string) (out, errs string) {
	d.Helper()
	code, out, errs := d.runs(in, args...)
	if code != 0 {
		d.Fatalf("%v exits with %d: %s", args, code, errs)
	}
	return out, errs
}

// keepsSilent fails if a private key was on the standard error, or in more.
func (d *desk) keepsSilent(more ...string) {
	d.Helper()
	said := d.said.String() + strings.Join(more, "\n")
	recovery := strings.TrimSpace(d.read("recovery.key"))
	letters := recovery[strings.LastIndex(recovery, "AGE-SECRET-KEY-PQ-1")+len("AGE-SECRET-KEY-PQ-1"):]
	for what, secret := range map[string][]byte{"the key": seed, "the recovery key": []byte(letters)} {
		if found := canary.Find([]byte(said), secret); len(found) > 0 {
			d.Errorf("%s was shown as %v:\n%s", what, found, said)
		}
	}
}

// ofAlpha is what kubectl get secret alpha-identity-1 -o yaml prints.
func ofAlpha(t *testing.T, change ...func(*corev1.Secret)) string {
	t.Helper()
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}}
	s := keysecret.New(p, 1, map[string][]byte{"identity.key": []byte(line)})
	s.UID, s.ResourceVersion = "6e1d", "4711"
	for _, c := range change {
		c(s)
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAKeyThatWasMadeIsOpenedAgain(t *testing.T) {
	for _, keyType := range []string{"Ed25519", "Secp256k1"} {
		d := newDesk(t)
		out, note := d.succeeds("", "keygen", "-n", "peers", "--peernode", "alpha", "--type", keyType, "-r", "RECIPIENT", "--out", "DIR/alpha.envelope")
		if out != "" || !strings.Contains(note, "sealed the "+keyType+" key of peers/alpha, role identity, epoch 1, peer ID ") {
			t.Errorf("keygen printed %q and said %q", out, note)
		}
		shown, _ := d.succeeds("", "inspect", "DIR/alpha.envelope", "--verify", "DIR/recovery.key")
		if !strings.Contains(shown, "verified    yes: the part for recipients [hybrid] holds this key") || !strings.Contains(shown, keyType) {
			t.Errorf("inspect printed:\n%s", shown)
		}
		manifest, _ := d.succeeds("", "open", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--as", "secret")
		d.succeeds("", "open", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--as", "files", "--to", "DIR/keys")
		var secret corev1.Secret
		if err := yaml.UnmarshalStrict([]byte(manifest), &secret); err != nil {
			t.Fatal(err)
		}
		if file := d.read("keys/identity.key"); file != string(secret.Data["identity.key"]) || !strings.Contains(shown, identityOf(t, file).PeerID()) {
			t.Errorf("the file, the Secret and the envelope hold different keys; the envelope says\n%s", shown)
		}
	}
}

// identityOf is the public key behind a key file.
func identityOf(t *testing.T, file string) identity.Public {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(file))
	if err != nil {
		t.Fatal(err)
	}
	k, err := identity.ParseLibP2P(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func TestASecretComesBackAsItWas(t *testing.T) {
	d := newDesk(t)
	envelope, note := d.succeeds(ofAlpha(t), "seal", "-r", "RECIPIENT")
	if !strings.Contains(note, "sealed the Ed25519 key of peers/alpha, role identity, epoch 1, peer ID "+peerID) {
		t.Errorf("seal said %q", note)
	}
	d.write("alpha.envelope", envelope)
	manifest, _ := d.succeeds(d.read("recovery.key"), "open", "DIR/alpha.envelope", "-i", "-", "--namespace=peers", "--peernode=alpha", "--as=secret", "--expect", peerID)
	if want := ofAlpha(t, func(s *corev1.Secret) { s.UID, s.ResourceVersion = "", "" }); manifest != want {
		t.Errorf("the Secret came back as\n%swant\n%s", manifest, want)
	}
	d.keepsSilent(envelope)
}

func TestAKeyIsSealedFromWhereItLies(t *testing.T) {
	previous := func(d *desk) { d.write("keys/identity.key.previous-12D3KooWA", "of before") }
	for name, c := range map[string]struct {
		in   string
		lay  func(d *desk)
		args []string
		says string
	}{
		"A Secret, with flags that agree with it.": {in: ofAlpha(t), args: []string{"-n", "peers", "--peernode", "alpha", "--epoch", "1", "--software", "p2pAgent"}},
		"A Secret in JSON.":                        {in: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"alpha-identity-1","namespace":"peers","labels":{"peernode.dev/peernode":"alpha"}},"data":{"identity.key":"` + base64.StdEncoding.EncodeToString([]byte(line)) + `"}}`},
		"A Secret without a namespace.":            {in: ofAlpha(t, func(s *corev1.Secret) { s.Namespace = "" }), args: []string{"-n", "peers"}},
		"A Secret with a field of a later Kubernetes.": {
			in: strings.Replace(ofAlpha(t), "immutable: true", "immutable: true\nlater: true", 1),
		},
		"A folder.":                            {args: []string{"-n", "peers", "--peernode", "alpha", "--keys", "DIR/keys"}},
		"A folder with a key of before in it.": {lay: previous, args: []string{"-n", "peers", "--peernode", "alpha", "--keys", "DIR/keys"}, says: "note: an envelope holds one key; left out: identity.key.previous-12D3KooWA"},
		"To recipients in a file, too.":        {in: ofAlpha(t), args: []string{"-R", "DIR/holders"}},
	} {
		d := newDesk(t)
		if err := os.Mkdir(d.path("keys"), 0o700); err != nil {
			t.Fatal(err)
		}
		d.write("keys/identity.key", line)
		d.write("holders", "# a second holder\n"+classic(t)+"\n")
		if c.lay != nil {
			c.lay(d)
		}
		envelope, note := d.succeeds(c.in, append([]string{"seal", "-r", "RECIPIENT"}, c.args...)...)
		if !strings.Contains(note, c.says) {
			t.Errorf("%s said %q, want %q", name, note, c.says)
		}
		if shown, _ := d.succeeds(envelope, "inspect", "-", "--verify", "DIR/recovery.key", "--expect", key.Public().Hex()); !strings.Contains(shown, peerID) {
			t.Errorf("%s inspect printed\n%s", name, shown)
		}
		d.keepsSilent(envelope)
	}
}

// classic is a recipient of X25519.
func classic(t *testing.T) string {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i.Recipient().String()
}

func TestWhoIsNotSafeFromQuantumComputersIsNamed(t *testing.T) {
	d := newDesk(t)
	recipient := classic(t)
	_, note := d.succeeds("", "keygen", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT", "-r", recipient)
	if !strings.Contains(note, "note: recipient "+recipient+" is not hybrid") || strings.Contains(note, "note: recipient "+d.recipient) {
		t.Errorf("keygen said %q", note)
	}
}

func TestAnEnvelopeThatWasNotOpenedIsNotCalledVerified(t *testing.T) {
	d := newDesk(t)
	envelope, _ := d.succeeds("", "keygen", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT")
	if shown, _ := d.succeeds(envelope, "inspect", "-"); !strings.Contains(shown, "verified    no: ") {
		t.Errorf("inspect printed\n%s", shown)
	}
}

func TestARecoveryKeyIsOneOfAge(t *testing.T) {
	d := newDesk(t)
	identities, err := age.ParseIdentities(strings.NewReader(d.read("recovery.key")))
	if err != nil || len(identities) != 1 {
		t.Fatalf("age reads %d private keys, %v", len(identities), err)
	}
	if got := identities[0].(*age.HybridIdentity).Recipient().String(); got != d.recipient {
		t.Errorf("the recipient printed is %s, that of the file %s", d.recipient, got)
	}
	if !strings.Contains(d.read("recovery.key"), "# public key: "+d.recipient+"\n") {
		t.Error("the file does not name its public key")
	}
}

// Two keys are never the same: a program that drew from a fixed source would still pass every other test.
func TestEveryKeyIsANewOne(t *testing.T) {
	d := newDesk(t)
	ids := map[string]bool{}
	for range 8 {
		envelope, _ := d.succeeds("", "keygen", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT")
		shown, _ := d.succeeds(envelope, "inspect", "-")
		_, after, _ := strings.Cut(shown, "peer ID")
		ids[strings.Fields(after)[0]] = true
	}
	if len(ids) != 8 {
		t.Errorf("8 keys have %d peer IDs", len(ids))
	}
}
