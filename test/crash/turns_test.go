// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func inTime() bool { return false }

func TestNoRunBeginsWhileTheControlPlaneIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := true
		turns := newTurns(20, func() bool { return behind })
		running := func(want int, when string) {
			t.Helper()
			synctest.Wait()
			turns.mu.Lock()
			defer turns.mu.Unlock()
			if turns.running[killed] != want {
				t.Errorf("%s: %d runs, want %d", when, turns.running[killed], want)
			}
		}
		for range 30 {
			go func() { _ = turns.take(t.Context(), killed) }()
		}
		running(least, "behind")
		turns.give(killed)
		running(least, "behind, and one is over")
		behind = false
		turns.again()
		running(20, "in time again")
		behind = true
		turns.give(killed)
		running(19, "behind again")
		behind = false
		for range 19 {
			turns.give(killed)
		}
		running(9, "the last ones")
	})
}

func TestTurnsAreSharedByHalvesAndWhatIsLeftIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(4, inTime)
		got := func(wantEarly, wantKilled int, when string) {
			t.Helper()
			synctest.Wait()
			turns.mu.Lock()
			defer turns.mu.Unlock()
			if turns.running != [2]int{wantEarly, wantKilled} {
				t.Errorf("%s: %d early and %d killed runs, want %d and %d", when, turns.running[early], turns.running[killed], wantEarly, wantKilled)
			}
		}
		ask := func(c class, times int) {
			for range times {
				go func() {
					if err := turns.take(t.Context(), c); err != nil {
						t.Error(err)
					}
				}()
			}
			synctest.Wait()
		}
		ask(killed, 3)
		got(0, 3, "nothing else waits")
		ask(early, 3)
		got(1, 3, "all are taken")
		ask(killed, 3)
		turns.give(killed)
		got(2, 2, "early has less than its half")
		turns.give(killed)
		got(2, 2, "both have their half")
		turns.give(early)
		got(2, 2, "the third early one begins")
		turns.give(early)
		turns.give(early)
		got(0, 4, "no early one is left, and two killed ones were waiting")
	})
}

func TestWhoDoesNotWaitAnyMoreTakesNoTurn(t *testing.T) {
	turns := newTurns(1, inTime)
	if err := turns.take(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := turns.take(ctx, killed); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	turns.give(early)
	if err := turns.take(t.Context(), killed); err != nil || turns.running != [2]int{0, 1} || len(turns.waiting[killed]) > 0 {
		t.Errorf("%v; running %v, waiting %v", err, turns.running, turns.waiting)
	}
}
