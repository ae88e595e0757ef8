// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when keys are due by the calendar.
type Schedule interface {
	// Next is the first time after another, the zero time where none comes.
	Next(time.Time) time.Time
}

// ParseSchedule reads a line of cron with its five fields, and the time zone in which it is meant, UTC when "".
func ParseSchedule(line, zone string) (Schedule, error) {
	if zone == "Local" {
		return nil, errors.New("timeZone: the operator's own time zone is not for users to know; name one")
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("timeZone: %w", err)
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
