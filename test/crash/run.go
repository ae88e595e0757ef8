// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/test/cluster/audit"
	"github.com/peernode/operator/test/testenv"
)

// result is what became of one run.
type result struct {
	// writes are those of the operator that was, or was not, killed.
	writes []string
	// killed is false when it came to the end of the scenario first.
	killed bool
	// states are the ends of When and Afterwards.
	states []State
	err    error
}

// run plays a scenario, kills the operator at write k, and lets a fresh one go on. Without want, the states are
// taken as they come; otherwise they have to be those.
func (h *Harness) run(ctx context.Context, s Scenario, k int, way Way, want []State) (res result) {
	w, err := h.world(ctx)
	if err != nil {
		return result{err: err}
	}
	defer func() {
		if res.err = h.search.judge(ctx, w, res.err); res.err != nil {
			res.err = fmt.Errorf("in namespace %s: %w", w.Namespace, res.err)
		}
	}()
	operator, err := h.start(ctx, w, s, k, way)
	if err != nil {
		return result{err: err}
	}
	defer func() { res.err = errors.Join(res.err, operator.end(), w.forget(context.WithoutCancel(ctx))) }()
	if err := h.play(ctx, w, s.Given); err != nil {
		return result{err: fmt.Errorf("lead to the beginning: %w", err)}
	}
	precious, err := w.precious(ctx)
	if err != nil {
		return result{err: err}
	}
	maps.DeleteFunc(precious, func(name, _ string) bool { return slices.Contains(s.Removes, name) })
	operator.wire.arm()
	if err := s.When.act(ctx, w); err != nil {
		return result{err: fmt.Errorf("act: %w", err)}
	}
	res.killed, err = h.killedOrSettled(ctx, w, s.When, operator.wire)
	res.writes = operator.wire.disarm()
	if err != nil {
		res.err = err
		return res
	}
	if res.killed {
		if res.err = operator.end(); res.err != nil {
			return res
		}
		if operator, res.err = h.start(ctx, w, s, 0, ""); res.err != nil {
			return res
		}
	}
	res.states, res.err = h.ends(ctx, w, s, 0, want, precious)
	return res
}

// world makes a namespace. It is left as it is, but for what other runs can see: the control plane ends with the tests.
func (h *Harness) world(ctx context.Context) (*World, error) {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "crash-"}}
	if err := h.env.Admin.Create(ctx, ns); err != nil {
		return nil, err
	}
	log := h.search.Logger("the operators of " + ns.Name)
	return &World{Env: h.env, Namespace: ns.Name, Log: log, notes: map[string]string{}}, nil
}

// play takes a step with an operator that nobody disturbs.
func (h *Harness) play(ctx context.Context, w *World, step Step) error {
	if err := step.act(ctx, w); err != nil {
		return err
	}
	if err := testenv.Every(ctx, pause, func() error { return step.settled(ctx, w) }); err != nil {
		return err
	}
	return h.calm(ctx, w, brief)
}

// killedOrSettled waits for one or the other.
func (h *Harness) killedOrSettled(ctx context.Context, w *World, step Step, wire *wire) (killed bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	settled := make(chan error, 1)
	go func() {
		if err := testenv.Every(ctx, pause, func() error { return step.settled(ctx, w) }); err != nil {
			settled <- fmt.Errorf("neither killed nor settled: %w", err)
			return
		}
		settled <- h.calm(ctx, w, Quiet)
	}()
	select {
	case <-wire.broken:
		return true, nil
	case err := <-settled:
		return false, err
	}
}

// ends compares the end of When and of Afterwards with want, and proves silence after each.
func (h *Harness) ends(ctx context.Context, w *World, s Scenario, catchUp time.Duration, want []State, precious map[string]string) ([]State, error) {
	var states []State
	for i, step := range []Step{s.When, s.Afterwards} {
		if i > 0 {
			if err := step.act(ctx, w); err != nil {
				return states, err
			}
		}
		var expected State
		if want != nil {
			expected = want[i]
		}
		state, err := h.end(ctx, w, step, catchUp, expected)
		if err != nil {
			return states, err
		}
		states = append(states, state)
		if s.Afterwards.Act == nil {
			states = append(states, state)
			break
		}
	}
	if !s.DeletesData {
		if err := w.kept(ctx, precious); err != nil {
			return states, err
		}
	}
	entries, err := h.log.Since(w.Namespace, 0)
	return states, errors.Join(err, trespasses(entries, s.DeletesData))
}

// end waits until the namespace is in the state that is expected, and then for silence.
func (h *Harness) end(ctx context.Context, w *World, step Step, catchUp time.Duration, expected State) (State, error) {
	var state State
	arrived := func() error {
		if err := step.settled(ctx, w); err != nil {
			return err
		}
		objects, err := w.objects(ctx)
		if err != nil {
			return err
		}
		state = w.canonical(objects)
		if expected != nil && !maps.Equal(expected, state) {
			return &otherEndError{want: expected, got: state}
		}
		return leaks(objects, step.Retained)
	}
	quiet, still := brief, max(lull, catchUp)
	if expected == nil {
		quiet, still = Quiet, Quiet
	}
	if err := testenv.Every(ctx, pause, func() error {
		if err := step.settled(ctx, w); err != nil {
			return err
		}
		if err := h.calm(ctx, w, still); err != nil {
			return err
		}
		return arrived()
	}); err != nil {
		return nil, err
	}
	before := state
	if err := h.silent(ctx, w, quiet); err != nil {
		err = errors.Join(err, arrived())
		return nil, fmt.Errorf("%w; they changed (-before +after):\n%s", err, cmp.Diff(before, state))
	}
	return state, arrived()
}

// otherEndError is told in words only when somebody reads it.
type otherEndError struct{ want, got State }

// Error is the difference.
func (o *otherEndError) Error() string {
	return "the end differs from that of an uninterrupted run (-want +got):\n" + cmp.Diff(o.want, o.got)
}

// calm waits until the operator has sent no write for a while.
func (h *Harness) calm(ctx context.Context, w *World, quiet time.Duration) error {
	mark, err := h.log.Mark(w.Namespace)
	if err != nil {
		return err
	}
	since := time.Now()
	return testenv.Every(ctx, pause, func() error {
		writes, err := h.log.Writes(w.Namespace, mark)
		if err != nil {
			return err
		}
		if len(writes) > 0 {
			since = time.Now()
			mark, err = h.log.Mark(w.Namespace)
			return errors.Join(err, fmt.Errorf("the operator still writes: %s", describe(writes)))
		}
		if silence := time.Since(since); silence < quiet {
			return fmt.Errorf("the operator has been silent for no more than %s", silence)
		}
		return nil
	})
}

// silent fails for any write of a converged operator. An event may still be on its way: events are sent beside everything else,
// and on a busy machine late. Where nothing but events is seen it looks once more.
func (h *Harness) silent(ctx context.Context, w *World, quiet time.Duration) error {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	writes, err := h.log.During(w.Namespace, quiet)
	if err == nil && len(writes) > 0 && !slices.ContainsFunc(writes, func(e audit.Entry) bool { return e.Resource != "events" }) {
		writes, err = h.log.During(w.Namespace, quiet)
	}
	if err == nil && len(writes) > 0 {
		err = fmt.Errorf("%d writes of a converged operator: %s", len(writes), describe(writes))
	}
	return err
}
