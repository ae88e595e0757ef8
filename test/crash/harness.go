// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/peernode/operator/test/testenv"
)

// Quiet is how long an operator that nobody disturbs has to be silent before a state counts as an end. It is longer
// than the operator holds back small changes of a status, waits for its cache, or leaves an object alone that it
// has just set right, so that none of these passes for silence.
const Quiet = testenv.Settle + 11*time.Second

// brief is how long an operator has to be silent that has reached such an end.
const brief = testenv.Settle + 4*time.Second

// lull is how long an operator has to be silent before it is worth reading everything that it made.
const lull = testenv.Settle + time.Second

// pause lies between two looks at a run. Many runs share one API server, and on a busy one every look makes all of them
// slower.
const pause = time.Second

// limit is how long a run may take, from when its turn has come: twice as long as the longest one does. A run that goes on for
// ever has to be told by name while others come to their end.
const limit = 12 * time.Minute

// most bounds the writes of a scenario: one that goes on for ever has to fail, not to hang.
const most = 60

// Harness runs scenarios against one control plane.
type Harness struct {
	env      *testenv.Env
	log      *testenv.AuditLog
	turns    *turns
	pace     *pace
	progress *Progress
	search   *KeySearch

	mu         sync.Mutex
	references map[string]func() result
}

// NewHarness lets that many runs happen at a time. They mostly wait. Where keys show is found by a search that follows the
// environment.
func NewHarness(env *testenv.Env, parallel int, search *KeySearch) (*Harness, error) {
	log, err := env.NewAuditLog()
	pace := &pace{}
	return &Harness{
		env: env, log: log, turns: newTurns(parallel, pace.behind), pace: pace, progress: newProgress(time.Now, pace.late),
		search: search, references: map[string]func() result{},
	}, err
}

// Apart is for runs that are meant to fail: they take their turns among all others, and do not count in the progress.
func (h *Harness) Apart() *Harness {
	return &Harness{
		env: h.env, log: h.log, turns: h.turns, pace: h.pace, progress: newProgress(time.Now, h.pace.late),
		search: h.search, references: map[string]func() result{},
	}
}

// Pace keeps runs from beginning while the control plane has too much to do, until ctx ends.
func (h *Harness) Pace(ctx context.Context) error { return h.pace.follow(ctx, h.env, h.turns.again) }

// Progress is how far all runs have come.
func (h *Harness) Progress() *Progress { return h.progress }

// Report is what became of a scenario.
type Report struct {
	// Scenario is its name.
	Scenario string
	// Writes are those of the uninterrupted run, in their order.
	Writes []string
	// Points is at how many points the operator was killed.
	Points int
	// Failures are the runs that did not end as they should.
	Failures []error
}

// String is one line. Points need not be the product: two runs of a scenario may differ by a write, where one says
// in two status writes what the other says in one.
func (r Report) String() string {
	verdict := "converged"
	if len(r.Failures) > 0 {
		verdict = fmt.Sprintf("tried, %d FAILED", len(r.Failures))
	}
	return fmt.Sprintf("%s: %d writes, %d ways, %d crash points %s", r.Scenario, len(r.Writes), len(Ways()), r.Points, verdict)
}

// Run kills the operator at every write of s, in every way.
func (h *Harness) Run(ctx context.Context, s Scenario) Report {
	report := Report{Scenario: s.Name}
	reference := h.reference(ctx, s)
	if reference.err != nil {
		report.Failures = []error{fmt.Errorf("uninterrupted run: %w", reference.err)}
		return report
	}
	report.Writes = reference.writes
	for tried := range h.everyPoint(ctx, s, reference) {
		if tried.killed {
			report.Points++
		}
		if tried.err != nil {
			report.Failures = append(report.Failures, tried.err)
		}
	}
	return report
}

// reference is the uninterrupted run of a scenario. It happens once, whoever asks.
func (h *Harness) reference(ctx context.Context, s Scenario) result {
	h.mu.Lock()
	once, known := h.references[s.Name]
	if !known {
		once = sync.OnceValue(func() result {
			return h.turn(ctx, early, s.Name, func(ctx context.Context) result { return h.run(ctx, s, 0, "", nil) })
		})
		h.references[s.Name] = once
	}
	h.mu.Unlock()
	return once()
}

// everyPoint kills the operator at every write that the uninterrupted run had, and at those beyond them, one by one, until
// a run comes to its end without being killed.
func (h *Harness) everyPoint(ctx context.Context, s Scenario, reference result) <-chan result {
	out := make(chan result)
	try := func(k int, way Way) (goOn bool) {
		name := fmt.Sprintf("%s, killed at write %d (%s), %s", s.Name, k, at(reference.writes, k), way)
		tried := h.turn(ctx, killed, name, func(ctx context.Context) result { return h.run(ctx, s, k, way, reference.states) })
		if tried.err != nil {
			tried.err = fmt.Errorf("killed at write %d (%s), %s: %w", k, at(tried.writes, k), way, tried.err)
		}
		if k > most {
			tried.err = errors.Join(tried.err, fmt.Errorf("more than %d writes and no end", most))
		}
		out <- tried
		return tried.killed && tried.err == nil
	}
	var wait sync.WaitGroup
	for _, way := range Ways() {
		for k := 1; k <= len(reference.writes); k++ {
			wait.Go(func() { try(k, way) })
		}
	}
	wait.Go(func() {
		for k := len(reference.writes) + 1; try(k, NotSent); k++ {
			for _, way := range []Way{AnswerLost, Cancelled} {
				try(k, way)
			}
		}
	})
	go func() {
		wait.Wait()
		close(out)
	}()
	return out
}

func at(writes []string, k int) string {
	if k > len(writes) {
		return "not reached"
	}
	return writes[k-1]
}

// turn waits for the turn of a run, and then lets it have its time.
func (h *Harness) turn(ctx context.Context, c class, name string, run func(context.Context) result) (res result) {
	if err := h.turns.take(ctx, c); err != nil {
		return result{err: err}
	}
	defer h.turns.give(c)
	end := h.progress.begin(name)
	defer func() { end(res.err) }()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("a run may take %s", limit))
	defer cancel()
	return run(ctx)
}
