// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/settings"
)

func TestToTell(t *testing.T) {
	write := plan.Telling{Write: true}
	later := plan.Telling{After: settings.DefaultSettle - time.Second}
	muchLater := plan.Telling{After: 4*settings.DefaultSettle - time.Second}
	capacity := func(size string) func(*v1alpha1.PeerNodeStatus) {
		return func(s *v1alpha1.PeerNodeStatus) {
			q := resource.MustParse(size)
			s.Storage = &v1alpha1.PeerStorageStatus{Capacity: &q}
		}
	}
	message := func(s *v1alpha1.PeerNodeStatus) { s.Conditions[0].Message = "news" }
	// The statuses of this test changed last at now; it is a second later.
	for name, c := range map[string]struct {
		before, next v1alpha1.PeerNodeStatus
		want         plan.Telling
	}{
		"The same is not told.":                              {up, up, plan.Telling{}},
		"The same quantity in other words is not told.":      {statusOf(serves, settled, settled, capacity("1Gi")), statusOf(serves, settled, settled, capacity("1024Mi")), plan.Telling{}},
		"The first status is told.":                          {fresh, starting, write},
		"Becoming ready is told at once.":                    {starting, up, write},
		"Ceasing to be ready is told at once.":               {up, statusOf("False WaitingForPod", "True WaitingForPod", settled, known), write},
		"A refusal is told at once.":                         {up, stuck, write},
		"Trouble is told at once.":                           {starting, statusOf("False CrashLooping", "True CrashLooping", settled), write},
		"Another trouble is told at once.":                   {crashing, statusOf("False WaitingForImage", "True WaitingForImage", settled, known), write},
		"A suspension that ends in nothing is told at once.": {statusOf("False WaitingForPod", settled, settled), statusOf("False Suspended", settled, settled), write},
		"A new generation is told at once.":                  {up, statusOf(serves, settled, settled, known, func(s *v1alpha1.PeerNodeStatus) { s.ObservedGeneration = 2 }), write},
		"A key waits for the readiness that follows it, as its StatefulSet tells of it, too.": {starting, statusOf("False WaitingForPod", "True WaitingForPod", settled, withKey), muchLater},
		"A key that was made after some trouble is told at once.":                             {statusOf("False WaitingForUnsealer", "True WaitingForUnsealer", settled), statusOf("False WaitingForUnsealer", "True WaitingForUnsealer", settled, withKey), write},
		"The next step of a smooth start waits for company.":                                  {starting, statusOf("False WaitingForVolume", "True WaitingForVolume", settled), muchLater},
		"A pod that is seen ready before its volume is seen bound is told with it.":           {starting, statusOf(serves, "True WaitingForVolume", settled), muchLater},
		"Another message waits for company.":                                                  {up, statusOf(serves, settled, settled, known, message), later},
		"A peer ID waits for the readiness that follows it.":                                  {starting, statusOf("False WaitingForPod", "True WaitingForPod", settled, func(s *v1alpha1.PeerNodeStatus) { s.Identity = &v1alpha1.PeerIdentityStatus{PeerID: peerID} }), muchLater},
		"A capacity waits for company.":                                                       {statusOf(serves, settled, settled, capacity("1Gi")), statusOf(serves, settled, settled, capacity("2Gi")), later},
	} {
		if got := plan.ToTell(c.before, c.next, now.Add(time.Second), settings.DefaultSettle); got != c.want {
			t.Errorf("%s ToTell = %+v, want %+v", name, got, c.want)
		}
	}
}

func withKey(s *v1alpha1.PeerNodeStatus) { s.Identity = recorded() }

func TestASmallChangeIsToldOnceItHasWaited(t *testing.T) {
	next := statusOf(serves, settled, settled, known, func(s *v1alpha1.PeerNodeStatus) { s.Conditions[0].Message = "news" })
	for after, want := range map[time.Duration]plan.Telling{
		0:                                        {After: settings.DefaultSettle},
		settings.DefaultSettle - time.Nanosecond: {After: time.Nanosecond},
		settings.DefaultSettle:                   {Write: true},
		time.Hour:                                {Write: true},
	} {
		if got := plan.ToTell(up, next, now.Add(after), settings.DefaultSettle); got != want {
			t.Errorf("after %s ToTell = %+v, want %+v", after, got, want)
		}
	}
}
