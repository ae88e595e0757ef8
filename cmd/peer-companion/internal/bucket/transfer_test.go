// SPDX-License-Identifier: Apache-2.0

package bucket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// patient is the patience with parts of 8 MiB.
var patient = bucket.Patience{Tries: 3, Try: 20 * time.Second, Pause: 10 * time.Millisecond}

// object is what lies in the store under a name, with the digest that a record has.
func object(content []byte) backup.Object {
	d := backup.NewDigester()
	for part := range (int64(len(content)) + backup.PartSize - 1) / backup.PartSize {
		d.Part(sha256.Sum256(content[part*backup.PartSize : min(int64(len(content)), (part+1)*backup.PartSize)]))
	}
	return backup.Object{Name: "name", Size: int64(len(content)), Digest: d.Sum()}
}

// bytesOf are some that differ from part to part.
func bytesOf(n int) []byte {
	out := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	for at := 0; at < n; at += 1 << 20 {
		out[at] = byte(at >> 20)
	}
	return out
}

// serves answers ranges of an object.
func serves(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func download(t *testing.T, b *bucket.Bucket, o backup.Object) ([]byte, error) {
	t.Helper()
	d := b.Download(t.Context(), bucket.NewLanes(3), "name", o)
	defer d.Close()
	return io.ReadAll(d)
}

func TestAnObjectIsReadInParts(t *testing.T) {
	for _, size := range []int{1, backup.PartSize - 1, backup.PartSize, backup.PartSize + 1, 3 * backup.PartSize} {
		content := bytesOf(size)
		if got, err := download(t, serveFor(t, patient, serves(content)), object(content)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("of %d bytes come %d, %v", size, len(got), err)
		}
	}
}

func TestAnObjectThatIsAnotherIsNotTaken(t *testing.T) {
	content := bytesOf(backup.PartSize + 1000)
	good := object(content)
	swapped := append(bytes.Clone(content[1000:]), content[:1000]...)
	damaged := bytes.Clone(content)
	damaged[backup.PartSize+5] ^= 1
	other := good
	other.Size = backup.PartSize
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		object backup.Object
		says   string
	}{
		"It is longer.":            {serves(append(bytes.Clone(content), 0)), good, "not as long as it was written"},
		"It is shorter.":           {serves(content[:len(content)-1]), good, "not as long as it was written"},
		"It is shorter by a part.": {serves(content[:backup.PartSize]), good, "not as long as it was written"},
		"It is empty.":             {serves(nil), good, "not as long as it was written"},
		"It has other bytes.":      {serves(swapped), good, "is not what was written: its digest is"},
		"One bit is another.":      {serves(damaged), good, "is not what was written: its digest is"},
		"The store answers another range.": {func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Range", "bytes=0-9")
			serves(content)(w, r)
		}, good, "not as long as it was written"},
		"The store knows no ranges.":         {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }, good, "not as long as it was written"},
		"The record says that it is shorter": {serves(content), other, "not as long as it was written"},
		"It is not there.":                   {refusal(404, "NoSuchKey", ""), good, "there is no such object"},
		"Its version is not there.":          {refusal(404, "NoSuchVersion", ""), good, "there is no such object"},
		"It may not be read.":                {refusal(403, "AccessDenied", ""), good, "allow them s3:GetObject, and s3:GetObjectVersion"},
		"The store fails.":                   {refusal(500, "InternalError", ""), good, "the store itself has failed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := download(t, serveFor(t, patient, c.answer), c.object)
			says(t, err, c.says)
			_, unread := errors.AsType[bucket.UnreadError](err)
			if want := strings.Contains(c.says, "s3:") || strings.Contains(c.says, "failed"); unread != want {
				t.Errorf("that it could not be read is %t: %v", unread, err)
			}
		})
	}
}

func TestTheVersionThatIsRecordedIsTheOneThatIsRead(t *testing.T) {
	content := bytesOf(1000)
	o := object(content)
	o.Version = "v/1 &c"
	var asked atomic.Int32
	b := serveFor(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("versionId") != o.Version {
			t.Errorf("asked is %s", r.URL)
		}
		asked.Add(1)
		serves(content)(w, r)
	})
	if _, err := download(t, b, o); err != nil {
		t.Error(err)
	}
	if _, err := b.Stat(t.Context(), "name", o.Version); err != nil {
		t.Error(err)
	}
	if asked.Load() != 2 {
		t.Errorf("%d requests", asked.Load())
	}
}

