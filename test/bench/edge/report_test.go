// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

func TestTheReportComparesFiguresOfTheSameRound(t *testing.T) {
	f := figures{samples: map[cell][]sample{}, memory: []memory{{"edge", 18e6, 29e6}, {"nginx", 10e6, 13e6}, {noProxy, 22e6, 31e6}}}
	add := func(program string, samples ...sample) {
		c := cell{"HTTP/2", 16, program}
		f.cells = append(f.cells, c)
		f.samples[c] = samples
	}
	// The machine slowed down in between. The edge was half as fast in both rounds.
	add("edge", sample{perSecond: 5000, p50: 2 * time.Millisecond, p99: 9 * time.Millisecond, cpu: .2, others: .1},
		sample{perSecond: 500, p50: 20 * time.Millisecond, p99: 90 * time.Millisecond, cpu: .2, others: .5, errors: 3})
	add("nginx", sample{perSecond: 10000, p50: time.Millisecond, p99: 3 * time.Millisecond, cpu: .05, others: .1},
		sample{perSecond: 1000, p50: 10 * time.Millisecond, p99: 30 * time.Millisecond, cpu: .04, others: .5})
	add(noProxy, sample{perSecond: 20000, p50: 100 * time.Microsecond, p99: time.Millisecond, cpu: .03, others: .1})
	report := f.markdown(options{rounds: 2, time: 3 * time.Second, warm: time.Second}, "1 abacus")
	for _, want := range []string{
		"`go run ./bench/edge -rounds 2 -time 3s -warm 1s`", "on 1 abacus", "others had 10 % (10 % to 50 %)",
		"| HTTP/2 | 16 | edge | 2750 (500 to 5000) | 11 (2 to 20) | 49.5 (9 to 90) | 200 | 3 |",
		"| HTTP/2 | 16 | no proxy | 20000 | 0.1 | 1 | 30 of the peer | 0 |",
		"| HTTP/2 | 16 | 0.50 | 2.00 | 3.00 | 4.50 (4.00 to 5.00) |",
		"| edge | 18 MB | 29 MB |", "| nginx, all its processes | 10 MB | 13 MB |", "| the peer | 22 MB | 31 MB |",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in\n%s", want, report)
		}
	}
}
