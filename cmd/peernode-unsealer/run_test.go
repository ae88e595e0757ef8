// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPeersAreSentToAnUnsealerOnceItHasPublished(t *testing.T) {
	for path, want := range map[string]map[bool]int{
		"/healthz": {false: 200, true: 200},
		"/readyz":  {false: 503, true: 200},
		"/":        {false: 404, true: 404},
	} {
		for published, status := range want {
			w := httptest.NewRecorder()
			probes(func() bool { return published }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
			if w.Code != status {
				t.Errorf("%s, published %t: got %d, want %d", path, published, w.Code, status)
			}
		}
	}
}

func TestAPartThatCannotGoOnEndsTheOthers(t *testing.T) {
	broken := errors.New("the port is taken")
	ended := false
	err := all(t.Context(), []func(context.Context) error{
		func(ctx context.Context) error { <-ctx.Done(); ended = true; return nil },
		func(context.Context) error { return broken },
	})
	if !errors.Is(err, broken) || !ended {
		t.Errorf("got %v, the other has ended: %t", err, ended)
	}
}
