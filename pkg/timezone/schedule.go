// SPDX-License-Identifier: Apache-2.0

package timezone

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when something is due by the calendar.
type Schedule interface {
	// Next is the first time after another, the zero time where none comes.
	Next(time.Time) time.Time
}

// ParseSchedule reads a line of cron with its five fields, and the time zone in which it is meant, UTC when "".
func ParseSchedule(line, zone string) (Schedule, error) {
	location, err := Load(zone)
	if err != nil {
		return nil, err
	}
	read, err := cron.ParseStandard(line)
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	spec, ok := read.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("schedule: %q is no line of cron with five fields", line)
	}
	spec.Location = location
	if spec.Next(time.Date(2025, time.January, 1, 0, 0, 0, 0, location)).IsZero() {
		return nil, fmt.Errorf("schedule: the time of %q never comes", line)
	}
	return spec, nil
}
