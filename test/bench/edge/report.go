// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/peernode/operator/test/bench/internal/machine"
	"github.com/peernode/operator/test/bench/internal/table"
)

// where says on what a run was made.
func (b *bed) where() string { return machine.Describe() + ", " + nginxVersion(b.nginx) }

// markdown is the report as a section of a document.
func (f *figures) markdown(o options, where string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`make bench-edge` (`go run ./bench/edge -rounds %d -time %s -warm %s` in `test/`), %s, on %s.\n", o.rounds, o.time, o.warm, time.Now().UTC().Format(time.DateOnly), where)
	fmt.Fprintf(&b, "Medians of %d rounds, with the lowest and the highest. While it was measured, others had %s of the machine's processors.\n\n",
		o.rounds, table.Spread(f.others(), table.Percent))
	f.all(&b)
	b.WriteString("\nThe edge's figure divided by nginx's of the same round:\n\n")
	f.ratios(&b)
	b.WriteString("\nMemory, with the proportional part of what processes share:\n\n")
	table.Head(&b, "process", "at rest", "at most")
	for _, m := range f.memory {
		name := m.program
		switch name {
		case "nginx":
			name = "nginx, all its processes"
		case noProxy:
			name = "the peer"
		}
		table.Row(&b, name, megabytes(m.atRest), megabytes(m.most))
	}
	return b.String()
}

// all is the table of everything.
func (f *figures) all(b *strings.Builder) {
	table.Head(b, "asked over", "at a time", "through", "requests/s", "p50 in ms", "p99 in ms", "CPU in ms for 1,000", "errors")
	for _, c := range f.cells {
		s, errors := f.samples[c], 0
		for _, each := range s {
			errors += each.errors
		}
		cpu := table.Spread(table.Of(s, sample.cpuOf), milliseconds)
		if c.program == noProxy {
			cpu += " of the peer"
		}
		table.Row(b, c.workload, strconv.Itoa(c.atOnce), c.program, table.Spread(table.Of(s, sample.perSecondOf), table.Whole), table.Spread(table.Of(s, sample.p50Of), milliseconds),
			table.Spread(table.Of(s, sample.p99Of), milliseconds), cpu, strconv.Itoa(errors))
	}
}

// ratios is the table of what the edge is to nginx.
func (f *figures) ratios(b *strings.Builder) {
	table.Head(b, "asked over", "at a time", "requests/s", "p50", "p99", "CPU")
	for _, c := range f.cells {
		if c.program != "edge" {
			continue
		}
		edge, nginx := f.samples[c], f.samples[cell{c.workload, c.atOnce, "nginx"}]
		cells := []string{c.workload, strconv.Itoa(c.atOnce)}
		for _, what := range []func(sample) float64{sample.perSecondOf, sample.p50Of, sample.p99Of, sample.cpuOf} {
			cells = append(cells, table.Spread(table.Divided(table.Of(edge, what), table.Of(nginx, what)), table.Times))
		}
		table.Row(b, cells...)
	}
}

func (f *figures) others() (all []float64) {
	for _, c := range f.cells {
		all = append(all, table.Of(f.samples[c], func(s sample) float64 { return s.others })...)
	}
	return all
}

func (s sample) perSecondOf() float64 { return s.perSecond }
func (s sample) p50Of() float64       { return s.p50.Seconds() }
func (s sample) p99Of() float64       { return s.p99.Seconds() }
func (s sample) cpuOf() float64       { return s.cpu }

// milliseconds have three digits that count.
func milliseconds(v float64) string {
	if v >= .1 {
		return table.Whole(v * 1000)
	}
	return fmt.Sprintf("%.3g", v*1000)
}

func megabytes(v uint64) string { return fmt.Sprintf("%.0f MB", float64(v)/1e6) }
