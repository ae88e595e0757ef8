// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"slices"
	"testing"
	"time"

	"github.com/peernode/operator/test/crash"
)

// TestTroubleDoesNotChangeTheEnd plays scenarios with operators that are not killed but have much to bear.
func TestTroubleDoesNotChangeTheEnd(t *testing.T) {
	t.Parallel()
	chosen := []string{
		"create", "edit image", "grow", "suspend", "edit network: close the API, whose Service goes", "edit peers: two peers declare each other",
		"delete with Retain", "delete with Delete, then recreate", "delete and recreate at once", "recreate after Retain",
		"fleet: scale down", "fleet: scale down with Delete", "fleet: delete and recreate at once", "fleet: override single peers", "fleet: roll an image out", "fleet: take a bad template back",
	}
	for _, trouble := range []crash.Trouble{
		{Name: "a cache that is 3 s behind", Operators: 1, Through: crash.LateWatches(3 * time.Second)},
		{Name: "a cache that is further behind than the operator waits for", Operators: 1, CatchUp: 15 * time.Second, Through: crash.LateWatches(12 * time.Second)},
		{Name: "effects before their causes", Operators: 1, Through: crash.LateWatches(3*time.Second, "peernodes")},
		{Name: "two operators at once, with effects before their causes", Operators: 2, CatchUp: 15 * time.Second, Through: crash.LateWatches(3*time.Second, "peernodes")},
		{Name: "watches that break and lose events", Operators: 1, CatchUp: 15 * time.Second, Through: crash.LostWatches(4 * time.Second)},
		{Name: "every second answer lost", Operators: 1, Through: crash.LostAnswers(2)},
		{Name: "two operators at once", Operators: 2},
		{Name: "two operators at once, with caches that are behind", Operators: 2, CatchUp: 15 * time.Second, Through: crash.LateWatches(2 * time.Second)},
	} {
		t.Run(trouble.Name, func(t *testing.T) {
			t.Parallel()
			found := 0
			for _, scenario := range scenarios() {
				if !slices.Contains(chosen, scenario.Name) {
					continue
				}
				found++
				t.Run(scenario.Name, func(t *testing.T) {
					t.Parallel()
					if err := harness.Endure(t.Context(), scenario, trouble); err != nil {
						t.Error(err)
					}
				})
			}
			if found != len(chosen) {
				t.Errorf("only %d of the scenarios %q exist", found, chosen)
			}
		})
	}
}
