// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/gate"
)

func TestWindow(t *testing.T) {
	nightly := v1alpha1.MaintenanceWindow{Start: "22:00", Duration: "4h"}
	weekly := v1alpha1.MaintenanceWindow{Start: "02:30", Duration: "90m", Days: []string{"Sunday"}, TimeZone: "Europe/Zurich"}
	allDay := v1alpha1.MaintenanceWindow{Start: "00:00", Duration: "24h", Days: []string{"Saturday", "Sunday"}}
	for name, c := range map[string]struct {
		window *v1alpha1.MaintenanceWindow
		now    string
		opens  string // "" for open
	}{
		"Without a window it is always open.":           {nil, "2026-11-21T12:00:00Z", ""},
		"It opens on the minute.":                       {&nightly, "2026-11-21T22:00:00Z", ""},
		"A moment before, it is closed.":                {&nightly, "2026-11-21T21:59:59Z", "2026-11-21T22:00:00Z"},
		"It stays open over midnight.":                  {&nightly, "2026-11-22T01:59:59Z", ""},
		"It closes on the minute.":                      {&nightly, "2026-11-22T02:00:00Z", "2026-11-22T22:00:00Z"},
		"It opens by the clock of its zone.":            {&weekly, "2026-11-22T01:30:00Z", ""}, // UTC+1
		"The clock of its zone is another in summer.":   {&weekly, "2026-07-05T00:30:00Z", ""}, // UTC+2
		"On other days it is closed.":                   {&weekly, "2026-11-21T01:45:00Z", "2026-11-22T01:30:00Z"},
		"Right after it closes, it opens in a week.":    {&weekly, "2026-11-22T03:00:00Z", "2026-11-29T01:30:00Z"},
		"A week may be an hour longer than seven days.": {&weekly, "2026-10-18T03:00:00Z", "2026-10-25T01:30:00Z"},
		"A weekend is open from its first minute.":      {&allDay, "2026-11-21T00:00:00Z", ""},
		"A weekend is open from one day to the other.":  {&allDay, "2026-11-22T00:00:00Z", ""},
		"A weekend ends.":                               {&allDay, "2026-11-23T00:00:00Z", "2026-11-28T00:00:00Z"},
	} {
		window, err := gate.NewWindow(c.window)
		if err != nil {
			t.Fatalf("%s %v", name, err)
		}
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if opens := window.Opens(now); !opens.IsZero() {
			got = opens.UTC().Format(time.RFC3339)
		}
		if got != c.opens {
			t.Errorf("%s At %s it opens at %q, want %q", name, c.now, got, c.opens)
		}
	}
}

func TestWrongWindowsAreRefused(t *testing.T) {
	for name, w := range map[string]v1alpha1.MaintenanceWindow{
		"A zone that does not exist.":      {Start: "02:00", Duration: "1h", TimeZone: "Europe/Atlantis"},
		"The operator's own zone.":         {Start: "02:00", Duration: "1h", TimeZone: "Local"},
		"A time that no clock shows.":      {Start: "25:00", Duration: "1h"},
		"A length that is no length.":      {Start: "02:00", Duration: "long"},
		"A zone by way of a path upwards.": {Start: "02:00", Duration: "1h", TimeZone: "../zone"},
	} {
		if _, err := gate.NewWindow(&w); err == nil {
			t.Errorf("%s It is taken.", name)
		}
	}
}
