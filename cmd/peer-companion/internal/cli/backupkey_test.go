// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/keybackup"
)

// listener takes whatever is sent, and keeps it. It is a store that lies; a real one is in test/integration.
type listener struct {
	*httptest.Server

	mu    sync.Mutex
	heard []string
}

// listen starts one, and lays its certificate and credentials on the desk.
func (d *desk) listen() *listener {
	d.Helper()
	l := &listener{}
	l.Server = httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard = append(l.heard, r.Method+" "+r.URL.Path+"\n"+string(body))
	}))
	d.Cleanup(l.Close)
	d.write("ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw})))
	if err := os.Mkdir(d.path("credentials"), 0o700); err != nil {
		d.Fatal(err)
	}
	d.write("credentials/accessKeyID", "writer")
	d.write("credentials/secretAccessKey", "a-secret-of-the-writer\n")
	return l
}

func (l *listener) backsUp(more ...string) []string {
	return append([]string{"back-up-key", "--endpoint", l.URL, "--region", "us-east-1", "--bucket", "keys", "--credentials-dir", "DIR/credentials", "--ca-file", "DIR/ca.crt", "--termination-log", "DIR/log"}, more...)
}

// The one thing that this command must never do.
func TestNothingButAnEnvelopeEverLeaves(t *testing.T) {
	for name, lay := range map[string]func(d *desk) string{
		"A key in plaintext.":               func(d *desk) string { return d.write("file", line) },
		"The bytes of a key.":               func(d *desk) string { return d.write("file", string(seed)) },
		"A Secret with a key in plaintext.": func(d *desk) string { return d.write("file", plaintext(d.T)) },
		"A recovery key.":                   func(d *desk) string { return d.path("recovery.key") },
		"An envelope and then a key.":       func(d *desk) string { return d.write("file", d.read("alpha.envelope")+line) },
		"An envelope with a key in it.": func(d *desk) string {
			return d.write("file", strings.Replace(d.read("alpha.envelope"), "{", `{"key": "`+strings.TrimSpace(line)+`",`, 1))
		},
		"An envelope cut off.": func(d *desk) string { return d.write("file", d.read("alpha.envelope")[:900]) },
		"An empty file.":       func(d *desk) string { return d.write("file", "") },
		"A folder.":            func(d *desk) string { return d.path("keys") },
		"Nothing.":             func(d *desk) string { return d.path("none") },
	} {
		d := laid(t)
		l := d.listen()
		code, out, errs := d.runs("", l.backsUp("--envelope", lay(d))...)
		if code != 1 || out != "" || !strings.Contains(errs, "error: envelope ") {
			t.Errorf("%s exit code %d, %q, %q", name, code, out, errs)
		}
		if len(l.heard) > 0 {
			t.Errorf("%s this was sent: %q", name, l.heard)
		}
		if log := d.read("log"); !strings.HasPrefix(log, "error: envelope ") {
			t.Errorf("%s the last words are %q", name, log)
		}
		d.keepsSilent(d.read("log"))
	}
}

func TestWhatLeavesIsTheEnvelopeAlone(t *testing.T) {
	d := laid(t)
	l := d.listen()
	// Written otherwise, the envelope is the same, and what was between its words stays here.
	d.write("wide.envelope", strings.ReplaceAll(d.read("alpha.envelope"), "\n", "\n\t"))
	if code, _, _ := d.runs("", l.backsUp("--envelope", "DIR/wide.envelope", "--prefix", "berlin")...); code != 1 {
		t.Errorf("the store has forgotten it, and the exit code is %d", code)
	}
	if len(l.heard) != 2 || !strings.HasPrefix(l.heard[0], "PUT /keys/berlin/keys/peers/alpha/1-"+peerID+"-") || !strings.HasSuffix(l.heard[0], ".json\n"+d.read("alpha.envelope")) {
		t.Errorf("it was sent as %q", l.heard)
	}
	if log := d.read("log"); !strings.Contains(log, "is not this envelope, and is not overwritten") {
		t.Errorf("the last words are %q", log)
	}
	d.keepsSilent(l.heard...)
	if found := canary.Find([]byte(strings.Join(l.heard, "\n")+d.said.String()+d.read("log")), []byte("a-secret-of-the-writer")); len(found) > 0 {
		t.Errorf("the secret of the credentials was sent or shown as %v", found)
	}
}

func TestABackUpThatCannotBeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		more []string
		says string
	}{
		"No TLS.":                     {[]string{"--endpoint", "http://127.0.0.1:9"}, "is without TLS"},
		"Another way to address.":     {[]string{"--addressing", "path"}, `--addressing "path" is neither Path nor VirtualHost`},
		"A prefix of steps back.":     {[]string{"--prefix", "../other"}, `a step ".."`},
		"No bucket.":                  {[]string{"--bucket", ""}, "not a name that a bucket can have"},
		"Credentials not there.":      {[]string{"--credentials-dir", "DIR/empty"}, "the credentials have no accessKeyID"},
		"An authority not there.":     {[]string{"--ca-file", "DIR/none"}, "the certificates by which to know the store"},
		"Credentials in an argument.": {[]string{"--secret", "x"}, "unknown flag: --secret"},
	} {
		d := laid(t)
		l := d.listen()
		code, out, errs := d.runs("", append(l.backsUp("--envelope", "DIR/alpha.envelope"), c.more...)...)
		if code != 1 || out != "" || !strings.Contains(errs, c.says) || len(l.heard) > 0 {
			t.Errorf("%s exit code %d, %q, %q; sent: %q", name, code, out, errs, l.heard)
		}
	}
	d := laid(t)
	if _, _, errs := d.runs("", "back-up-key"); !strings.Contains(errs, `required flag(s) "bucket", "credentials-dir", "endpoint", "envelope", "region"`) {
		t.Errorf("with nothing, it says %q", errs)
	}
}

// Without a log of a container there is a person, who wants to see where it went.
func TestAPersonIsToldWhereTheCopyIs(t *testing.T) {
	d := laid(t)
	l := d.listen()
	envelope := d.read("alpha.envelope")
	l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, envelope)
		}
	})
	args := l.backsUp("--envelope", "DIR/alpha.envelope")
	args = slices.DeleteFunc(args, func(s string) bool { return s == "--termination-log" || s == "DIR/log" })
	out, _ := d.succeeds("", args...)
	receipt, err := keybackup.Parse(strings.TrimSuffix(out, "\n"))
	if err != nil || !receipt.ReadBack || !strings.HasPrefix(receipt.Object, "keys/peers/alpha/1-") {
		t.Errorf("it printed %q: %v", out, err)
	}
}
