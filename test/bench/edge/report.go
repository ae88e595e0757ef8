// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// where says on what a run was made.
func (b *bed) where() string {
	parts := []string{fmt.Sprintf("%d processors", runtime.NumCPU())}
	if fs, err := procfs.NewDefaultFS(); err == nil {
		if all, err := fs.CPUInfo(); err == nil && len(all) > 0 {
			parts[0] += " (" + all[0].ModelName + ")"
		}
	}
	return strings.Join(append(parts, runtime.Version(), nginxVersion(b.nginx)), ", ")
}

// markdown is the report as a section of a document.
func (f *figures) markdown(o options, where string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`make bench-edge` (`go run ./bench/edge -rounds %d -time %s -warm %s` in `test/`), %s, on %s.\n", o.rounds, o.time, o.warm, time.Now().UTC().Format(time.DateOnly), where)
	fmt.Fprintf(&b, "Medians of %d rounds, with the lowest and the highest. While it was measured, others had %s of the machine's processors.\n\n",
		o.rounds, spread(f.others(), percent))
	f.all(&b)
	b.WriteString("\nThe edge's figure divided by nginx's of the same round:\n\n")
	f.ratios(&b)
	b.WriteString("\nMemory, with the proportional part of what processes share:\n\n")
	row(&b, "process", "at rest", "at most")
	row(&b, "---", "---", "---")
	for _, m := range f.memory {
		name := m.program
		switch name {
		case "nginx":
			name = "nginx, all its processes"
		case noProxy:
			name = "the peer"
		}
		row(&b, name, megabytes(m.atRest), megabytes(m.most))
	}
	return b.String()
}

// all is the table of everything.
func (f *figures) all(b *strings.Builder) {
	row(b, "asked over", "at a time", "through", "requests/s", "p50 in ms", "p99 in ms", "CPU in ms for 1,000", "errors")
	row(b, "---", "---", "---", "---", "---", "---", "---", "---")
	for _, c := range f.cells {
		s, errors := f.samples[c], 0
		for _, each := range s {
			errors += each.errors
		}
		cpu := spread(of(s, sample.cpuOf), milliseconds)
		if c.program == noProxy {
			cpu += " of the peer"
		}
		row(b, c.workload, strconv.Itoa(c.atOnce), c.program, spread(of(s, sample.perSecondOf), whole), spread(of(s, sample.p50Of), milliseconds),
			spread(of(s, sample.p99Of), milliseconds), cpu, strconv.Itoa(errors))
	}
}

// ratios is the table of what the edge is to nginx.
func (f *figures) ratios(b *strings.Builder) {
	row(b, "asked over", "at a time", "requests/s", "p50", "p99", "CPU")
	row(b, "---", "---", "---", "---", "---", "---")
	for _, c := range f.cells {
		if c.program != "edge" {
			continue
		}
		edge, nginx := f.samples[c], f.samples[cell{c.workload, c.atOnce, "nginx"}]
		cells := []string{c.workload, strconv.Itoa(c.atOnce)}
		for _, what := range []func(sample) float64{sample.perSecondOf, sample.p50Of, sample.p99Of, sample.cpuOf} {
			cells = append(cells, spread(divided(of(edge, what), of(nginx, what)), times))
		}
		row(b, cells...)
	}
}

func (f *figures) others() (all []float64) {
	for _, c := range f.cells {
		all = append(all, of(f.samples[c], func(s sample) float64 { return s.others })...)
	}
	return all
}

func (s sample) perSecondOf() float64 { return s.perSecond }
func (s sample) p50Of() float64       { return s.p50.Seconds() }
func (s sample) p99Of() float64       { return s.p99.Seconds() }
func (s sample) cpuOf() float64       { return s.cpu }

// of takes one figure out of each sample.
func of(samples []sample, what func(sample) float64) []float64 {
	out := make([]float64, 0, len(samples))
	for _, s := range samples {
		out = append(out, what(s))
	}
	return out
}

// divided divides the figures of the same round.
func divided(a, b []float64) []float64 {
	out := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		out = append(out, a[i]/b[i])
	}
	return out
}

// spread is the median, with the lowest and the highest where they differ.
func spread(all []float64, format func(float64) string) string {
	if len(all) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(all))
	middle := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	low, high := format(sorted[0]), format(sorted[len(sorted)-1])
	if low == high {
		return low
	}
	return fmt.Sprintf("%s (%s to %s)", format(middle), low, high)
}

// milliseconds have three digits that count.
func milliseconds(v float64) string {
	if v >= .1 {
		return whole(v * 1000)
	}
	return fmt.Sprintf("%.3g", v*1000)
}

func whole(v float64) string    { return fmt.Sprintf("%.0f", v) }
func percent(v float64) string  { return fmt.Sprintf("%.0f %%", v*100) }
func times(v float64) string    { return fmt.Sprintf("%.2f", v) }
func megabytes(v uint64) string { return fmt.Sprintf("%.0f MB", float64(v)/1e6) }

func row(b *strings.Builder, cells ...string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
