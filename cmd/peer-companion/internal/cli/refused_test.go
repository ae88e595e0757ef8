// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestWhatCannotBeDoneIsRefusedWithAReason(t *testing.T) {
	d := laid(t)
	before := d.lies()
	alpha := []string{"-n", "peers", "--peernode", "alpha"}
	keygen := func(args ...string) []string { return append([]string{"keygen"}, args...) }
	seal := func(args ...string) []string { return append([]string{"seal", "-r", "RECIPIENT"}, args...) }
	open := func(args ...string) []string {
		return append([]string{"open", "DIR/alpha.envelope", "-i", "DIR/recovery.key"}, args...)
	}
	secret := func(args ...string) []string {
		return open(append(alpha, append([]string{"--as", "secret"}, args...)...)...)
	}
	named := func(name string) func(*corev1.Secret) { return func(s *corev1.Secret) { s.Name = name } }
	with := func(data map[string][]byte) func(*corev1.Secret) { return func(s *corev1.Secret) { s.Data = data } }
	for name, c := range map[string]struct {
		in   string
		args []string
		says string
	}{
		"An unknown command.":    {args: []string{"unlock"}, says: `unknown command "unlock"`},
		"An unknown flag.":       {args: keygen("--key-type", "rsa"), says: "unknown flag: --key-type"},
		"A word that is no flag": {args: keygen("alpha"), says: `unknown command "alpha"`},

		"A recovery key without a file.": {args: []string{"recovery-key"}, says: `required flag(s) "out"`},
		"A recovery key over another.":   {args: []string{"recovery-key", "--out", "DIR/recovery.key"}, says: "recovery.key exists already and is never overwritten"},
		"A recovery key in no folder.":   {args: []string{"recovery-key", "--out", "DIR/none/recovery.key"}, says: "no such file or directory"},

		"A key of nobody.":                      {args: keygen("-r", "RECIPIENT"), says: "say whose key it is: --namespace and --peernode"},
		"A key that nobody opens.":              {args: keygen(alpha...), says: "nobody could open the envelope"},
		"A key of another type.":                {args: keygen(append(alpha, "-r", "RECIPIENT", "--type", "RSA")...), says: `identity type "RSA" is not known`},
		"A key that controls stake.":            {args: keygen(append(alpha, "-r", "RECIPIENT", "--role", "stake-controller")...), says: "never enters a cluster"},
		"A key of epoch zero.":                  {args: keygen(append(alpha, "-r", "RECIPIENT", "--epoch", "0")...), says: "epoch 0 does not exist"},
		"A key over another's envelope.":        {args: keygen(append(alpha, "-r", "RECIPIENT", "--out", "DIR/alpha.envelope")...), says: "alpha.envelope exists already"},
		"A recipient twice.":                    {args: keygen(append(alpha, "-r", "RECIPIENT", "-r", "RECIPIENT")...), says: "is there twice"},
		"A recipient that is none.":             {args: keygen(append(alpha, "-r", "RECIPIENT", "-r", "bob")...), says: "--recipient number 2: this is no recipient"},
		"A recovery key instead of its public.": {args: keygen(append(alpha, "-R", "DIR/recovery.key")...), says: "line 3: this is a private key of age"},
		"Recipients of a file that is not.":     {args: keygen(append(alpha, "-R", "DIR/none")...), says: "--recipients-file DIR/none: open"},

		"A key of a software that keeps its own.":  {in: ofAlpha(t), args: seal("--software", "custom"), says: `--software "custom" has no key files that are known; those of p2pAgent are`},
		"A key from nowhere.":                      {args: seal(), says: "standard input: there is a \"\" and not one Secret"},
		"A key that stands there bare.":            {in: line, args: seal(), says: "standard input: there is no Secret"},
		"A key that stands there as YAML.":         {in: "identity.key: " + line, args: seal(), says: "standard input: there is a \"\" and not one Secret"},
		"Many Secrets.":                            {in: "apiVersion: v1\nkind: List\nitems: []", args: seal(), says: `there is a "List" and not one Secret`},
		"A Secret of another group.":               {in: "apiVersion: v2\nkind: Secret", args: seal(), says: `there is a "Secret" and not one Secret`},
		"A Secret that is none of a key.":          {in: ofAlpha(t, named("alpha-tls")), args: seal(), says: `the Secret is named "alpha-tls"`},
		"A Secret of another PeerNode.":            {in: ofAlpha(t, named("beta-identity-1")), args: seal(), says: `peernode.dev/peernode="alpha"; on the Secret of a key it is "beta"`},
		"A Secret and a flag of two namespaces.":   {in: ofAlpha(t), args: seal("-n", "elsewhere"), says: `the Secret is in namespace "peers", --namespace says "elsewhere"`},
		"A Secret and a flag of two PeerNodes.":    {in: ofAlpha(t), args: seal("--peernode", "beta"), says: `the Secret is that of PeerNode "alpha", --peernode says "beta"`},
		"A Secret and a flag of two epochs.":       {in: ofAlpha(t), args: seal("--epoch", "2"), says: `the Secret is that of epoch 1, --epoch says 2`},
		"A Secret without a key.":                  {in: ofAlpha(t, with(nil)), args: seal(), says: "there is no identity.key"},
		"A Secret with a damaged key.":             {in: ofAlpha(t, with(map[string][]byte{"identity.key": []byte(line[:40])})), args: seal(), says: "identity.key"},
		"A Secret too large for any API server.":   {in: strings.Repeat("#\n", 3<<20), args: seal(), says: "more than a Secret can hold"},
		"A Secret for a role that must not be.":    {in: ofAlpha(t), args: seal("--role", "stake-controller"), says: "never enters a cluster"},
		"A folder that is not there.":              {args: seal(append(alpha, "--keys", "DIR/none")...), says: "no such file or directory"},
		"A folder without a key.":                  {args: seal(append(alpha, "--keys", "DIR/empty")...), says: "there is no identity.key"},
		"A folder whose owner is not said.":        {args: seal("--keys", "DIR/keys"), says: "say whose key it is"},
		"A folder of something else.":              {args: seal(append(alpha, "--keys", "DIR")...), says: "is larger than 65536 bytes; this is no folder of keys"},
		"An import to a recovery key, by mistake.": {in: ofAlpha(t), args: []string{"seal", "-R", "DIR/recovery.key"}, says: "line 3: this is a private key of age"},

		"An envelope for another peer.":       {args: open("-n", "peers", "--peernode", "beta", "--as", "secret"), says: `its binding.peerNode is "alpha", expected "beta"`},
		"An envelope for another epoch.":      {args: secret("--epoch", "2"), says: `its binding.epoch is "1", expected "2"`},
		"An envelope of another key.":         {args: secret("--expect", "12D3KooWother"), says: "expected is 12D3KooWother"},
		"An envelope for a peer unsaid.":      {args: open("--as", "secret"), says: "say whose key it is"},
		"An envelope that is not there.":      {args: []string{"open", "DIR/none", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "envelope DIR/none: open"},
		"No envelope.":                        {args: []string{"open", "-i", "DIR/recovery.key", "--as", "secret"}, says: "accepts 1 arg(s)"},
		"No recovery key.":                    {args: []string{"open", "DIR/alpha.envelope", "--as", "secret"}, says: `required flag(s) "identity"`},
		"A recovery key that is not there.":   {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/none", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "recovery key DIR/none: open"},
		"A stranger's recovery key.":          {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/stranger.key", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "none of the private keys given opens the envelope"},
		"The envelope as recovery key.":       {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/alpha.envelope", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "recovery key DIR/alpha.envelope: line 1: this is no private key"},
		"The recovery key as envelope.":       {args: []string{"open", "DIR/recovery.key", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "this is no envelope"},
		"Both from the standard input.":       {args: []string{"open", "-", "-i", "-", "-n", "peers", "--peernode", "alpha", "--as", "secret"}, says: "cannot both be the standard input"},
		"A form that does not exist.":         {args: open(append(alpha, "--as", "env")...), says: `--as "env" is neither secret nor files`},
		"Files without a folder.":             {args: open(append(alpha, "--as", "files")...), says: "needs a folder to write to"},
		"A Secret into a folder.":             {args: secret("--to", "DIR/out"), says: "leave out --to"},
		"Files over other files.":             {args: open(append(alpha, "--as", "files", "--to", "DIR/keys")...), says: "is not empty, and nothing in it is ever overwritten"},
		"Files in a folder of everybody.":     {args: open(append(alpha, "--as", "files", "--to", "DIR/wide")...), says: "has mode 0755: others could reach the key"},
		"Files in a file.":                    {args: open(append(alpha, "--as", "files", "--to", "DIR/recovery.key")...), says: "is not a folder"},
		"Files in a link to a folder.":        {args: open(append(alpha, "--as", "files", "--to", "DIR/link")...), says: "is not a folder"},
		"Files in a folder that has no home.": {args: open(append(alpha, "--as", "files", "--to", "DIR/none/keys")...), says: "no such file or directory"},
		"Files of a software without them.":   {args: open(append(alpha, "--as", "files", "--to", "DIR/out", "--software", "convex")...), says: `--software "convex" has no key files`},

		"A look at what is no envelope.":       {in: line, args: []string{"inspect", "-"}, says: "this is no envelope"},
		"A look with a stranger's key.":        {args: []string{"inspect", "DIR/alpha.envelope", "--verify", "DIR/stranger.key"}, says: "none of the private keys given"},
		"A look with both from one input.":     {args: []string{"inspect", "-", "--verify", "-"}, says: "cannot both be the standard input"},
		"A look at another key.":               {args: []string{"inspect", "DIR/alpha.envelope", "--expect", "12D3KooWother"}, says: "Do not use it"},
		"A look at an envelope with a bit off": {in: "{", args: []string{"inspect", "-"}, says: "this is no envelope"},
	} {
		code, out, errs := d.runs(c.in, c.args...)
		says := strings.ReplaceAll(c.says, "DIR", d.dir)
		if code != 1 || !strings.Contains("\n"+errs, "\nerror: ") || !strings.Contains(errs, says) {
			t.Errorf("%s exit code %d and %q, want 1 and an error that says %q", name, code, errs, says)
		}
		if out != "" {
			t.Errorf("%s a result came with the error: %s", name, out)
		}
	}
	if after := d.lies(); after != before {
		t.Errorf("before, there was\n%safter, there is\n%s", before, after)
	}
	d.keepsSilent()
}

// lies lists what lies on the desk, with its mode and size.
func (d *desk) lies() string {
	d.Helper()
	var out strings.Builder
	if err := filepath.Walk(d.dir, func(path string, info fs.FileInfo, err error) error {
		fmt.Fprintln(&out, path, info.Mode(), info.Size(), info.ModTime())
		return err
	}); err != nil {
		d.Fatal(err)
	}
	return out.String()
}

// laid is a desk with an envelope, a stranger's recovery key and folders of all sorts.
func laid(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.succeeds(ofAlpha(t), "seal", "-r", "RECIPIENT", "-o", "DIR/alpha.envelope")
	d.succeeds("", "recovery-key", "-o", "DIR/stranger.key")
	d.write("large", strings.Repeat("x", 100<<10))
	for folder, mode := range map[string]os.FileMode{"keys": 0o700, "empty": 0o700, "wide": 0o755} {
		if err := os.Mkdir(d.path(folder), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.path(folder), mode); err != nil {
			t.Fatal(err)
		}
	}
	d.write("keys/identity.key", line)
	if err := os.Symlink(d.path("empty"), d.path("link")); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestARefusedImportWritesNothing(t *testing.T) {
	d := newDesk(t)
	if code, _, _ := d.runs(line, "seal", "-r", "RECIPIENT", "--out", "DIR/alpha.envelope"); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(d.path("alpha.envelope")); err == nil {
		t.Error("an envelope was written")
	}
}

func TestAPrivateKeyIsNotShownOnATerminal(t *testing.T) {
	d := laid(t)
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine has no terminals: %v", err)
	}
	defer terminal.Close()
	var errs strings.Builder
	code := Main([]string{"open", d.path("alpha.envelope"), "-i", d.path("recovery.key"), "-n", "peers", "--peernode", "alpha", "--as", "secret"},
		Streams{In: strings.NewReader(""), Out: terminal, Err: &errs})
	if code != 1 || !strings.Contains(errs.String(), "pipe it into kubectl create -f -") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}
