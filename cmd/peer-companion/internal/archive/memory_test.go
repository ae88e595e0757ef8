// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// memory is a bucket that a test can change as it likes, thousands of times in a minute. What is said of stores is
// tested against a real one, in test/s3; here it is what is made of what lies there.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[int][]byte
	begun   int
	fault   atomic.Pointer[fault]
}

// fault answers a request in the store's place, if it says true.
type fault func(w http.ResponseWriter, r *http.Request, key string) bool

// has lets a fault come over the store, nil for none.
func (m *memory) has(f fault) {
	if f == nil {
		m.fault.Store(nil)
		return
	}
	m.fault.Store(&f)
}

const inBucket = "/backups/"

// serve starts the bucket and opens it.
func (m *memory) serve(t testing.TB) *bucket.Bucket {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	b, err := bucket.Open(bucket.Place{Endpoint: server.URL, Region: "us-east-1", Bucket: "backups", AllowHTTP: true}, bucket.Credentials{},
		bucket.Patience{Tries: 3, Try: 20 * time.Second, Pause: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ServeHTTP is that of http.Handler.
func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, inBucket)
	if f := m.fault.Load(); f != nil && (*f)(w, r, key) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	q := r.URL.Query()
	switch {
	case q.Has("versions"):
		fails(w, 501, "NotImplemented")
	case r.Method == http.MethodGet && (q.Has("list-type") || q.Has("uploads")):
		m.list(w, q.Get("prefix"), q.Has("uploads"))
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		m.get(w, r, key)
	case r.Method == http.MethodDelete && !q.Has("uploadId"):
		delete(m.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete:
		delete(m.uploads, q.Get("uploadId"))
		w.WriteHeader(http.StatusNoContent)
	case q.Has("uploads"):
		m.begun++
		id := strconv.Itoa(m.begun) + " " + key
		m.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, id)
	case r.Method == http.MethodPut && q.Has("uploadId"):
		m.part(w, q, body)
	case q.Has("uploadId"):
		m.complete(w, key, q.Get("uploadId"))
	default:
		m.put(w, key, body)
	}
}

func fails(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code></Error>`, code)
}

func (m *memory) list(w http.ResponseWriter, prefix string, uploads bool) {
	names := slices.Sorted(maps.Keys(m.objects))
	element := "<Contents><Key>%s</Key><Size>%d</Size><LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>"
	if uploads {
		names, element = slices.Sorted(maps.Keys(m.uploads)), "<Upload><Key>%[2]s</Key><UploadId>%[1]s</UploadId></Upload>"
	}
	fmt.Fprint(w, "<List>")
	for _, name := range names {
		_, key, _ := strings.Cut(name, " ")
		if uploads && strings.HasPrefix(key, prefix) {
			fmt.Fprintf(w, element, name, key)
		} else if !uploads && strings.HasPrefix(name, prefix) {
			fmt.Fprintf(w, element, name, len(m.objects[name]))
		}
	}
	fmt.Fprint(w, "</List>")
}

func (m *memory) get(w http.ResponseWriter, r *http.Request, key string) {
	content, ok := m.objects[key]
	if !ok {
		fails(w, 404, "NoSuchKey")
		return
	}
	digest := backup.NewDigester()
	digest.Part(sha256.Sum256(content))
	sum := digest.Sum()
	w.Header().Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(sum[:])+"-1")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
}

func (m *memory) part(w http.ResponseWriter, q url.Values, body []byte) {
	parts, begun := m.uploads[q.Get("uploadId")]
	number, err := strconv.Atoi(q.Get("partNumber"))
	if !begun || err != nil {
		fails(w, 404, "NoSuchUpload")
		return
	}
	parts[number] = body
	w.Header().Set("ETag", `"e"`)
}

func (m *memory) put(w http.ResponseWriter, key string, content []byte) {
	if _, taken := m.objects[key]; taken {
		fails(w, 412, "PreconditionFailed")
		return
	}
	m.objects[key] = content
}

func (m *memory) complete(w http.ResponseWriter, key, id string) {
	if _, taken := m.objects[key]; taken {
		fails(w, 412, "PreconditionFailed")
		return
	}
	var content []byte
	for _, number := range slices.Sorted(maps.Keys(m.uploads[id])) {
		content = append(content, m.uploads[id][number]...)
	}
	delete(m.uploads, id)
	m.objects[key] = content
	fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
}

// copied is the same bucket, of its own.
func (m *memory) copied() *memory {
	return &memory{objects: maps.Clone(m.objects), uploads: map[string]map[int][]byte{}}
}

func newMemory() *memory {
	return &memory{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
}

// in is the archive as it lies in another bucket.
func in(a archive.Archive, b *bucket.Bucket) archive.Archive {
	a.Bucket = b
	return a
}
