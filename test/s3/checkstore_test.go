// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/storecheck"
	"github.com/peernode/operator/test/s3"
)

// newCheck is the pod of a Job that checks a store, with the credentials of who asks.
func newCheck(t *testing.T, store s3.Store, more ...string) *pod {
	t.Helper()
	p := newPod(t, nil, store)
	p.args = p.calls(store, "check-store", append([]string{"--name", "uid", "--multipart"}, more...)...)
	return p
}

// found is what the pod leaves when it could look.
func (p *pod) found() v1alpha1.BackupStoreFindings {
	p.Helper()
	code, last := p.runs()
	f, err := storecheck.Parse(last)
	if code != 0 || err != nil {
		p.Fatalf("exit code %d, %v: %s", code, err, last)
	}
	return f
}

// allowed are the rights of a writer of backups, and others with the objects.
func allowed(actions ...string) []s3.Statement {
	return []s3.Statement{
		{Effect: "Allow", Action: append([]string{"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"}, actions...), Resource: "arn:aws:s3:::keys/berlin/*"},
		{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: "arn:aws:s3:::keys", Condition: map[string]map[string][]string{"StringLike": {"s3:prefix": {"berlin/*"}}}},
	}
}

// asking is who may see how a bucket is set up.
var asking = s3.Statement{Effect: "Allow", Action: []string{"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"}, Resource: "arn:aws:s3:::keys"}

// well is what is found of a store of which nothing more is known than a writer sees.
var well = v1alpha1.BackupStoreFindings{
	WritesOnce: "Yes", MultipartOnce: "Yes", ReadsBack: "Yes", Lists: "Yes", Versioning: "Unknown", Encryption: "None", ObjectLock: "Unknown", MayOverwrite: "Yes", MayDelete: "No",
}

func but(change func(f *v1alpha1.BackupStoreFindings)) v1alpha1.BackupStoreFindings {
	f := well
	change(&f)
	return f
}

const object = "berlin/checks/uid"

func TestACheckFindsWhatAStoreDoesAndLeavesOneObject(t *testing.T) {
	plain := func(t *testing.T, s *s3.Server) error { t.Helper(); return s.CreateBucket(t.Context(), "keys") }
	locked := func(mode string, days int32) func(*testing.T, *s3.Server) error {
		return func(t *testing.T, s *s3.Server) error {
			t.Helper()
			return s.CreateLockedBucket(t.Context(), "keys", mode, days)
		}
	}
	versioned := func(t *testing.T, s *s3.Server) error {
		t.Helper()
		if err := plain(t, s); err != nil {
			return err
		}
		return s.KeepVersions(t.Context(), "keys")
	}
	for name, c := range map[string]struct {
		bucket func(*testing.T, *s3.Server) error
		rights []s3.Statement
		more   []string
		want   v1alpha1.BackupStoreFindings
	}{
		"A writer.": {plain, allowed(), nil, well},
		"A writer who may ask.": {plain, append(allowed(), asking), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.ObjectLock = "Off", "None"
		})},
		"Nothing in parts.": {plain, allowed(), []string{"--multipart=false"}, but(func(f *v1alpha1.BackupStoreFindings) { f.MultipartOnce = "Unknown" })},
		"Who may put alone.": {plain, []s3.Statement{{Effect: "Allow", Action: []string{"s3:PutObject"}, Resource: "arn:aws:s3:::keys/*"}}, []string{"--multipart=false"}, but(func(f *v1alpha1.BackupStoreFindings) {
			f.MultipartOnce, f.ReadsBack, f.Lists, f.Encryption = "Unknown", "No", "No", "Unknown"
		})},
		"Who may delete.": {plain, allowed("s3:DeleteObject"), nil, but(func(f *v1alpha1.BackupStoreFindings) { f.MayDelete = "Yes" })},
		"A bucket that keeps versions.": {versioned, allowed(), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.MayOverwrite = "Enabled", "Unknown"
		})},
		"A bucket that keeps versions, and who may delete them.": {versioned, allowed("s3:DeleteObject", "s3:DeleteObjectVersion"), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.MayOverwrite, f.MayDelete = "Enabled", "Unknown", "Yes"
		})},
		"A locked bucket.": {locked("COMPLIANCE", 30), append(allowed(), asking), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.MayOverwrite, f.ObjectLock, f.ObjectLockPeriod = "Enabled", "Unknown", "Compliance", "720h"
		})},
		"A bucket that others can unlock.": {locked("GOVERNANCE", 1), append(allowed(), asking), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.MayOverwrite, f.ObjectLock, f.ObjectLockPeriod = "Enabled", "Unknown", "Governance", "24h"
		})},
		"A bucket that could be locked.": {locked("", 0), append(allowed(), asking), nil, but(func(f *v1alpha1.BackupStoreFindings) {
			f.Versioning, f.MayOverwrite, f.ObjectLock = "Enabled", "Unknown", "None"
		})},
		// This store does not encrypt, and does not say so either.
		"Encryption is asked for.": {plain, allowed(), []string{"--sse", "AES256"}, well},
	} {
		t.Run(name, func(t *testing.T) {
			store := s3.Start(t)
			if err := c.bucket(t, store); err != nil {
				t.Fatal(err)
			}
			writer := store.Stranger(t, "writer")
			if err := store.SetPolicy(t.Context(), "keys", "writer", c.rights...); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if diff := cmp.Diff(c.want, newCheck(t, writer, c.more...).found()); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
				holds(t, store, map[string]string{object: storecheck.Content})
			}
			versions, marks, uploads, err := store.Leftovers(t.Context(), "keys")
			if err != nil || versions != 1 || marks > 0 || uploads > 0 {
				t.Errorf("three checks leave %d versions, %d marks of deletion and %d uploads, %v", versions, marks, uploads, err)
			}
		})
	}
}

