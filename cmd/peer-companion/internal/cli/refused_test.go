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
	sealed, _ := d.succeeds(plaintext(t), "seal", "-r", "RECIPIENT", "--as", "secret")
	alpha := []string{"-n", "peers", "--peernode", "alpha"}
	keygen := func(args ...string) []string { return append([]string{"keygen"}, args...) }
	seal := func(args ...string) []string { return append([]string{"seal", "-r", "RECIPIENT"}, args...) }
	open := func(args ...string) []string {
		return append([]string{"open", "DIR/alpha.envelope", "-i", "DIR/recovery.key"}, args...)
	}
	opened := func(args ...string) []string {
		return open(append(alpha, append([]string{"--to", "DIR/out"}, args...)...)...)
	}
	reseal := func(args ...string) []string {
		return append([]string{"reseal", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha"}, args...)
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

		"A key of a software that keeps its own.":  {in: plaintext(t), args: seal("--software", "custom"), says: `--software "custom" has no key files that are known; those of p2pAgent are`},
		"A key from nowhere.":                      {args: seal(), says: "standard input: there is a \"\" and not one Secret"},
		"A key that stands there bare.":            {in: line, args: seal(), says: "standard input: there is no Secret"},
		"A key that stands there as YAML.":         {in: "identity.key: " + line, args: seal(), says: "standard input: there is a \"\" and not one Secret"},
		"Many Secrets.":                            {in: "apiVersion: v1\nkind: List\nitems: []", args: seal(), says: `there is a "List" and not one Secret`},
		"A Secret of another group.":               {in: "apiVersion: v2\nkind: Secret", args: seal(), says: `there is a "Secret" and not one Secret`},
		"A Secret that is none of a key.":          {in: plaintext(t, named("alpha-tls")), args: seal(), says: `the Secret is named "alpha-tls"`},
		"A Secret of another PeerNode.":            {in: plaintext(t, named("beta-identity-1")), args: seal(), says: `peernode.dev/peernode="alpha"; on the Secret of a key it is "beta"`},
		"A Secret and a flag of two namespaces.":   {in: plaintext(t), args: seal("-n", "elsewhere"), says: `the Secret is in namespace "peers", --namespace says "elsewhere"`},
		"A Secret and a flag of two PeerNodes.":    {in: plaintext(t), args: seal("--peernode", "beta"), says: `the Secret is that of PeerNode "alpha", --peernode says "beta"`},
		"A Secret and a flag of two epochs.":       {in: plaintext(t), args: seal("--epoch", "2"), says: `the Secret is that of epoch 1, --epoch says 2`},
		"A Secret with a key that is sealed.":      {in: sealed, args: seal(), says: "the key in the Secret alpha-identity-1 is sealed already; peer-companion reseal"},
		"A Secret without a key.":                  {in: plaintext(t, with(nil)), args: seal(), says: "there is no identity.key"},
		"A Secret with a damaged key.":             {in: plaintext(t, with(map[string][]byte{"identity.key": []byte(line[:40])})), args: seal(), says: "identity.key"},
		"A Secret too large for any API server.":   {in: strings.Repeat("#\n", 3<<20), args: seal(), says: "more than a Secret can hold"},
		"A Secret for a role that must not be.":    {in: plaintext(t), args: seal("--role", "stake-controller"), says: "never enters a cluster"},
		"A folder that is not there.":              {args: seal(append(alpha, "--keys", "DIR/none")...), says: "no such file or directory"},
		"A folder without a key.":                  {args: seal(append(alpha, "--keys", "DIR/empty")...), says: "there is no identity.key"},
		"A folder whose owner is not said.":        {args: seal("--keys", "DIR/keys"), says: "say whose key it is"},
		"A folder of something else.":              {args: seal(append(alpha, "--keys", "DIR")...), says: "is larger than 65536 bytes; this is no key, certificate or token"},
		"An import to a recovery key, by mistake.": {in: plaintext(t), args: []string{"seal", "-R", "DIR/recovery.key"}, says: "line 3: this is a private key of age"},

		"An envelope for another peer.":       {args: open("-n", "peers", "--peernode", "beta", "--to", "DIR/out"), says: `its binding.peerNode is "alpha", expected "beta"`},
		"An envelope for another epoch.":      {args: opened("--epoch", "2"), says: `its binding.epoch is "1", expected "2"`},
		"An envelope of another key.":         {args: opened("--expect", "12D3KooWother"), says: "expected is 12D3KooWother"},
		"An envelope for a peer unsaid.":      {args: open("--to", "DIR/out"), says: "say whose key it is"},
		"An envelope that is not there.":      {args: []string{"open", "DIR/none", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "envelope DIR/none: open"},
		"No envelope.":                        {args: []string{"open", "-i", "DIR/recovery.key", "--to", "DIR/out"}, says: "accepts 1 arg(s)"},
		"No recovery key.":                    {args: []string{"open", "DIR/alpha.envelope", "--to", "DIR/out"}, says: `required flag(s) "identity"`},
		"A recovery key that is not there.":   {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/none", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "recovery key DIR/none: open"},
		"A stranger's recovery key.":          {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/stranger.key", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "none of the private keys given opens the envelope"},
		"The envelope as recovery key.":       {args: []string{"open", "DIR/alpha.envelope", "-i", "DIR/alpha.envelope", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "recovery key DIR/alpha.envelope: line 1: this is no private key"},
		"The recovery key as envelope.":       {args: []string{"open", "DIR/recovery.key", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "this is no envelope"},
		"Both from the standard input.":       {args: []string{"open", "-", "-i", "-", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "cannot both be the standard input"},
		"A Secret with a key in plaintext.":   {in: plaintext(t), args: []string{"open", "-", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "--to", "DIR/out"}, says: "envelope -: the Secret alpha-identity-1 has no field envelope"},
		"A private key as a Secret.":          {args: opened("--as", "secret"), says: "unknown flag: --as"},
		"Files without a folder.":             {args: open(alpha...), says: `required flag(s) "to"`},
		"Files over other files.":             {args: open(append(alpha, "--to", "DIR/keys")...), says: "is not empty, and nothing in it is ever overwritten"},
		"Files in a folder of everybody.":     {args: open(append(alpha, "--to", "DIR/wide")...), says: "has mode 0755: others could reach the key"},
		"Files in a file.":                    {args: open(append(alpha, "--to", "DIR/recovery.key")...), says: "is not a folder"},
		"Files in a link to a folder.":        {args: open(append(alpha, "--to", "DIR/link")...), says: "is not a folder"},
		"Files in a folder that has no home.": {args: open(append(alpha, "--to", "DIR/none/keys")...), says: "no such file or directory"},
		"Files of a software without them.":   {args: opened("--software", "convex"), says: `--software "convex" has no key files`},

		"A form that does not exist.":            {args: keygen(append(alpha, "-r", "RECIPIENT", "--as", "env")...), says: `--as "env" is neither envelope nor secret`},
		"A form of a sealed key that is not.":    {in: plaintext(t), args: seal("--as", "files"), says: `--as "files" is neither envelope nor secret`},
		"A form of a resealed key that is not.":  {args: reseal("-r", "RECIPIENT", "--as", "files"), says: `--as "files" is neither envelope nor secret`},
		"A key resealed to nobody.":              {args: reseal(), says: "nobody could open the envelope"},
		"A key resealed to a recovery key.":      {args: reseal("-R", "DIR/recovery.key"), says: "line 3: this is a private key of age"},
		"A key resealed for another epoch.":      {args: reseal("-r", "RECIPIENT", "--epoch", "2"), says: `its binding.epoch is "1", expected "2"`},
		"A key resealed that is another.":        {args: reseal("-r", "RECIPIENT", "--expect", "12D3KooWother"), says: "expected is 12D3KooWother"},
		"A key resealed over its envelope.":      {args: reseal("-r", "RECIPIENT", "--out", "DIR/alpha.envelope"), says: "alpha.envelope exists already"},
		"A key resealed with none.":              {args: []string{"reseal", "DIR/alpha.envelope", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT"}, says: `required flag(s) "identity"`},
		"A key resealed with that of another.":   {args: []string{"reseal", "DIR/alpha.envelope", "-i", "DIR/stranger.key", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT"}, says: "none of the private keys given opens the envelope"},
		"A key resealed for another peer.":       {args: []string{"reseal", "DIR/alpha.envelope", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "beta", "-r", "RECIPIENT"}, says: `its binding.peerNode is "alpha", expected "beta"`},
		"A key resealed that lies in plaintext.": {in: plaintext(t), args: []string{"reseal", "-", "-i", "DIR/recovery.key", "-n", "peers", "--peernode", "alpha", "-r", "RECIPIENT"}, says: "has no field envelope, so it holds no sealed key"},

		"A look at what is no envelope.":       {in: line, args: []string{"inspect", "-"}, says: "this is no envelope"},
		"A look with a stranger's key.":        {args: []string{"inspect", "DIR/alpha.envelope", "--verify", "DIR/stranger.key"}, says: "none of the private keys given"},
		"A look with both from one input.":     {args: []string{"inspect", "-", "--verify", "-"}, says: "cannot both be the standard input"},
		"A look at another key.":               {args: []string{"inspect", "DIR/alpha.envelope", "--expect", "12D3KooWother"}, says: "Do not use it"},
		"A look at an envelope with a bit off": {in: "{", args: []string{"inspect", "-"}, says: "this is no envelope"},
		"A look at a key in plaintext.":        {in: plaintext(t), args: []string{"inspect", "-"}, says: "the Secret alpha-identity-1 has no field envelope"},
		"A look at no Secret.":                 {in: "apiVersion: v1\nkind: List\nitems: []", args: []string{"inspect", "-"}, says: `there is a "List" and not one Secret`},
		"A look at a Secret that is none.":     {in: "apiVersion: v1\nkind: Secret\ndata: {envelope: '?'}", args: []string{"inspect", "-"}, says: "there is no Secret"},
		"A look at a Secret with no envelope.": {in: "apiVersion: v1\nkind: Secret\ndata: {envelope: eA==}", args: []string{"inspect", "-"}, says: "this is no envelope"},
		"A look at far too much.":              {in: strings.Repeat("#\n", 3<<20), args: []string{"inspect", "-"}, says: "more than a Secret can hold"},
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
	d.succeeds(plaintext(t), "seal", "-r", "RECIPIENT", "-o", "DIR/alpha.envelope")
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
