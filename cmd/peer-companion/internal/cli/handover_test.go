// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/seal"
)

// alphas are the flags of the key of alpha, sealed to the desk's recovery key and to n more.
func (d *desk) alphas(n int, more ...string) []string {
	d.Helper()
	args := []string{"keygen", "-n", "peers", "--peernode", "alpha", "-r", d.recipient}
	for range n {
		o, err := seal.NewOpener()
		if err != nil {
			d.Fatal(err)
		}
		args = append(args, "-r", o.Recipient().String())
	}
	return append(args, more...)
}

func TestAKeyIsHandedOverInTerminationMessages(t *testing.T) {
	for _, parts := range []int{1, 2, 3} {
		d := newDesk(t)
		messages := []string{"log-1"}
		d.write("log-1", "") // The kubelet makes these files.
		out, note := d.succeeds("", d.alphas(parts-1, "--termination-log", "DIR/log-1", "--parts", strconv.Itoa(parts), "--hand-over-dir", d.dir)...)
		if out != "" || !strings.Contains(note, "sealed the Ed25519 key of peers/alpha") {
			t.Errorf("%d parts: keygen printed %q and said %q", parts, out, note)
		}
		for i := 2; i <= parts; i++ {
			log := "log-" + strconv.Itoa(i)
			d.write(log, "")
			d.succeeds("", "hand-over", "--from", d.path(handover.PartName(i)), "--termination-log", d.path(log))
			messages = append(messages, log)
		}
		for i, log := range messages {
			messages[i] = d.read(log)
		}
		envelope, err := handover.Join(messages)
		if err != nil {
			t.Fatalf("%d parts: %v", parts, err)
		}
		openers, err := readOpeners(d.path("recovery.key"), Streams{})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := envelope.Open(seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}, openers...)
		if err != nil || !strings.Contains(note, opened.Key.Public().PeerID()) {
			t.Errorf("%d parts: %v; keygen said %q", parts, err, note)
		}
	}
}

// What goes wrong in a container is shown by the operator, which reads the last words of it and nothing else.
func TestWhatGoesWrongIsHandedOverToo(t *testing.T) {
	d := newDesk(t)
	d.write("xyz", "xyz")
	d.write("part-2", "of a run before")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"A key of nobody.":           {[]string{"keygen", "-r", "RECIPIENT"}, "error: say whose key it is"},
		"A recipient that is none.":  {d.alphas(0, "-r", "bob"), "error: --recipient number 2: this is no recipient"},
		"Too few parts.":             {d.alphas(2), "error: hand the envelope over: the envelope for 3 recipients does not fit"},
		"Too many parts.":            {d.alphas(0, "--parts", "4", "--hand-over-dir", "DIR"), "error: --parts 4: an envelope is handed over in 1 to 3 parts"},
		"No parts.":                  {d.alphas(0, "--parts", "0"), "error: --parts 0: an envelope is handed over in 1 to 3 parts"},
		"No folder for the parts.":   {d.alphas(0, "--parts", "2"), "error: --parts 2 needs a folder for all parts but the first: --hand-over-dir"},
		"A folder that is not.":      {d.alphas(0, "--parts", "2", "--hand-over-dir", "DIR/none"), "error: hand the envelope over: open DIR/none/part-2"},
		"A part of before.":          {d.alphas(0, "--parts", "2", "--hand-over-dir", "DIR"), "DIR/part-2 exists already"},
		"A Secret instead.":          {d.alphas(0, "--as", "secret"), "error: --termination-log takes the envelope alone; leave out --as"},
		"A file beside it.":          {d.alphas(0, "--out", "DIR/alpha.envelope"), "error: the envelope goes to --out or to --termination-log, not to both"},
		"A part that is not there.":  {[]string{"hand-over", "--from", "DIR/none"}, "error: part of an envelope in DIR/none: open DIR/none"},
		"Something that is no part.": {[]string{"hand-over", "--from", "DIR/xyz"}, "error: part of an envelope in DIR/xyz: it does not begin with peernode.dev/key-handover"},
	} {
		d.write("log", "from a run before, longer than what comes now"+strings.Repeat(".", 1000))
		code, out, errs := d.runs("", slices.Concat(c.args, []string{"--termination-log", "DIR/log"})...)
		says := strings.ReplaceAll(c.says, "DIR", d.dir)
		if log := d.read("log"); code != 1 || out != "" || !strings.HasPrefix(log, "error: ") || !strings.Contains(log, says) || !strings.Contains(errs, log) {
			t.Errorf("%s exit code %d, last words %q, want %q; on the standard error %q", name, code, log, says, errs)
		}
	}
	d.keepsSilent(d.read("log"))
}

func TestLastWordsThatCannotBeLeftAreAnError(t *testing.T) {
	d := newDesk(t)
	for name, args := range map[string][]string{
		"A key.":   d.alphas(0, "--termination-log", "DIR/none/log"),
		"A part.":  {"hand-over", "--from", "DIR/recovery.key", "--termination-log", "DIR/none/log"},
		"A note.":  {"keygen", "--termination-log", "DIR/none/log"},
		"No log.":  {"hand-over", "--from", "DIR/recovery.key"},
		"No file.": {"hand-over", "--termination-log", "DIR/log"},
	} {
		if code, out, errs := d.runs("", args...); code != 1 || out != "" || !strings.HasPrefix(errs, "error: ") {
			t.Errorf("%s exit code %d, %q, %q", name, code, out, errs)
		}
	}
	if _, err := os.Stat(d.path("log")); err == nil {
		t.Error("a log was left")
	}
	d.keepsSilent()
}

func TestPartsWithoutATerminationLogAreRefused(t *testing.T) {
	d := newDesk(t)
	for _, flags := range [][]string{{"--parts", "2"}, {"--hand-over-dir", d.dir}} {
		if _, _, errs := d.runs("", d.alphas(0, flags...)...); !strings.Contains(errs, "--parts and --hand-over-dir are for a hand-over, which needs --termination-log") {
			t.Errorf("%v: %s", flags, errs)
		}
	}
}
