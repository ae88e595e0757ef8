// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/storecheck"
)

// What a check finds of a real store is tested in test/s3.

func TestACheckThatCannotBeIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		more []string
		says string
	}{
		"No TLS.":                        {[]string{"--endpoint", "http://127.0.0.1:9"}, "is without TLS"},
		"A name that is a path.":         {[]string{"--name", "a/b"}, `the name "a/b" is not one of up to 128 letters, digits and hyphens`},
		"A prefix of steps back.":        {[]string{"--prefix", "../other"}, `a step ".."`},
		"Another way to address.":        {[]string{"--addressing", "path"}, `--addressing "path" is neither Path nor VirtualHost`},
		"Another way to encrypt.":        {[]string{"--sse", "rot13"}, `encryption "rot13" is neither AES256 nor KMS`},
		"Credentials that are not there": {[]string{"--credentials-dir", "DIR/empty"}, "the credentials have no accessKeyID"},
	} {
		d := laid(t)
		l := d.listen()
		code, out, errs := d.runs("", append(l.checks(), c.more...)...)
		if code != 1 || out != "" || !strings.Contains(errs, c.says) || len(l.heard) > 0 {
			t.Errorf("%s exit code %d, %q, %q; sent: %q", name, code, out, errs, l.heard)
		}
		if log := d.read("log"); !strings.HasPrefix(log, "error: ") || !strings.Contains(log, c.says) {
			t.Errorf("%s the last words are %q", name, log)
		}
	}
	d := laid(t)
	if _, _, errs := d.runs("", "check-store"); !strings.Contains(errs, `required flag(s) "bucket", "credentials-dir", "endpoint", "name", "region"`) {
		t.Errorf("with nothing, it says %q", errs)
	}
}

func (l *listener) checks() []string {
	return []string{"check-store", "--name", "uid", "--endpoint", l.URL, "--region", "us-east-1", "--bucket", "keys", "--credentials-dir", "DIR/credentials", "--ca-file", "DIR/ca.crt", "--termination-log", "DIR/log"}
}

// Without a log of a container there is a person, who tries a store by hand.
func TestAPersonIsToldWhatWasFound(t *testing.T) {
	d := laid(t)
	l := d.listen()
	written := 0
	l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPut && r.Header.Get("If-None-Match") == "*":
			if written++; written > 1 {
				w.WriteHeader(http.StatusPreconditionFailed)
				fmt.Fprint(w, `<Error><Code>PreconditionFailed</Code></Error>`)
			}
		case r.Method == http.MethodGet && r.URL.Path == "/keys/checks/uid":
			fmt.Fprint(w, storecheck.Content)
		case r.URL.Query().Get("prefix") == "checks/":
			fmt.Fprint(w, `<ListBucketResult><Contents><Key>checks/uid</Key></Contents></ListBucketResult>`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code></Error>`)
		}
	})
	out, _ := d.succeeds("", l.checks()[:len(l.checks())-2]...)
	const want = "peernode.dev/store-check v1 writes-once:Yes multipart-once:Unknown reads-back:Yes lists:Yes versioning:Unknown encryption:None object-lock:Unknown may-overwrite:No may-delete:No\n"
	if out != want {
		t.Errorf("it printed\n%swant\n%s", out, want)
	}
	if found := canary.Find([]byte(out+d.said.String()), []byte("a-secret-of-the-writer")); len(found) > 0 {
		t.Errorf("the secret of the credentials was shown as %v", found)
	}
}
