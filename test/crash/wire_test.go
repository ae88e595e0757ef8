// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheWireBreaksWhereItShould sends a fixed list of requests through a wire that breaks at the second write.
func TestTheWireBreaksWhereItShould(t *testing.T) {
	requests := []string{"GET /a", "PATCH /a", "POST /apis/events.k8s.io/v1/namespaces/x/events", "PATCH /b", "GET /b", "PATCH /c"}
	for name, c := range map[string]struct {
		at       int
		way      Way
		arrived  []string // at the server
		answered []string // as the operator sees it
		stopped  bool     // in good order
	}{
		"nobody is killed": {
			at: 0, way: NotSent, arrived: requests, answered: requests,
		},
		"killed before the write is sent, nothing arrives any more, not even a read": {
			at: 2, way: NotSent, arrived: requests[:3], answered: requests[:3],
		},
		"killed before the answer comes, the write has arrived": {
			at: 2, way: AnswerLost, arrived: requests[:4], answered: requests[:3],
		},
		"stopped in good order, the write does not leave a cancelled context, and others still may": {
			at: 2, way: Cancelled, arrived: without(requests, 3), answered: without(requests, 3), stopped: true,
		},
		"a write that never comes kills nobody": {
			at: 4, way: NotSent, arrived: requests, answered: requests,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var arrived, answered []string
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				arrived = append(arrived, r.Method+" "+r.URL.Path)
			}))
			defer server.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := newWire(c.at, c.way, nil)
			w.stop = cancel
			w.arm()
			through := w.through(http.DefaultTransport)
			for i, request := range requests {
				method, path, _ := strings.Cut(request, " ")
				own := ctx
				if i > 3 {
					own = t.Context() // a request whose context does not hang on the manager's
				}
				r, err := http.NewRequestWithContext(own, method, server.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if answer, err := through.RoundTrip(r); err == nil {
					answered = append(answered, request)
					_ = answer.Body.Close()
				}
			}
			if diff := cmp.Diff(c.arrived, arrived); diff != "" {
				t.Errorf("arrived (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.answered, answered); diff != "" {
				t.Errorf("answered (-want +got):\n%s", diff)
			}
			if stopped := ctx.Err() != nil; stopped != c.stopped {
				t.Errorf("stopped in good order: %v, want %v", stopped, c.stopped)
			}
		})
	}
}

func TestADryRunIsNoWrite(t *testing.T) {
	if counts(httptest.NewRequest(http.MethodPost, "/api/v1/namespaces/n/secrets?dryRun=All", nil)) {
		t.Error("a dry run counts")
	}
	if !counts(httptest.NewRequest(http.MethodPost, "/api/v1/namespaces/n/secrets?fieldManager=m", nil)) {
		t.Error("a write does not count")
	}
}

func without(list []string, i int) []string { return slices.Delete(slices.Clone(list), i, i+1) }

func TestDeletionsHaveToNameTheirObject(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		ok   bool
	}{
		"UID and resourceVersion are named":          {`{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u","resourceVersion":"1"}}`, true},
		"only the UID is named":                      {`{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"}}`, false},
		"nothing is named":                           {`{"apiVersion":"v1","kind":"DeleteOptions"}`, false},
		"there is no body":                           {``, false},
		"a grace period would be a forced deletion":  {`{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u","resourceVersion":"1"}}`, false},
		"the body is that of something else":         {`{"apiVersion":"v1","kind":"Pod"}`, false},
		"the body is in no encoding that is decoded": {`<DeleteOptions/>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(0, "", nil)
			if err := w.inspect(httptest.NewRequest(http.MethodDelete, "/x", strings.NewReader(c.body))); err != nil {
				t.Fatal(err)
			}
			if err := w.found(); (err == nil) != c.ok {
				t.Errorf("found %v, want it to be fine: %v", err, c.ok)
			}
		})
	}
}
