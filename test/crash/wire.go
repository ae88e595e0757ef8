// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/peernode/operator/test/testenv"
)

// Way is how a write comes to nothing.
type Way string

// The ways. The first two are the death of the process, as by SIGKILL: no request leaves it any more, neither
// write nor read nor event. The third is its orderly end, as by SIGTERM, which happens to fall on that write.
const (
	NotSent    Way = "not sent"
	AnswerLost Way = "applied, answer lost"
	Cancelled  Way = "context cancelled"
)

// Ways lists them all.
func Ways() []Way { return []Way{NotSent, AnswerLost, Cancelled} }

// errDead is what every request of a dead process comes to.
var errDead = errors.New("the process is dead")

// wire is an operator's only way to the API server. It counts the writes from the moment in which it is armed,
// and ends the operator at one of them.
//
// Events are not counted: they are sent beside everything else, in no fixed order, and no step depends on one. To
// die over an event is to die before the next write, which is a way of its own.
type wire struct {
	at   int
	way  Way
	over func(method, path string) bool // nil for every write
	stop context.CancelFunc             // ends the operator in good order

	mu         sync.Mutex
	armed      bool
	dead       bool
	writes     []string
	violations []error
	broken     chan struct{}
}

func newWire(at int, way Way, over func(method, path string) bool) *wire {
	return &wire{at: at, way: way, over: over, broken: make(chan struct{})}
}

func (w *wire) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = true
}

// disarm returns the writes that were counted.
func (w *wire) disarm() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	return w.writes
}

func (w *wire) found() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.violations...)
}

func (w *wire) through(next http.RoundTripper) http.RoundTripper {
	return testenv.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if err := w.inspect(r); err != nil {
			return nil, err
		}
		breaks, dead := w.count(r)
		switch {
		case dead:
			return nil, errDead
		case !breaks:
			return next.RoundTrip(r)
		default:
			return w.sever(r, next)
		}
	})
}

// count reports whether the operator ends at this request, or has ended before it.
func (w *wire) count(r *http.Request) (breaks, dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return false, true
	}
	if !w.armed || !counts(r) || w.over != nil && !w.over(r.Method, r.URL.Path) {
		return false, false
	}
	w.writes = append(w.writes, r.Method+" "+r.URL.Path)
	if len(w.writes) != w.at {
		return false, false
	}
	w.dead = w.way != Cancelled
	close(w.broken)
	return true, false
}

func (w *wire) sever(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	switch w.way {
	case AnswerLost:
		if answer, err := next.RoundTrip(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		return nil, errDead
	case Cancelled:
		w.stop()
		select { // The manager hands the end of its context on to its workers in its own time.
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
		return next.RoundTrip(r)
	default:
		return nil, errDead
	}
}

// counts reports whether a request changes something that matters. A dry run does not: to die over one is to die before
// the next write.
func counts(r *http.Request) bool { return writes(r) && r.URL.Query().Get("dryRun") == "" }

// writes reports whether a request is sent in order to change something that matters.
func writes(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return !strings.Contains(r.URL.Path, "/events") && !strings.HasSuffix(r.URL.Path, "reviews")
	}
	return false
}

// inspect notes every deletion that does not name the one object it means. The audit log does not hold bodies.
func (w *wire) inspect(r *http.Request) error {
	if r.Method != http.MethodDelete {
		return nil
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return err
		}
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	options, err := deleteOptions(body)
	if err == nil && options.GracePeriodSeconds == nil && options.Preconditions != nil &&
		options.Preconditions.UID != nil && options.Preconditions.ResourceVersion != nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, errors.Join(fmt.Errorf("DELETE %s without UID and resourceVersion as preconditions, or with a grace period: %q", r.URL.Path, body), err))
	return nil
}

// codecs know the options of deleting Kubernetes' kinds and ours.
var codecs = sync.OnceValues(func() (serializer.CodecFactory, error) {
	scheme, err := testenv.Scheme()
	return serializer.NewCodecFactory(scheme), err
})

// deleteOptions reads a body in any of the encodings that clients choose.
func deleteOptions(body []byte) (*metav1.DeleteOptions, error) {
	known, err := codecs()
	if err != nil {
		return nil, err
	}
	decoded, _, err := known.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	options, ok := decoded.(*metav1.DeleteOptions)
	if !ok {
		return nil, fmt.Errorf("the body of a deletion is a %T", decoded)
	}
	return options, nil
}
