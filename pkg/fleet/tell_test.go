// SPDX-License-Identifier: Apache-2.0

package fleet_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/fleet"
	"github.com/peernode/operator/pkg/settings"
)

func TestToTell(t *testing.T) {
	const second, never = time.Second, -time.Second
	later := settings.DefaultSettle - second
	with := func(change func(*v1alpha1.PeerFleetStatus)) v1alpha1.PeerFleetStatus {
		return statusOf(serves, settled, settled, change)
	}
	// The last status was written a second ago.
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerFleetStatus
		want         time.Duration
	}{
		"The same is not told.": {up, up, never},
		"The same in another order is not told.": {up, with(func(s *v1alpha1.PeerFleetStatus) {
			s.Conditions[0], s.Conditions[2] = s.Conditions[2], s.Conditions[0]
		}), never},
		"The same at another time is not told.":      {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Conditions[0].LastTransitionTime = metav1.NewTime(now) }), never},
		"The first status is told at once.":          {fresh, growing, 0},
		"Becoming ready is told at once.":            {growing, up, 0},
		"Ceasing to be ready is told at once.":       {up, growing, 0},
		"A refusal is told at once.":                 {up, stuck, 0},
		"Another gate is told at once.":              {waiting, statusOf(serves, "True BudgetExhausted", settled, to("2-bb", "1-aa", 0)), 0},
		"The same reason of another status is told.": {up, statusOf("Unknown AllServing", settled, settled), 0},
		"A new spec is told at once.":                {up, with(func(s *v1alpha1.PeerFleetStatus) { s.ObservedGeneration = 4 }), 0},
		"A new template is told at once.":            {up, with(to("2-bb", "1-aa", 3)), 0},
		"The end of a rollout is told at once.":      {up, with(proven("2-bb")), 0},
		"A condition that is new is told at once.": {up, with(func(s *v1alpha1.PeerFleetStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: "MembersKnown"})
		}), 0},
		"A condition that went is told at once.": {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Conditions = s.Conditions[:2] }), 0},
		"A condition that made way is told.":     {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Conditions[2].Type = "MembersKnown" }), 0},
		"Another message waits.":                 {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Conditions[0].Message = "news" }), later},
		"Another number of peers waits.":         {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Replicas = 4 }), later},
		"Another number of ready peers waits.":   {up, with(func(s *v1alpha1.PeerFleetStatus) { s.ReadyReplicas = 2 }), later},
		"A peer more that is updated waits.":     {waiting, statusOf(serves, "True CanaryNotReady", settled, to("2-bb", "1-aa", 1)), later},
		"The oldest revision waits.":             {up, with(to("1-aa", "", 3)), later},
		"What a gate says waits.":                {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Waits = []v1alpha1.GateWait{{Gate: "BudgetKept", Peers: 1}} }), later},
		"The selector of a new version waits.":   {up, with(func(s *v1alpha1.PeerFleetStatus) { s.Selector = "a=b" }), later},
	} {
		after, news := fleet.ToTell(c.before, c.next, now, now.Add(second), settings.DefaultSettle)
		if news != (c.want != never) || news && after != c.want || !news && after != 0 {
			t.Errorf("%s ToTell = %s, %v; want %s, %v", name, after, news, c.want, c.want != never)
		}
	}
}

func TestNumbersAreToldOnceTheyHaveWaited(t *testing.T) {
	next := statusOf(serves, settled, settled, func(s *v1alpha1.PeerFleetStatus) { s.ReadyReplicas = 2 })
	for name, c := range map[string]struct {
		told time.Time
		want time.Duration
	}{
		"A status was written just now.":        {now, settings.DefaultSettle},
		"A status was written almost long ago.": {now.Add(time.Nanosecond - settings.DefaultSettle), time.Nanosecond},
		"A status was written long ago.":        {now.Add(-settings.DefaultSettle), 0},
		"A status was written yesterday.":       {now.Add(-24 * time.Hour), 0},
		"Nobody knows when, after a restart.":   {time.Time{}, 0},
	} {
		if after, news := fleet.ToTell(up, next, c.told, now, settings.DefaultSettle); !news || after != c.want {
			t.Errorf("%s ToTell = %s, %v; want %s", name, after, news, c.want)
		}
	}
}
