// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/canary"
)

// What these tests say of stores that behave is said against a real one in test/integration. Here are those that do
// not.

// secrets are what must never be said.
var secrets = map[string]string{
	bucket.FileAccessKeyID:     "AKIDforTheseTestsAlone",
	bucket.FileSecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	bucket.FileSessionToken:    "IQoJb3JpZ2luX2VjTheTokenOfTheseTests",
}

// brief is the patience of these tests.
var brief = bucket.Patience{Tries: 3, Try: 500 * time.Millisecond, Pause: 10 * time.Millisecond}

// folder holds the files, by name.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func credentials(t *testing.T) bucket.Credentials {
	t.Helper()
	c, err := bucket.ReadCredentials(folder(t, secrets))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve starts a store that answers as it is told, and opens a bucket in it.
func serve(t *testing.T, answer http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	return serveFor(t, brief, answer)
}

// serveFor is the same for who has other patience, serveAsked for who asks the store to encrypt.
func serveFor(t *testing.T, patience bucket.Patience, answer http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	return serveWith(t, bucket.Encryption{}, patience, answer)
}

func serveAsked(t *testing.T, asked bucket.Encryption, answer http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	return serveWith(t, asked, brief, answer)
}

func serveWith(t *testing.T, asked bucket.Encryption, patience bucket.Patience, answer http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	server := httptest.NewTLSServer(answer)
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	b, err := bucket.Open(bucket.Place{
		Endpoint: server.URL, Region: "us-east-1", Bucket: "keys", Encryption: asked,
		CAFile: filepath.Join(folder(t, map[string]string{"ca.crt": string(ca)}), "ca.crt"),
	}, credentials(t), patience)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t *testing.T, p bucket.Place) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(p, credentials(t), brief)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// says fails if the error is another one, or tells a secret.
func says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error that says %q", err, want)
		return
	}
	for name, secret := range secrets {
		if found := canary.Find([]byte(err.Error()), []byte(secret)); len(found) > 0 {
			t.Errorf("%s is told as %v: %v", name, found, err)
		}
	}
}

// refusal is an error as S3 writes it.
func refusal(status int, code, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	}
}

func TestEveryAnswerOfAStoreIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"It may not write.":             {refusal(403, "AccessDenied", ""), "the credentials may not write there; allow them s3:PutObject"},
		"The clock is wrong.":           {refusal(403, "RequestTimeTooSkewed", ""), "the clocks of this node and of the store differ too much"},
		"The token is old.":             {refusal(400, "ExpiredToken", ""), "renew the credentials' Secret"},
		"Another region.":               {refusal(301, "PermanentRedirect", ""), "the bucket is in another region"},
		"No conditions.":                {refusal(501, "NotImplemented", ""), "If-None-Match"},
		"A key that its service lacks.": {refusal(400, "KMS.NotFoundException", ""), "the store's key service has no such key"},
		"A key that is disabled.":       {refusal(400, "KMS.DisabledException", ""), "is disabled; enable it"},
		"A key that goes.":              {refusal(400, "KMS.KMSInvalidStateException", ""), "cannot be used"},
		"Too much to do.":               {refusal(503, "SlowDown", ""), "the store has too much to do"},
		"A code that nobody knows.":     {refusal(400, "InvalidWeather", "it rains"), "the store answers HTTP 400 InvalidWeather"},
		"A code that is none.":          {refusal(400, "of &lt;all&gt; sorts", ""), "the answer is HTTP 400 and not as S3 answers"},
		"A page for people.": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>Sign in</html>", http.StatusNotFound)
		}, "the answer is HTTP 404 and not as S3 answers"},
		"A page without an end.": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest); endless(w) }, "the answer is HTTP 400 and not as S3 answers"},
		"What it was told, as a code.": {func(w http.ResponseWriter, r *http.Request) {
			refusal(400, r.Header.Get("X-Amz-Security-Token"), "")(w, r)
		}, "HTTP 400"},
		"What it was told, as a text.": {func(w http.ResponseWriter, r *http.Request) { refusal(400, "Oh", fmt.Sprint(r.Header))(w, r) }, "HTTP 400 Oh"},
		"A connection that ends.":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "breaks off"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := serve(t, c.answer).Create(t.Context(), "name", []byte("{}"))
			says(t, err, c.says)
			if found {
				t.Error("it is found there")
			}
		})
	}
}

func endless(w io.Writer) {
	for page := bytes.Repeat([]byte("a"), 64<<10); ; {
		if _, err := w.Write(page); err != nil {
			return
		}
	}
}

