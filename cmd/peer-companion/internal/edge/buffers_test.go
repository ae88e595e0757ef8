// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestARequestLeavesNoBufferBehind(t *testing.T) {
	r := serve(t, newPeer(t, nil).URL, generous)
	client := r.client(local(1))
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	r.serves(client)
	const requests = 500
	before := allocated()
	for range requests {
		r.serves(client)
	}
	// Client and peer are in it as well, with less than half of a buffer.
	if each := (allocated() - before) / requests; each > buffer {
		t.Errorf("a request takes %d bytes of new memory", each)
	}
}

func TestAnswersInTheSameBuffersStayApart(t *testing.T) {
	// The second answer is shorter, so that the first one's end is still in the buffer.
	answers := map[string]string{"/api/v1/status": strings.Repeat("a", 3*buffer/2), "/api/v1/blocks": "b"}
	r := serve(t, newPeer(t, func(w http.ResponseWriter, q *http.Request) { _, _ = io.WriteString(w, answers[q.URL.Path]) }).URL, generous)
	client := r.client(local(1))
	for range 50 {
		for path, want := range answers {
			if _, got, err := get(client, path); err != nil || got != want {
				t.Fatalf("%s: %v, (-want +got):\n%s", path, err, cmp.Diff(want, got))
			}
		}
	}
}
