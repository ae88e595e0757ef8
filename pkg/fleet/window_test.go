// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Nothing happens at the cluster when a window opens, so the plan says when to look again.
func TestAPlanThatWaitsForTheWindowSaysUntilWhen(t *testing.T) {
	opens := time.Date(2026, 11, 1, 22, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(w *world)
		peers  []string
		held   map[string]int32
		again  time.Time
	}{
		"The window is closed.":                     {func(w *world) { w.edit(image(imageV2)) }, nil, map[string]int32{"WindowOpen": 3}, opens},
		"The window is open.":                       {func(w *world) { w.edit(image(imageV2)); w.Now = opens }, []string{"alpha-2"}, map[string]int32{"CanaryReady": 2}, time.Time{}},
		"The window closes in the middle.":          {func(w *world) { w.edit(image(imageV2)); w.Now = opens; w.step(); w.Now = opens.Add(time.Hour) }, nil, map[string]int32{"WindowOpen": 2}, opens.AddDate(0, 0, 1)},
		"What is down gets the cure at any time.":   {func(w *world) { w.edit(image(imageV2)); w.goesDown("alpha-0") }, []string{"alpha-0"}, map[string]int32{"WindowOpen": 2}, opens},
		"What restarts nobody waits for no window.": {func(w *world) { w.edit(allowing(someID)) }, peerNodes(3), map[string]int32{}, time.Time{}},
		"Parked peers wait for no window.":          {func(w *world) { w.edit(image(imageV2), parked(1)) }, []string{"alpha-1"}, map[string]int32{"WindowOpen": 2}, opens},
		"Nothing waits.":                            {func(*world) {}, nil, map[string]int32{}, time.Time{}},
		"New peers are made at any time.":           {func(w *world) { w.edit(replicas(4)) }, []string{"alpha-3"}, map[string]int32{}, time.Time{}},
	} {
		w := serving(t, within("22:00", ""))
		c.change(w)
		p := w.decide()
		if diff := cmp.Diff(c.peers, touched(p)); diff != "" {
			t.Errorf("%s applied (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.held, held(p)); diff != "" {
			t.Errorf("%s held (-want +got):\n%s", name, diff)
		}
		if !p.LookAgain.Equal(c.again) {
			t.Errorf("%s to be looked at again at %s, want %s", name, p.LookAgain, c.again)
		}
	}
}
