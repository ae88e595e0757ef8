// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/timezone"
)

// Window is a maintenance window. The zero value is always open.
type Window struct {
	start, length time.Duration
	days          []string
	zone          *time.Location
}

// NewWindow reads a window, nil for none. The error is about its time zone; the rest is checked at admission.
func NewWindow(w *v1alpha1.MaintenanceWindow) (Window, error) {
	if w == nil {
		return Window{}, nil
	}
	zone, err := timezone.Load(w.TimeZone)
	if err != nil {
		return Window{}, fmt.Errorf("spec.rollout.window.%w", err)
	}
	clock, err := time.Parse("15:04", w.Start)
	if err != nil {
		return Window{}, fmt.Errorf("spec.rollout.window.start: %w", err)
	}
	length, err := time.ParseDuration(w.Duration)
	if err != nil {
		return Window{}, fmt.Errorf("spec.rollout.window.duration: %w", err)
	}
	start := time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute
	return Window{start: start, length: length, days: w.Days, zone: zone}, nil
}

// Opens is when the window opens next, the zero time while it is open.
func (w Window) Opens(now time.Time) time.Time {
	if w.zone == nil {
		return time.Time{}
	}
	here := now.In(w.zone)
	// One that opened yesterday may still be open; the next is at most a week away.
	for day := -1; day <= 7; day++ {
		opens := time.Date(here.Year(), here.Month(), here.Day()+day, 0, int(w.start/time.Minute), 0, 0, w.zone)
		switch {
		case len(w.days) > 0 && !slices.Contains(w.days, opens.Weekday().String()):
		case now.Before(opens):
			return opens
		case now.Before(opens.Add(w.length)):
			return time.Time{}
		}
	}
	return time.Time{} // not reached: every window opens within a week
}
