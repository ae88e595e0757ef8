// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/pkg/canary"
)

// sited is a desk with all that a backup needs, but for a store: nothing listens there.
func sited(t *testing.T) (d *desk, public string) {
	t.Helper()
	d = newDesk(t)
	for _, folder := range []string{"credentials", "data", "empty"} {
		if err := os.Mkdir(d.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d.write("credentials/accessKeyID", "writer")
	d.write("credentials/secretAccessKey", "a-secret-of-the-writer\n")
	d.write("data/file", "content")
	public, _ = d.succeeds("", "signing-key", "-n", "peers", "--peernode", "alpha", "-o", "DIR/signing.key")
	d.succeeds("", "signing-key", "-n", "peers", "--peernode", "beta", "-o", "DIR/beta.key")
	return d, strings.TrimSpace(public)
}

func TestWhatCannotBeBackedUpOrRestoredIsRefusedWithAReason(t *testing.T) {
	d, public := sited(t)
	before := d.lies()
	where := []string{"--endpoint", "https://127.0.0.1:1", "--region", "us-east-1", "--bucket", "backups", "--credentials-dir", "DIR/credentials"}
	whose := append([]string{"-n", "peers", "--peernode", "alpha"}, where...)
	back := func(args ...string) []string {
		return append(append([]string{"backup", "--data", "DIR/data", "--name", "daily", "-r", "RECIPIENT", "--signing-key", "DIR/signing.key"}, whose...), args...)
	}
	read := func(command string, args ...string) []string {
		return append(append([]string{command, "--identity", "DIR/recovery.key"}, whose...), args...)
	}
	known := func(command string, args ...string) []string {
		return read(command, append([]string{"--trust", public}, args...)...)
	}
	prune := func(args ...string) []string {
		return append(append([]string{"prune", "--trust", public, "--keep-for", "720h"}, where...), args...)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"A backup of nothing.":                     {append([]string{"backup", "--name", "a", "--signing-key", "x"}, whose...), `required flag(s) "data"`},
		"A backup of nobody.":                      {append([]string{"backup", "--data", "DIR/data", "--name", "a", "--signing-key", "x"}, where...), `required flag(s) "namespace", "peernode"`},
		"A backup to nowhere.":                     {[]string{"backup", "--data", "DIR/data", "--name", "a", "--signing-key", "x", "-n", "peers", "--peernode", "alpha"}, `required flag(s) "bucket", "credentials-dir", "endpoint", "region"`},
		"A word that is no flag.":                  {back("now"), `unknown command "now"`},
		"A backup that nobody opens.":              {append([]string{"backup", "--data", "DIR/data", "--name", "a", "--signing-key", "DIR/signing.key"}, whose...), "nobody could open"},
		"A recovery key instead of its public.":    {back("-R", "DIR/recovery.key"), "this is a private key of age"},
		"A signing key that is not there.":         {back("--signing-key", "DIR/none"), "the signing key: open"},
		"A signing key that is none.":              {back("--signing-key", "DIR/recovery.key"), "the signing key: it is no private key that signs records"},
		"The signing key of another peer.":         {back("--signing-key", "DIR/beta.key"), "it is the key of peers/beta, and the records are those of peers/alpha"},
		"A pattern that is none.":                  {back("--exclude", "a["), `--exclude "a[": syntax error in pattern`},
		"A method that nobody knows.":              {back("--method", "Hot"), `--method "Hot" is neither Stopped nor Live nor Snapshot`},
		"A compression that nobody knows.":         {back("--compression", "Best"), `--compression: compression "Best" is not known: it is Fastest, Default or None`},
		"A state among the data.":                  {back("--state", "DIR/data/state"), "its name there has to begin with .peernode-, which is left out"},
		"A state in a folder of the data.":         {back("--state", "DIR/data/a/.peernode-state"), "its name there has to begin with .peernode-"},
		"No workers.":                              {back("--workers", "0"), "--workers 0: it is 1 to 64"},
		"Too many workers.":                        {back("--workers", "65"), "--workers 65: it is 1 to 64"},
		"A limit that is no number.":               {back("--limit-upload", "fast"), "--limit-upload: it is a number of bytes such as 500000, 500k or 20Mi"},
		"A limit of nothing.":                      {back("--limit-upload", "0"), "--limit-upload: it is a number of bytes"},
		"A limit below nothing.":                   {back("--limit-upload", "-5Mi"), "--limit-upload: it is a number of bytes"},
		"A limit with which nothing gets through.": {back("--limit-upload", "100Ki"), "--limit-upload 100Ki: less than 1Mi in a second is too slow for the parts of 8 MiB"},
		"An endpoint without TLS.":                 {back("--endpoint", "http://127.0.0.1:1"), "is without TLS"},
		"A prefix that leads elsewhere.":           {back("--prefix", "../keys"), `has a step ".."`},
		"Credentials that are not there.":          {back("--credentials-dir", "DIR/empty"), "the credentials have no accessKeyID"},

		"A restore to nowhere.":               {known("restore"), `required flag(s) "to"`},
		"A restore without a key.":            {append([]string{"restore", "--to", "DIR/empty", "--trust", public}, whose...), `required flag(s) "identity"`},
		"A restore that trusts everybody.":    {read("restore", "--to", "DIR/empty"), "at least one of the flags in the group [trust trust-file] is required"},
		"A restore that trusts a word.":       {read("restore", "--to", "DIR/empty", "--trust", "alpha"), `"alpha" is no public key of records`},
		"A restore that trusts another peer.": {known("restore", "--to", "DIR/empty", "--peernode", "beta"), "is the key of peers/alpha, and the records are those of peers/beta"},
		"Trust in a file that is not there.":  {read("restore", "--to", "DIR/empty", "--trust-file", "DIR/none"), "--trust-file: open"},
		"Trust in a file of something else.":  {read("restore", "--to", "DIR/empty", "--trust-file", "DIR/data/file"), `"content" is no public key of records`},
		"A number and a time.":                {known("restore", "--to", "DIR/empty", "--sequence", "1", "--at", "2026-11-27T12:00:00Z"), "[at sequence] were all set"},
		"A number below nothing.":             {known("restore", "--to", "DIR/empty", "--sequence", "-1"), "--sequence -1: backups count from 1"},
		"A time that is none.":                {known("restore", "--to", "DIR/empty", "--at", "yesterday"), `--at "yesterday" is not a time like 2026-11-27T12:00:00Z`},
		"A digest that is none.":              {known("verify", "--record-sha256", "abc"), "--record-sha256: a digest is 64 lower-case hexadecimal digits"},
		"A recovery key that is not there.":   {known("verify", "--identity", "DIR/none"), "none"},
		"The signing key as recovery key.":    {known("verify", "--identity", "DIR/signing.key"), "this is no private key of age"},

		"A removal that trusts nobody.":           {append([]string{"prune", "--keep-for", "720h"}, where...), "at least one of the flags in the group [trust trust-file] is required"},
		"A removal that trusts a word.":           {prune("--trust", "alpha"), `"alpha" is no public key of records`},
		"A removal without an age.":               {append([]string{"prune", "--trust", public}, where...), `required flag(s) "keep-for"`},
		"A removal of what is a week old.":        {prune("--keep-for", "168h"), "--keep-for 168h0m0s, --keep-last 3: each is kept for 192h, and at least the newest"},
		"A removal of all.":                       {prune("--keep-last", "0"), "--keep-last 0: each is kept for 192h, and at least the newest"},
		"A removal that keeps one of nobody.":     {prune("--keep-sequence", "7"), `--keep-sequence "7" is not NAMESPACE/NAME:NUMBER of a peer whose key is given`},
		"A removal that keeps one of another.":    {prune("--keep-sequence", "peers/beta:7"), "of a peer whose key is given"},
		"A removal that keeps what is no number.": {prune("--keep-sequence", "peers/alpha:last"), "of a peer whose key is given"},

		"A signing key of nobody.":    {[]string{"signing-key", "-o", "DIR/x"}, `required flag(s) "namespace", "peernode"`},
		"A signing key over another.": {[]string{"signing-key", "-n", "peers", "--peernode", "alpha", "-o", "DIR/signing.key"}, "signing.key exists already and is never overwritten"},
		"A signing key of two words.": {[]string{"signing-key", "-n", "peers", "--peernode", "a b", "-o", "DIR/x"}, `"peers/a b" is not the name of a peer`},
	} {
		code, out, errs := d.runs("", c.args...)
		if says := strings.ReplaceAll(c.says, "DIR", d.dir); code != 1 || !strings.Contains("\n"+errs, "\nerror: ") || !strings.Contains(errs, says) || out != "" {
			t.Errorf("%s exit code %d, %q and %q, want 1 and an error that says %q", name, code, errs, out, says)
		}
	}
	if after := d.lies(); after != before {
		t.Errorf("before, there was\n%safter, there is\n%s", before, after)
	}
	signing := d.read("signing.key")
	d.keepsSilent()
	if found := canary.Find(d.said.Bytes(), []byte(signing[len(signing)-31:len(signing)-1])); len(found) > 0 {
		t.Errorf("the signing key was shown as %v", found)
	}
}

// A machine may have more processors than workers may be asked for, and a pod without a limit sees all of them.
func TestAMachineWithManyProcessorsNeedsNoFlag(t *testing.T) {
	before := runtime.GOMAXPROCS(96)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	d, public := sited(t)
	code, _, errs := d.runs("", "verify", "-n", "peers", "--peernode", "alpha", "--endpoint", "https://127.0.0.1:1", "--region", "us-east-1",
		"--bucket", "backups", "--credentials-dir", "DIR/empty", "--identity", "DIR/recovery.key", "--trust", public)
	if code != 1 || !strings.Contains(errs, "the credentials have no accessKeyID") {
		t.Errorf("exit code %d and %q, want 1 for want of credentials, which are read after the workers are counted", code, errs)
	}
}

func TestSizesAndProgressAreForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 30: "3.0 GiB", 2 << 40: "2.0 TiB", 5000 << 40: "5000.0 TiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for want, c := range map[string]struct {
		phase             archive.Phase
		done, total, rate int64
	}{
		"beginning": {},
		"Copying: 50 %, 1.0 MiB of 2.0 MiB, 512.0 KiB/s": {archive.PhaseCopying, 1 << 20, 2 << 20, 512 << 10},
		"Checking: 5 B of 0 B, 1 B/s":                    {archive.PhaseChecking, 5, 0, 1},
	} {
		if got := progressText(c.phase, c.done, c.total, c.rate); got != want {
			t.Errorf("it is %q, want %q", got, want)
		}
	}
	for text, want := range map[string]int64{"1": 1, "500k": 500_000, "20Mi": 20 << 20, "1Gi": 1 << 30} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
}
