// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestProgressNamesTheRunsThatTakeLongest(t *testing.T) {
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	p := newProgress(func() time.Time { return now }, func() time.Duration { return 1234567 * time.Nanosecond })
	if got, want := p.String(), "0 runs are over, 0 of them failed, 0 are at work, the control plane is 1ms behind"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var ends []func(error)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		ends = append(ends, p.begin(name))
		now = now.Add(time.Minute)
	}
	ends[0](nil)
	ends[2](errors.New("it never settled"))
	want := "2 runs are over, 1 of them failed, 3 are at work, the control plane is 1ms behind, longest: b (4m0s); d (2m0s); e (1m0s)"
	if got := p.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := p.Failures(12); !slices.Equal(got, []string{"c: it never  [...]"}) {
		t.Errorf("it tells of the failures %q", got)
	}
}
