// SPDX-License-Identifier: Apache-2.0

// Package timezone reads the time zones that specs name, and the lines of cron that are meant in them.
package timezone

import (
	"errors"
	"fmt"
	"time"
)

// Load returns the zone with a name of the IANA database, such as Europe/Zurich, UTC for "". The error names the field,
// timeZone; the caller says of what.
func Load(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("timeZone: the operator's own time zone is not for users to know; name one")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("timeZone: %w", err)
	}
	return zone, nil
}