func TestAPartThatBreaksOffIsReadAgain(t *testing.T) {
	content := bytesOf(backup.PartSize + 100)
	var tries atomic.Int32
	b := serveFor(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if n := tries.Add(1); n > 2 {
			serves(content)(w, r)
			return
		}
		serves(content)(&cutWriter{w, 50}, r)
	})
	if got, err := download(t, b, object(content)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	always := serveFor(t, patient, func(w http.ResponseWriter, r *http.Request) { serves(content)(&cutWriter{w, 50}, r) })
	_, err := download(t, always, object(content))
	says(t, err, "breaks off again and again")
	tries.Store(0)
	never := serveFor(t, patient, func(http.ResponseWriter, *http.Request) {
		tries.Add(1)
		panic(http.ErrAbortHandler)
	})
	_, err = download(t, never, object(content[:100]))
	says(t, err, "read from bucket keys")
	if n := tries.Load(); n != 3 {
		t.Errorf("a store that never answers was asked %d times", n)
	}
}

// cutWriter ends the connection after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestAReaderThatGivesUpLeavesNothingBehind(t *testing.T) {
	content := bytesOf(5 * backup.PartSize)
	lanes := bucket.NewLanes(2)
	b := serveFor(t, patient, serves(content))
	for range 5 {
		d := b.Download(t.Context(), lanes, "name", object(content))
		if _, err := io.ReadFull(d, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		d.Close()
		if len(lanes) != cap(lanes) {
			t.Fatalf("%d lanes of %d came back", len(lanes), cap(lanes))
		}
	}
}

// multipart is a store that takes one upload. What fails is for the test to say.
type multipart struct {
	*testing.T

	mu       sync.Mutex
	parts    map[int][]byte
	object   []byte
	aborted  int
	complete func(w http.ResponseWriter, r *http.Request, try int) (done bool)
	tries    int
}