// A spec that is changed while a check is on its way has another one begin beside it.
func TestChecksThatMayDeleteDoNotDisturbEachOther(t *testing.T) {
	store := s3.Start(t, "keys")
	var all sync.WaitGroup
	for range 3 {
		p := newCheck(t, store.Store)
		all.Go(func() {
			if code, last := p.runs(); code != 0 || !strings.Contains(last, " may-delete:Yes") {
				t.Errorf("exit code %d: %s", code, last)
			}
		})
	}
	all.Wait()
	holds(t, store, map[string]string{object: storecheck.Content})
}

// Such a user leaves a version at every check, and learns of it by them.
func TestWhoMayOnlyPutLearnsThatVersionsAreKept(t *testing.T) {
	store := s3.Start(t, "keys")
	if err := store.KeepVersions(t.Context(), "keys"); err != nil {
		t.Fatal(err)
	}
	writer := store.User(t, "writer", "keys", "s3:PutObject")
	want := but(func(f *v1alpha1.BackupStoreFindings) {
		f.MultipartOnce, f.ReadsBack, f.Lists, f.Encryption, f.Versioning = "Unknown", "No", "No", "Unknown", "Enabled"
	})
	if diff := cmp.Diff(want, newCheck(t, writer, "--multipart=false").found()); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

// Amazon's store takes a name that was deleted for free, so the object comes back. This one does not, and keeps it hidden.
func TestWhoMayDeleteButNoVersionsIsFoundOutWhereTheyAreKept(t *testing.T) {
	store := s3.Start(t, "keys")
	writer := store.Stranger(t, "writer")
	if err := store.KeepVersions(t.Context(), "keys"); err != nil {
		t.Fatal(err)
	}
	if err := store.SetPolicy(t.Context(), "keys", "writer", allowed("s3:DeleteObject")...); err != nil {
		t.Fatal(err)
	}
	want := but(func(f *v1alpha1.BackupStoreFindings) {
		f.Versioning, f.MayOverwrite, f.MayDelete = "Enabled", "Unknown", "Yes"
	})
	if diff := cmp.Diff(want, newCheck(t, writer).found()); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestWhatStandsAgainstACheckIsSaid(t *testing.T) {
	store, stranger := s3.Start(t, "keys"), s3.Start(t)
	half := store.User(t, "half", "keys", "s3:PutObject")
	other := store.Store
	other.CA = stranger.CA
	for name, c := range map[string]struct {
		store s3.Store
		more  []string
		says  string
	}{
		"Credentials that may nothing.":    {store: store.Stranger(t, "nobody"), says: "the credentials may not write there; allow them s3:PutObject"},
		"Parts that cannot be taken back.": {store: half, says: "so parts would pile up there; allow them s3:AbortMultipartUpload"},
		"A wrong secret.":                  {store: store.As(store.AccessKey, "a-secret-that-is-another"), says: "the secret access key is not that of the access key"},
		"An unknown access key.":           {store: store.As("stranger", store.SecretKey), says: "the store does not know the access key"},
		"No bucket.":                       {store: store.Store, more: []string{"--bucket", "none"}, says: "check the store: write to bucket none at " + store.Endpoint + ": there is no such bucket; create it"},
		"Another region.":                  {store: store.Store, more: []string{"--region", "eu-west-1"}, says: "the region is not the store's"},
		"A store of another authority.":    {store: other, says: "its certificate is of an unknown authority; name the authority's certificate"},
		"A host that does not exist.":      {store: store.Store, more: []string{"--endpoint", "https://none.invalid"}, says: " none.invalid"},
		"A name that is a path.":           {store: store.Store, more: []string{"--name", "../uid"}, says: `the name "../uid" is not one of up to 128 letters`},
		"A key without its service.":       {store: store.Store, more: []string{"--sse-kms-key-id", "a"}, says: "goes with encryption KMS alone"},
	} {
		t.Run(name, func(t *testing.T) { newCheck(t, c.store, c.more...).refused(c.says) })
	}
}

func TestSomebodyElsesObjectUnderTheNameOfTheCheckIsFoundAndLeftAlone(t *testing.T) {
	store := s3.Start(t, "keys")
	if err := store.Put(t.Context(), "keys", object, []byte("theirs")); err != nil {
		t.Fatal(err)
	}
	newCheck(t, store.Store).refused("under the name " + object + " is not what a check writes, and is not overwritten")
	holds(t, store, map[string]string{object: "theirs"})
}

// A store that does not know conditions does not refuse them either. The real one knows them, so they are taken away on the
// way to it, and its answers are its own.
func TestAStoreThatWritesOverWhatIsThereIsFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		forgets func(r *http.Request) bool
		want    v1alpha1.BackupStoreFindings
	}{
		"It knows no conditions.": {
			func(*http.Request) bool { return true },
			but(func(f *v1alpha1.BackupStoreFindings) { f.WritesOnce, f.MultipartOnce = "No", "No" }),
		},
		"It knows none for uploads in parts.": {
			func(r *http.Request) bool { return r.Method == http.MethodPost },
			but(func(f *v1alpha1.BackupStoreFindings) { f.MultipartOnce = "No" }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := s3.Start(t, "keys")
			writer := store.Stranger(t, "writer")
			if err := store.SetPolicy(t.Context(), "keys", "writer", allowed()...); err != nil {
				t.Fatal(err)
			}
			forgetful := forget(t, writer, c.forgets)
			for range 2 {
				if diff := cmp.Diff(c.want, newCheck(t, forgetful).found()); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			}
			holds(t, store, map[string]string{object: storecheck.Content})
		})
	}
}

// forget puts a proxy before a store that takes If-None-Match out of some requests, and signs them anew.
func forget(t *testing.T, store s3.Store, forgets func(r *http.Request) bool) s3.Store {
	t.Helper()
	to, err := url.Parse(store.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if !forgets(r.In) {
				r.Out.Host = r.In.Host
				return
			}
			r.Out.Header.Del("If-None-Match")
			who := aws.Credentials{AccessKeyID: store.AccessKey, SecretAccessKey: store.SecretKey}
			if err := v4.NewSigner().SignHTTP(r.Out.Context(), who, r.Out, r.Out.Header.Get("X-Amz-Content-Sha256"), "s3", s3.Region, time.Now(), plainPath); err != nil {
				t.Error(err)
			}
		},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}
	server := httptest.NewTLSServer(proxy)
	t.Cleanup(server.Close)
	store.Endpoint, store.CA = server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return store
}

// plainPath is how requests to S3 are signed.
func plainPath(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
