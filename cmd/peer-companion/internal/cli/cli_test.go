// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
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

// plaintext is what kubectl get secret alpha-identity-1 -o yaml prints where an older operator made the key.
func plaintext(t *testing.T, change ...func(*corev1.Secret)) string {
	t.Helper()
	p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}}
	s := keysecret.New(p, 1, nil)
	s.Data = map[string][]byte{"identity.key": []byte(line)}
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
		_, note = d.succeeds("", "open", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--to", "DIR/keys")
		if id := identityOf(t, d.read("keys/identity.key")).PeerID(); !strings.Contains(shown, id) || !strings.Contains(note, id) {
			t.Errorf("the file holds the key %s; open said %q, inspect\n%s", id, note, shown)
		}
		if key := identityOf(t, d.read("keys/identity.key")).LibP2P(); !strings.Contains(shown, "p2pAgent    "+key+", in spec.identity.expectedPublicKey\n") {
			t.Errorf("the public key is %s as a spec has it; inspect printed\n%s", key, shown)
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

// The Secret of a key holds the envelope and nothing else, and is the one that the operator would make.
func TestASealedKeyIsPutIntoItsSecret(t *testing.T) {
	for name, c := range map[string]struct {
		in    string
		args  []string
		epoch int64
	}{
		"A key that was made.":           {args: []string{"keygen", "-n", "peers", "--peernode", "alpha"}, epoch: 1},
		"A key of another epoch.":        {args: []string{"keygen", "-n", "peers", "--peernode", "alpha", "--epoch", "2"}, epoch: 2},
		"A key of an older operator.":    {in: plaintext(t), args: []string{"seal"}, epoch: 1},
		"A key that was sealed already.": {args: []string{"reseal", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha"}, epoch: 1},
	} {
		d := laid(t)
		manifest, note := d.succeeds(c.in, append(c.args, "-r", "RECIPIENT", "--as", "secret")...)
		var got corev1.Secret
		if err := yaml.UnmarshalStrict([]byte(manifest), &got); err != nil {
			t.Fatal(err)
		}
		want := keysecret.New(&v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: "alpha"}}, c.epoch, got.Data["envelope"])
		if diff := cmp.Diff(want, &got); diff != "" {
			t.Errorf("%s the Secret (-want +got):\n%s", name, diff)
		}
		if !strings.Contains(note, "sealed the Ed25519 key of peers/alpha") {
			t.Errorf("%s said %q", name, note)
		}
		shown, _ := d.succeeds(string(got.Data["envelope"]), "inspect", "-", "--verify", "DIR/recovery.key")
		if inSecret, _ := d.succeeds(manifest, "inspect", "-", "--verify", "DIR/recovery.key"); inSecret != shown {
			t.Errorf("%s of the Secret, inspect printed\n%sof its envelope\n%s", name, inSecret, shown)
		}
		d.keepsSilent(manifest, string(got.Data["envelope"]))
	}
}

func TestAnEnvelopeIsTakenFromItsSecret(t *testing.T) {
	d := newDesk(t)
	d.succeeds(plaintext(t), "seal", "-r", "RECIPIENT", "--as", "secret", "--out", "DIR/alpha.yaml")
	d.succeeds(d.read("recovery.key"), "open", "DIR/alpha.yaml", "-i", "-", "--namespace=peers", "--peernode=alpha", "--to", "DIR/keys", "--expect", peerID)
	if got := d.read("keys/identity.key"); got != line {
		t.Errorf("the key comes back as %d bytes that are other ones", len(got))
	}
	secret := &corev1.Secret{}
	if err := yaml.Unmarshal([]byte(d.read("alpha.yaml")), secret); err != nil {
		t.Fatal(err)
	}
	inJSON, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	if shown, _ := d.succeeds(string(inJSON), "inspect", "-", "--expect", peerID); !strings.Contains(shown, peerID) {
		t.Errorf("of a Secret in JSON, inspect printed\n%s", shown)
	}
}

func TestAResealedKeyIsOpenedByTheNewRecipientsAlone(t *testing.T) {
	d := laid(t)
	stranger := strings.TrimSpace(strings.TrimPrefix(strings.Split(d.read("stranger.key"), "\n")[1], "# public key: "))
	reseal := []string{"reseal", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--expect", peerID, "-r", stranger}
	_, note := d.succeeds("", append(slices.Clone(reseal), "--out", "DIR/moved.envelope")...)
	if !strings.Contains(note, "peer ID "+peerID+"; recipients: 1") || !strings.Contains(note, "note: the recovery key given does not open the new envelope") {
		t.Errorf("reseal said %q", note)
	}
	if shown, _ := d.succeeds("", "inspect", "DIR/moved.envelope", "--verify", "DIR/stranger.key"); !strings.Contains(shown, peerID) || !strings.Contains(shown, "verified    yes") {
		t.Errorf("inspect printed\n%s", shown)
	}
	if code, _, _ := d.runs("", "inspect", "DIR/moved.envelope", "--verify", "DIR/recovery.key"); code != 1 {
		t.Error("who was left out still opens it")
	}
	envelope, note := d.succeeds("", append(slices.Clone(reseal), "-r", "RECIPIENT")...)
	if strings.Contains(note, "note: the recovery key") {
		t.Errorf("with its own recipient, reseal said %q", note)
	}
	d.keepsSilent(envelope, d.read("moved.envelope"))
}

func TestAKeyIsSealedFromWhereItLies(t *testing.T) {
	previous := func(d *desk) { d.write("keys/identity.key.previous-12D3KooWA", "of before") }
	for name, c := range map[string]struct {
		in   string
		lay  func(d *desk)
		args []string
		says string
	}{
		"A Secret, with flags that agree with it.": {in: plaintext(t), args: []string{"-n", "peers", "--peernode", "alpha", "--epoch", "1", "--software", "p2pAgent"}},
		"A Secret in JSON.":                        {in: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"alpha-identity-1","namespace":"peers","labels":{"peernode.dev/peernode":"alpha"}},"data":{"identity.key":"` + base64.StdEncoding.EncodeToString([]byte(line)) + `"}}`},
		"A Secret without a namespace.":            {in: plaintext(t, func(s *corev1.Secret) { s.Namespace = "" }), args: []string{"-n", "peers"}},
		"A Secret with a field of a later Kubernetes.": {
			in: strings.Replace(plaintext(t), "immutable: true", "immutable: true\nlater: true", 1),
		},
		"A folder.":                            {args: []string{"-n", "peers", "--peernode", "alpha", "--keys", "DIR/keys"}},
		"A folder with a key of before in it.": {lay: previous, args: []string{"-n", "peers", "--peernode", "alpha", "--keys", "DIR/keys"}, says: "note: an envelope holds one key; left out: identity.key.previous-12D3KooWA"},
		"To recipients in a file, too.":        {in: plaintext(t), args: []string{"-R", "DIR/holders"}},
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
