// SPDX-License-Identifier: Apache-2.0

package unsealing

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// Patience is how long to ask, and how often.
type Patience struct {
	// Total ends it all.
	Total time.Duration
	// First is the longest pause after the first try. It doubles with each try, up to Longest. Pauses are cut by chance,
	// by up to a half, so that peers that start at once do not ask at once again and again.
	First, Longest time.Duration
}

// NewPatience pauses between half a second and five.
func NewPatience(total time.Duration) Patience {
	return Patience{Total: total, First: time.Second, Longest: 5 * time.Second}
}

// Key asks until there is an answer: a key, or a refusal for good. When the patience is at its end, what came last is
// the answer. Each problem is told once.
func Key(ctx context.Context, c Client, envelope seal.Envelope, patience Patience, tell func(*Problem)) (identity.Key, *Problem) {
	ephemeral, err := seal.NewOpener()
	if err != nil {
		return identity.Key{}, ForGood(unseal.KeyUnwritable, err)
	}
	return again(ctx, patience, tell, func(ctx context.Context) (identity.Key, *Problem) { return c.ask(ctx, envelope, ephemeral) })
}

// again asks until there is an answer, or a problem for good.
func again[T any](ctx context.Context, patience Patience, tell func(*Problem), ask func(context.Context) (T, *Problem)) (T, *Problem) {
	ctx, cancel := context.WithTimeout(ctx, patience.Total)
	defer cancel()
	told := map[string]bool{}
	var last *Problem
	for pause := patience.First; ; pause = min(2*pause, patience.Longest) {
		answer, problem := ask(ctx)
		if problem == nil || problem.forGood {
			return answer, problem
		}
		// What was cut off by the end of our own patience says less than what came before.
		if last == nil || ctx.Err() == nil {
			last = problem
		}
		if !told[last.String()] {
			told[last.String()] = true
			tell(last)
		}
		select {
		case <-ctx.Done():
			return answer, last
		case <-time.After(pause - rand.N(pause/2)): //nolint:gosec // Anybody may foresee a pause.
		}
	}
}