func TestAStoreThatDoesNotAnswerEndsInTime(t *testing.T) {
	for name, wait := range map[string]func(ctx context.Context, b *bucket.Bucket) error{
		"write": func(ctx context.Context, b *bucket.Bucket) error {
			_, err := b.Create(ctx, "name", []byte("{}"))
			return err
		},
		"read": func(ctx context.Context, b *bucket.Bucket) error {
			_, err := b.Read(ctx, "name", 1<<20)
			return err
		},
	} {
		done := make(chan struct{})
		b := serve(t, func(http.ResponseWriter, *http.Request) { <-done })
		began := time.Now()
		says(t, wait(t.Context(), b), "no answer comes within 500ms; see whether the store is well")
		if took := time.Since(began); took < 1500*time.Millisecond || took > 20*time.Second {
			t.Errorf("%s: three tries of half a second took %s", name, took)
		}
		close(done)
	}
}

// An answer may be lost on its way. That an object was written by the try before shows as found, and is no error.
func TestPassingTroubleIsTriedAgain(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"The store is busy.":        refusal(503, "SlowDown", ""),
		"The store fails.":          refusal(500, "InternalError", ""),
		"Two write at once.":        refusal(409, "ConditionalRequestConflict", ""),
		"The connection is broken.": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		var tries atomic.Int32
		b := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if content, err := io.ReadAll(r.Body); err != nil || string(content) != "{}" || r.Header.Get("If-None-Match") != "*" {
				t.Errorf("%s with %s, sent is %q, %v", name, r.Header, content, err)
			}
			if tries.Add(1) == 1 {
				first(w, r)
				return
			}
			refusal(412, "PreconditionFailed", "")(w, r)
		})
		if found, err := b.Create(t.Context(), "name", []byte("{}")); !found || err != nil {
			t.Errorf("%s found: %t, %v", name, found, err)
		}
	}
}

func TestCredentialsGoWhereTheyWereMeantToGoAndNowhereFromThere(t *testing.T) {
	var elsewhere atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer thief.Close()
	for status, want := range map[int]string{301: "HTTP 301", 302: "HTTP 302", 303: "HTTP 303", 307: "which is not followed", 308: "another region"} {
		b := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL, status) })
		_, err := b.Create(t.Context(), "name", []byte("{}"))
		says(t, err, want)
		if _, err := b.Read(t.Context(), "name", 1<<20); err == nil {
			t.Errorf("HTTP %d: something was read", status)
		}
	}
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("%d requests went on to somebody else", n)
	}
}

// The pod of a Job has an environment that others may have a hand in.
func TestTheEnvironmentHasNoSay(t *testing.T) {
	var elsewhere atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer thief.Close()
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, thief.URL)
	}
	home := folder(t, map[string]string{"config": "[default]\nregion = xx-none-1\nendpoint_url = " + thief.URL, "credentials": "[default]\naws_access_key_id = other\naws_secret_access_key = other\n"})
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "credentials"))
	t.Setenv("AWS_ACCESS_KEY_ID", "other")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "other")
	t.Setenv("AWS_REGION", "xx-none-1")
	var path, authorization string
	b := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		path, authorization = r.URL.Path, r.Header.Get("Authorization")
	})
	if _, err := b.Create(t.Context(), "keys/name", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if n := elsewhere.Load(); n > 0 || path != "/keys/keys/name" {
		t.Errorf("%d requests went elsewhere, one to %q", n, path)
	}
	if !strings.Contains(authorization, "Credential="+secrets[bucket.FileAccessKeyID]+"/") || !strings.Contains(authorization, "/us-east-1/s3/") {
		t.Errorf("it was signed as %q", authorization)
	}
}

func TestABucketMayStandBeforeTheHost(t *testing.T) {
	hosts := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { hosts <- r.Host + r.URL.Path }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	b := open(t, bucket.Place{Endpoint: "http://localhost:" + port + "/", Region: "us-east-1", Bucket: "keys", VirtualHost: true, AllowHTTP: true})
	// Not every machine resolves what is below localhost.
	if _, err := b.Create(t.Context(), "name", []byte("{}")); err != nil {
		says(t, err, "keys.localhost")
		return
	}
	if got, want := <-hosts, "keys.localhost:"+port+"/name"; got != want {
		t.Errorf("the request went to %s, want %s", got, want)
	}
}

func TestWhatIsReadIsNoLongerThanAllowed(t *testing.T) {
	b := serve(t, func(w http.ResponseWriter, _ *http.Request) { endless(w) })
	content, err := b.Read(t.Context(), "name", 1000)
	if err != nil || len(content) != 1000 {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestNotBeingAllowedToReadIsToldApart(t *testing.T) {
	if _, err := serve(t, refusal(403, "AccessDenied", "")).Read(t.Context(), "name", 1000); !errors.Is(err, bucket.ErrDenied) {
		t.Errorf("got %v", err)
	}
	for _, code := range []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "NoSuchKey"} {
		if _, err := serve(t, refusal(403, code, "")).Read(t.Context(), "name", 1000); errors.Is(err, bucket.ErrDenied) || err == nil {
			t.Errorf("%s: got %v", code, err)
		}
	}
}
