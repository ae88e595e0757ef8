// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/handover"
)

// binary is the built program.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "peer-companion-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "peer-companion")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// shell runs a script in dir, in which peer-companion is the program.
func shell(t *testing.T, dir, script string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// story is what docs/keys.md tells people to do, without a cluster.
const story = `set -eu
umask %s
peer-companion recovery-key --out recovery.key > recovery.pub
peer-companion recovery-key --out sealing.key > unsealer.pub
peer-companion keygen --namespace peers --peernode alpha -R unsealer.pub -R recovery.pub --as secret --out alpha.secret.yaml
peer-companion inspect alpha.secret.yaml --verify recovery.key > inspected
peer-companion recovery-key --out other.key > other.pub
peer-companion reseal alpha.secret.yaml --identity recovery.key --namespace peers --peernode alpha -R other.pub -R recovery.pub --as secret > moved.yaml
cat moved.yaml | peer-companion inspect - --verify other.key > inspected.moved
test "$(grep 'peer ID' inspected)" = "$(grep 'peer ID' inspected.moved)"
peer-companion open alpha.secret.yaml --identity recovery.key --namespace peers --peernode alpha --to keys
peer-companion seal --namespace peers --peernode alpha --keys keys -R unsealer.pub -R recovery.pub --out alpha.envelope
cat alpha.envelope | peer-companion open - --identity sealing.key --namespace peers --peernode alpha --to again
cmp keys/identity.key again/identity.key
`

func TestTheProgramAsAProcess(t *testing.T) {
	for _, umask := range []string{"0022", "0000", "0077"} {
		dir := t.TempDir()
		code, stdout, stderr := shell(t, dir, fmt.Sprintf(story, umask))
		if code != 0 || stdout != "" {
			t.Fatalf("umask %s: exit code %d, stdout %q\n%s", umask, code, stdout, stderr)
		}
		for name, want := range map[string]fs.FileMode{"recovery.key": 0o600, "alpha.envelope": 0o600, "alpha.secret.yaml": 0o600, "keys": 0o700, "keys/identity.key": 0o400} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("umask %s: %s has mode %04o, want %04o", umask, name, got, want)
			}
		}
	}
}

// The containers of a Job: one makes the key, two more hand over what does not fit into its last words.
const job = `set -eu
for n in 1 2 3; do peer-companion recovery-key --out $n.key; done > recovery.pub
mkdir parts && touch log-1 log-2 log-3
peer-companion keygen --namespace peers --peernode alpha --recipients-file recovery.pub --termination-log log-1 --parts 3 --hand-over-dir parts
peer-companion hand-over --from parts/part-2 --termination-log log-2
peer-companion hand-over --from parts/part-3 --termination-log log-3
`

func TestTheProgramInAJob(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := shell(t, dir, job)
	if code != 0 || stdout != "" {
		t.Fatalf("exit code %d, stdout %q\n%s", code, stdout, stderr)
	}
	var messages []string
	for _, log := range []string{"log-3", "log-1", "log-2"} {
		text, err := os.ReadFile(filepath.Join(dir, log))
		if err != nil || len(text) > 4096 {
			t.Fatalf("%s has %d bytes, of which the kubelet keeps 4096; %v", log, len(text), err)
		}
		messages = append(messages, string(text))
	}
	envelope, err := handover.Join(messages)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "alpha.envelope"), envelope.Text(), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		open := fmt.Sprintf("peer-companion open alpha.envelope -i %d.key -n peers --peernode alpha --to keys-%[1]d", n+1)
		if code, _, stderr := shell(t, dir, open); code != 0 {
			t.Errorf("recovery key %d does not open it: %s", n+1, stderr)
		}
	}
}

func TestExitCodesAndStreams(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := shell(t, dir, "peer-companion recovery-key --out recovery.key > recovery.pub"); code != 0 {
		t.Fatal(stderr)
	}
	for name, c := range map[string]struct {
		script         string
		code           int
		stdout, stderr string
	}{
		"Help is no mistake.":                        {"peer-companion --help", 0, "Available Commands:", ""},
		"No command shows what there is.":            {"peer-companion", 0, "recovery-key", ""},
		"An envelope goes to the standard output.":   {"peer-companion keygen -n peers --peernode alpha -R recovery.pub", 0, `"format": "peernode.dev/key-envelope"`, "sealed the Ed25519 key of peers/alpha"},
		"What is wrong goes to the standard error.":  {"peer-companion keygen -n peers", 1, "", "error: say whose key it is"},
		"An unknown command is an error.":            {"peer-companion archive", 1, "", `error: unknown command "archive"`},
		"A full disk is an error.":                   {"peer-companion keygen -n peers --peernode alpha -R recovery.pub > /dev/full", 1, "", "error: write the envelope"},
		"A full disk is one for a Secret too.":       {"peer-companion keygen -n peers --peernode alpha -R recovery.pub --as secret > /dev/full", 1, "", "error: write the secret"},
		"A recovery key is never replaced.":          {"peer-companion recovery-key --out recovery.key", 1, "", "recovery.key exists already"},
		"Arguments show no private key to processes": {"peer-companion open --help", 0, "file with the private key of a recipient", ""},
	} {
		code, stdout, stderr := shell(t, dir, c.script)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s exit code %d, stdout %q, stderr %q; want %d, %q, %q", name, code, stdout, stderr, c.code, c.stdout, c.stderr)
		}
		if (c.stdout == "") != (stdout == "") || (c.stderr == "") != (stderr == "") {
			t.Errorf("%s stdout %q, stderr %q: something is where nothing should be", name, stdout, stderr)
		}
	}
}