func (m *multipart) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil { // who sends has given up
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>`)
	case r.Method == http.MethodPut:
		number, _ := strconv.Atoi(q.Get("partNumber"))
		sum := sha256.Sum256(body)
		if r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]) || r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]) {
			m.Errorf("part %d is sent with %v", number, r.Header)
		}
		m.parts[number] = body
		w.Header().Set("ETag", `"e"`)
	case r.Method == http.MethodPost:
		m.tries++
		if r.Header.Get("If-None-Match") != "*" {
			m.Errorf("completed is with %v", r.Header)
		}
		if m.complete != nil && m.complete(w, r, m.tries) {
			return
		}
		m.make()
		w.Header().Set("X-Amz-Version-Id", "v1")
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
	case r.Method == http.MethodDelete:
		m.aborted++
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodHead && m.object != nil:
		w.Header().Set("Content-Length", strconv.Itoa(len(m.object)))
		digest := object(m.object).Digest
		w.Header().Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(digest[:])+"-1")
		w.Header().Set("X-Amz-Version-Id", "v1")
	default:
		refusal(404, "NoSuchKey", "")(w, r)
	}
}

func (m *multipart) make() {
	m.object = nil
	for n := 1; n <= len(m.parts); n++ {
		m.object = append(m.object, m.parts[n]...)
	}
}

func upload(b *bucket.Bucket, ctx context.Context, lanes bucket.Lanes, content []byte) (backup.Object, error) { //nolint:revive // the bucket is what is tested
	u, err := b.Upload(ctx, lanes, "name")
	if err != nil {
		return backup.Object{}, err
	}
	if _, err := io.Copy(u, struct{ io.Reader }{bytes.NewReader(content)}); err != nil {
		u.Abort()
		return backup.Object{}, err
	}
	o, err := u.Commit()
	if err != nil {
		u.Abort()
	}
	return o, err
}

func TestWhatIsUploadedHasTheDigestOfItsBytes(t *testing.T) {
	for _, size := range []int{0, 1, backup.PartSize - 1, backup.PartSize, backup.PartSize + 1, 2 * backup.PartSize, 5*backup.PartSize + 7} {
		m := &multipart{T: t, parts: map[int][]byte{}}
		b := serveFor(t, patient, m.answer)
		content, lanes := bytesOf(size), bucket.NewLanes(3)
		got, err := upload(b, t.Context(), lanes, content)
		want := object(content)
		if size == 0 { // no object of a backup is empty, and its one part is
			want.Digest = got.Digest
		}
		want.Name, want.Version = "", "v1"
		if err != nil || got != want || !bytes.Equal(m.object, content) {
			t.Errorf("%d bytes are %+v, want %+v, %v", size, got, want, err)
		}
		if len(lanes) != cap(lanes) {
			t.Errorf("%d bytes: %d lanes of %d came back", size, len(lanes), cap(lanes))
		}
	}
}

// The store has made the object, and its answer is lost: what it says to the next try is that it is there, or that it
// knows of no upload.
func TestAnObjectWhoseAnswerWasLostIsThere(t *testing.T) {
	for code, status := range map[string]int{"PreconditionFailed": 412, "NoSuchUpload": 404} {
		m := &multipart{T: t, parts: map[int][]byte{}}
		m.complete = func(w http.ResponseWriter, r *http.Request, try int) bool {
			if try == 1 {
				m.make()
				panic(http.ErrAbortHandler)
			}
			refusal(status, code, "")(w, r)
			return true
		}
		got, err := upload(serveFor(t, patient, m.answer), t.Context(), bucket.NewLanes(2), bytesOf(1000))
		if err != nil || got.Size != 1000 || got.Version != "v1" || m.aborted > 0 {
			t.Errorf("%s: %+v, %v, given up %d times", code, got, err, m.aborted)
		}
	}
}

func TestAnObjectThatSomebodyElsePutThereIsNotOurs(t *testing.T) {
	for name, there := range map[string][]byte{"It has another length.": bytesOf(999), "It has other bytes.": bytes.Repeat([]byte("x"), 1000), "It is gone again.": nil} {
		m := &multipart{T: t, parts: map[int][]byte{}, object: there}
		m.complete = func(w http.ResponseWriter, r *http.Request, _ int) bool {
			refusal(412, "PreconditionFailed", "")(w, r)
			return true
		}
		if _, err := upload(serveFor(t, patient, m.answer), t.Context(), bucket.NewLanes(2), bytesOf(1000)); err == nil || m.aborted != 1 {
			t.Errorf("%s %v, given up %d times", name, err, m.aborted)
		}
	}
}

func TestAnUploadThatIsGivenUpIsAborted(t *testing.T) {
	m := &multipart{T: t, parts: map[int][]byte{}}
	ctx, cancel := context.WithCancel(t.Context())
	lanes := bucket.NewLanes(2)
	u, err := serveFor(t, patient, m.answer).Upload(ctx, lanes, "name")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := u.Write(bytesOf(3 * backup.PartSize)); err == nil {
		t.Error("it goes on")
	}
	u.Abort()
	if m.aborted != 1 || len(lanes) != cap(lanes) {
		t.Errorf("it was given up %d times, %d lanes of %d came back", m.aborted, len(lanes), cap(lanes))
	}
}

func TestUploadsTogetherAreAsSlowAsIsWanted(t *testing.T) {
	m := &multipart{T: t, parts: map[int][]byte{}}
	fast := serveFor(t, patient, m.answer)
	const size, rate = 1 << 20, 1 << 20
	began := time.Now()
	if _, err := upload(fast, t.Context(), bucket.NewLanes(2), bytesOf(size)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 700*time.Millisecond {
		t.Skipf("this machine takes %s for %d bytes anyway", took, size)
	}
	slow := fast.Slowly(2 * rate)
	began = time.Now()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := upload(slow, t.Context(), bucket.NewLanes(2), bytesOf(size)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// Two of 1 MiB at 2 MiB per second, but for the first 64 KiB.
	if took := time.Since(began); took < 900*time.Millisecond || took > 10*time.Second {
		t.Errorf("two uploads took %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began = time.Now()
	if _, err := upload(fast.Slowly(1000), ctx, bucket.NewLanes(2), bytesOf(size)); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("one that was told to end took %s, %v", time.Since(began), err)
	}
}

func TestWhatCredentialsLackIsNamedByTheRightToGive(t *testing.T) {
	b := serveFor(t, patient, refusal(403, "AccessDenied", ""))
	_, err := b.List(t.Context(), "x")
	says(t, err, "allow them s3:ListBucket")
	_, err = b.Uploads(t.Context(), "x")
	says(t, err, "allow them s3:ListBucketMultipartUploads")
	says(t, b.AbortUpload(t.Context(), bucket.Unfinished{}), "give")
	_, err = b.Stat(t.Context(), "x", "")
	says(t, err, "allow them s3:GetObject")
	_, err = b.Upload(t.Context(), bucket.NewLanes(1), "x")
	says(t, err, "allow them s3:PutObject")
	if versions, err := b.Versions(t.Context(), "x"); err != nil || len(versions) > 0 {
		t.Errorf("who may not list versions gets %v, %v", versions, err)
	}
}

func TestVersionsAreListedFromTheOldestOn(t *testing.T) {
	pages := []string{
		`<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>2</NextVersionIdMarker><Version><Key>a</Key><VersionId>3</VersionId></Version><Version><Key>a</Key><VersionId>2</VersionId></Version>`,
		`<IsTruncated>false</IsTruncated><DeleteMarker><Key>a</Key><VersionId>d</VersionId></DeleteMarker><Version><Key>a</Key><VersionId>1</VersionId></Version><Version><Key>ab</Key><VersionId>9</VersionId></Version>`,
	}
	var page atomic.Int32
	b := serveFor(t, patient, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<ListVersionsResult>%s</ListVersionsResult>`, pages[page.Add(1)-1])
	})
	if got, err := b.Versions(t.Context(), "a"); err != nil || fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestListsGoOnForAsManyPagesAsThereAre(t *testing.T) {
	b := serveFor(t, patient, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Has("uploads") && q.Get("key-marker") == "":
			fmt.Fprint(w, `<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>p/a</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker><Upload><Key>p/a</Key><UploadId>1</UploadId></Upload></ListMultipartUploadsResult>`)
		case q.Has("uploads"):
			fmt.Fprint(w, `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>p/b</Key><UploadId>2</UploadId></Upload><Upload><Key>other</Key><UploadId>3</UploadId></Upload></ListMultipartUploadsResult>`)
		case q.Get("continuation-token") == "":
			fmt.Fprint(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>p/a</Key></Contents></ListBucketResult>`)
		default:
			fmt.Fprint(w, `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>p/b</Key></Contents></ListBucketResult>`)
		}
	})
	if names, err := b.List(t.Context(), "p/"); err != nil || fmt.Sprint(names) != "[p/a p/b]" {
		t.Errorf("%v, %v", names, err)
	}
	if uploads, err := b.Uploads(t.Context(), "p/"); err != nil || len(uploads) != 2 {
		t.Errorf("those of another prefix are given up as well: %v, %v", uploads, err)
	}
}

// A node whose clock is wrong learns the time of the store by its answers.
func TestAClockThatIsWrongIsMadeUpFor(t *testing.T) {
	for _, skew := range []time.Duration{48 * time.Hour, -48 * time.Hour} {
		storeTime := func() time.Time { return time.Now().Add(skew).UTC() }
		var tries atomic.Int32
		b := serveFor(t, patient, func(w http.ResponseWriter, r *http.Request) {
			tries.Add(1)
			w.Header().Set("Date", storeTime().Format(http.TimeFormat))
			signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			if err != nil || signed.Sub(storeTime()).Abs() > 15*time.Minute {
				refusal(403, "RequestTimeTooSkewed", "")(w, r)
			}
		})
		if _, err := b.Create(t.Context(), "name", []byte("{}")); err != nil || tries.Load() != 2 {
			t.Errorf("a clock that is wrong by %s: %v after %d tries", skew, err, tries.Load())
		}
	}
}
