// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// Trouble is what operators may have to live with, from the first request to the last, without being killed.
type Trouble struct {
	// Name appears in reports.
	Name string
	// CatchUp is how long operators may go on writing when the end is reached, because they see it that late.
	CatchUp time.Duration
	// Operators is how many work at a time, each with a way to the API server of its own.
	Operators int
	// Through stands between an operator and the API server; nil is a good connection. It is called once for each
	// operator.
	Through func(next http.RoundTripper) http.RoundTripper
}

// Endure plays a scenario under trouble and fails unless it ends as it does without. Where nothing is to be done
// without trouble, nothing may be done under it either, though a write may be tried that the API server refuses.
func (h *Harness) Endure(ctx context.Context, s Scenario, t Trouble) error {
	reference := h.reference(ctx, s)
	if reference.err != nil {
		return fmt.Errorf("without trouble: %w", reference.err)
	}
	return h.turn(ctx, early, s.Name+", under "+t.Name, func(ctx context.Context) result { return result{err: h.endure(ctx, s, t, reference)} }).err
}

func (h *Harness) endure(ctx context.Context, s Scenario, t Trouble, reference result) (err error) {
	w, err := h.world(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err = h.search.judge(ctx, w, err); err != nil {
			err = fmt.Errorf("in namespace %s: %w", w.Namespace, err)
		}
	}()
	defer func() { err = errors.Join(err, w.forget(context.WithoutCancel(ctx))) }() // After the operators have ended.
	for range t.Operators {
		operator, startErr := h.startIn(ctx, w, newWire(0, "", nil), t.Through)
		if startErr != nil {
			return startErr
		}
		defer func() { err = errors.Join(err, operator.end()) }()
	}
	if err := h.play(ctx, w, s.Given); err != nil {
		return fmt.Errorf("lead to the beginning: %w", err)
	}
	precious, err := w.precious(ctx)
	if err != nil {
		return err
	}
	mark, err := h.log.Mark(w.Namespace)
	if err != nil {
		return err
	}
	if err := s.When.act(ctx, w); err != nil {
		return fmt.Errorf("act: %w", err)
	}
	if _, err = h.ends(ctx, w, s, t.CatchUp, reference.states, precious); err != nil || len(reference.writes) > 0 {
		return err
	}
	writes, err := h.log.Writes(w.Namespace, mark)
	writes = slices.DeleteFunc(writes, func(e audit.Entry) bool { return e.Code >= http.StatusBadRequest })
	if err == nil && len(writes) > 0 {
		err = fmt.Errorf("%d writes where there are none without trouble: %s", len(writes), describe(writes))
	}
	return err
}

// LostAnswers lets every nth write be carried out without the operator learning of it. The operator lives on, and
// remembers what it remembers.
func LostAnswers(n int64) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		var sent atomic.Int64
		return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if err != nil || !writes(r) || sent.Add(1)%n != 0 {
				return answer, err
			}
			_ = answer.Body.Close()
			return nil, errors.New("the answer got lost")
		})
	}
}

// LateWatches shows an operator everything that happens, but late. With resources, only what happens to those is
// late, so that the operator sees effects before their causes.
func LateWatches(delay time.Duration, resources ...string) func(http.RoundTripper) http.RoundTripper {
	late := func(r *http.Request) bool {
		return watches(r) && (len(resources) == 0 || slices.Contains(resources, path.Base(r.URL.Path)))
	}
	return func(next http.RoundTripper) http.RoundTripper {
		return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
			answer, err := next.RoundTrip(r)
			if err == nil && late(r) && answer.StatusCode == http.StatusOK {
				answer.Body = newLateBody(answer.Body, delay)
			}
			return answer, err
		})
	}
}

// LostWatches breaks every watch after a while and refuses to go on from where it was, so that the operator has to
// list anew and never sees what happened in between. The next watch of the same objects lives twice as long: client-go
// waits twice as long each time before it lists again, and would be blind most of the time.
func LostWatches(life time.Duration) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		var mu sync.Mutex
		broken := map[string]int{}
		lives := func(path string) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			broken[path]++
			return life << (broken[path] - 1)
		}
		return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if watches(r) && resumes(r) {
				return expired(r), nil
			}
			answer, err := next.RoundTrip(r)
			if err == nil && watches(r) && answer.StatusCode == http.StatusOK {
				body := answer.Body
				time.AfterFunc(lives(r.URL.Path), func() { _ = body.Close() })
			}
			return answer, err
		})
	}
}

func watches(r *http.Request) bool {
	watch := r.URL.Query().Get("watch")
	return watch == "true" || watch == "1"
}

// resumes reports whether a watch goes on from where an earlier one ended, rather than from a list of its own.
func resumes(r *http.Request) bool { return r.URL.Query().Get("sendInitialEvents") != "true" }

// expired is what the API server answers when it no longer knows a resourceVersion.
func expired(r *http.Request) *http.Response {
	const status = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"message":"too old resource version"}`
	return &http.Response{
		StatusCode: http.StatusGone, Status: "410 Gone", Proto: r.Proto, ProtoMajor: r.ProtoMajor, Request: r,
		Header: http.Header{"Content-Type": []string{"application/json"}},
		Body:   io.NopCloser(strings.NewReader(status)), ContentLength: int64(len(status)),
	}
}
