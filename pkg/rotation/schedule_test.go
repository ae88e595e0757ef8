// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/rotation"
	"github.com/peernode/operator/pkg/timezone"
)

func TestSchedulesSayWhenTheNextKeyIsDue(t *testing.T) {
	for name, c := range map[string]struct {
		line, zone string
		since      string
		want       string // without the delay of the peer
		most       time.Duration
	}{
		"every third month":              {"0 3 1 */3 *", "", "2026-11-01T09:00:00Z", "2027-01-01T03:00:00Z", time.Hour},
		"each Sunday":                    {"30 4 * * SUN", "", "2026-11-01T09:00:00Z", "2026-11-08T04:30:00Z", time.Hour},
		"hourly":                         {"5 * * * *", "", "2026-11-01T09:00:00Z", "2026-11-01T09:05:00Z", 6 * time.Minute},
		"a key of the very moment":       {"0 9 * * *", "", "2026-11-01T09:00:00Z", "2026-11-02T09:00:00Z", time.Hour},
		"winter in Zurich":               {"0 3 * * *", "Europe/Zurich", "2026-11-01T09:00:00Z", "2026-11-02T02:00:00Z", time.Hour},
		"summer in Zurich":               {"0 3 * * *", "Europe/Zurich", "2026-07-01T09:00:00Z", "2026-07-02T01:00:00Z", time.Hour},
		"an hour that does not exist":    {"30 2 * * *", "Europe/Zurich", "2026-03-28T09:00:00Z", "2026-03-30T00:30:00Z", time.Hour},
		"a day that most years have not": {"0 0 29 2 *", "", "2026-11-01T09:00:00Z", "2028-02-29T00:00:00Z", time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			schedule, err := timezone.ParseSchedule(c.line, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			since, want := moment(t, c.since), moment(t, c.want)
			s := on(0, active)
			s.state.Epochs[0].Since, s.policy.Schedule, s.policy.Spread = since, schedule, "some peer"
			d := s.next(since)
			if late := d.Due.Sub(want); late < 0 || late >= c.most {
				t.Errorf("due at %s, want %s and less than %s more", d.Due, want, c.most)
			}
			if len(d.State.Epochs) != 1 || !d.Until.Equal(d.Due) {
				t.Errorf("before it is due: %+v", d)
			}
			if d := s.next(d.Due); len(d.State.Epochs) != 2 || d.Wait != rotation.ForKey {
				t.Errorf("when it is due: %+v", d)
			}
		})
	}
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPeersWithTheSameScheduleChangeApart(t *testing.T) {
	schedule, err := timezone.ParseSchedule("0 3 1 * *", "")
	if err != nil {
		t.Fatal(err)
	}
	due := map[time.Time]bool{}
	for _, uid := range []string{"one", "two", "three", "four"} {
		s := on(0, active)
		s.policy.Schedule, s.policy.Spread = schedule, uid
		due[s.next(now).Due] = true
	}
	if len(due) != 4 {
		t.Errorf("four peers change at %d times", len(due))
	}
}

// Two keys are let in at a time, and no third, however often the schedule says.
func TestAScheduleWaitsForTheOverlap(t *testing.T) {
	schedule, err := timezone.ParseSchedule("0 * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	s := on(0, retiring, active)
	s.policy.Schedule, s.policy.Overlap = schedule, 5*time.Hour
	if d := s.next(now.Add(3 * time.Hour)); d.Wait != rotation.ForOverlap || len(d.State.Epochs) != 2 {
		t.Errorf("in the overlap: %+v", d)
	}
	d := s.next(now.Add(5 * time.Hour))
	s.state = d.State
	if d := s.next(now.Add(5 * time.Hour)); d.Wait != rotation.ForKey {
		t.Errorf("after the overlap: %+v", d)
	}
}

func TestSchedulesThatSayNoTime(t *testing.T) {
	for name, c := range map[string]struct{ line, zone, says string }{
		"a day that no year has":       {"0 0 30 2 *", "", "never comes"},
		"an hour that no day has":      {"0 25 * * *", "", "schedule: "},
		"a month that no year has":     {"0 0 1 13 *", "", "schedule: "},
		"three fields":                 {"0 3 1", "", "schedule: "},
		"words":                        {"0 3 on every Sunday", "", "schedule: "},
		"a time zone that is none":     {"0 3 1 * *", "Europe/Atlantis", "timeZone: "},
		"the time zone of the process": {"0 3 1 * *", "Local", "timeZone: "},
		"a length of time":             {"@every 1h", "", "no line of cron"},
	} {
		if got, err := timezone.ParseSchedule(c.line, c.zone); err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v and the error %v, want one that says %q", name, got, err, c.says)
		}
	}
}
