// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/peernode/operator/test/bench/internal/machine"
	"github.com/peernode/operator/test/bench/internal/table"
)

// versions are how programs say theirs.
var versions = [][]string{{"restic", "version"}, {"age", "--version"}, {"zstd", "--version"}, {"gpg", "--version"}, {"tar", "--version"}}

// where says on what a run was made.
func (b *bed) where(ctx context.Context) string {
	out := []string{machine.Describe()}
	for _, args := range versions {
		if said, err := b.output(ctx, args...); err == nil {
			first, _, _ := strings.Cut(said, "\n")
			first = strings.Trim(first, "* ")
			if !strings.Contains(first, args[0]) && !strings.Contains(strings.ToLower(first), "gnupg") {
				first = args[0] + " " + first
			}
			out = append(out, first)
		}
	}
	return strings.Join(out, "; ")
}

// markdown is the report as a section of a document.
func (m *measured) markdown(o options, where string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`make bench-backup` (`go run ./bench/backup %s` in `test/`), %s, on %s.\n", o.arguments(), time.Now().UTC().Format(time.DateOnly), where)
	fmt.Fprintf(&b, "Medians of the rounds, with the lowest and the highest. While it was measured, others had %s of the machine's processors.\n", table.Spread(m.others(), table.Percent))
	for _, word := range m.left {
		fmt.Fprintf(&b, "\n**%s.**\n", word)
	}
	b.WriteString("\nWhat the project asks of itself, and whether the median holds it:\n\n")
	m.bars(&b)
	for i := range m.sets {
		m.sets[i].markdown(&b)
	}
	return b.String()
}

func (m *measured) others() (all []float64) {
	for _, s := range m.sets {
		for _, name := range sorted(s.samples) {
			for _, what := range sorted(s.samples[name]) {
				for _, one := range s.samples[name][what] {
					if !one.part {
						all = append(all, one.others)
					}
				}
			}
		}
	}
	return all
}

// title is how a set is called.
func (s *set) title() string { return sizeText(s.size) + " of " + s.kind.name }

func (s *set) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n%s: %s.", s.title(), s.kind.name, s.kind.made)
	if s.ratio > 0 {
		fmt.Fprintf(b, " `zstd -1` makes it smaller by a factor of %.2f.", s.ratio)
	}
	fmt.Fprintf(b, " %d files; %d blocks of 4 KiB change before the second backup, %.2f %%. %s.\n\n",
		s.files, s.changed, 100*float64(s.changed)*blockSize/float64(s.size), s.roundsText())
	table.Head(b, "what", "with", "MB/s", "s", "of them waiting for the disk", "CPU s", "CPU s of the store", "MiB at most", "MiB, all programs", "MB into the bucket", "of the data")
	for _, what := range []string{firstBackup, verifiedBackup, verification, secondBackup, restore, secondRestore} {
		for _, c := range s.contenders {
			s.row(b, what, c)
		}
	}
}

func (s *set) roundsText() string {
	text := []string{"One round"}
	if s.rounds > 1 {
		text[0] = fmt.Sprintf("%d rounds", s.rounds)
	}
	for _, c := range s.contenders {
		if c.slow && s.slowRounds < s.rounds {
			text = append(text, fmt.Sprintf("%d with %s", s.slowRounds, c.title))
		}
	}
	return strings.Join(text, "; ")
}

// row is what was seen of one thing that a contender does, if it does it.
func (s *set) row(b *strings.Builder, what string, c contender) {
	samples := s.samples[c.name][what]
	if len(samples) == 0 {
		return
	}
	cells := []string{what, c.title, spread(samples, sample.rate, fewDigits), spread(samples, sample.secondsOf, fewDigits)}
	if samples[0].part {
		table.Row(b, append(cells, "", "part of the backup", "", "", "", "", "")...)
		return
	}
	flushed, added, part := "", "", ""
	switch what {
	case restore, secondRestore:
		flushed = spread(samples, sample.flushOf, fewDigits)
	case firstBackup, verifiedBackup, secondBackup:
		added, part = spread(samples, sample.addedOf, megabytes), spread(samples, sample.partOf, percents)
	}
	table.Row(b, append(cells, flushed, spread(samples, sample.clientOf, fewDigits), spread(samples, sample.serverOf, fewDigits),
		spread(samples, sample.largestOf, mebibytes), spread(samples, sample.allOf, mebibytes), added, part)...)
}

func spread(samples []sample, what func(sample) float64, format func(float64) string) string {
	return table.Spread(table.Of(samples, what), format)
}

// rate is in millions of bytes of the files per second.
func (s sample) rate() float64      { return s.bytes / 1e6 / s.seconds }
func (s sample) secondsOf() float64 { return s.seconds }
func (s sample) flushOf() float64   { return s.flush }
func (s sample) clientOf() float64  { return s.clientCPU }
func (s sample) serverOf() float64  { return s.serverCPU }
func (s sample) largestOf() float64 { return s.largest }
func (s sample) allOf() float64     { return s.all }
func (s sample) addedOf() float64   { return s.added }
func (s sample) partOf() float64    { return s.added / s.bytes }

// fewDigits are as many as count.
func fewDigits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func mebibytes(v float64) string { return fmt.Sprintf("%.0f", v/(1<<20)) }
func megabytes(v float64) string { return fewDigits(v / 1e6) }
func percents(v float64) string  { return fewDigits(100*v) + " %" }

// sizeText writes a size for people.
func sizeText(size int64) string {
	for _, unit := range []struct {
		bytes int64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}} {
		if size >= unit.bytes {
			return fmt.Sprintf("%.4g %s", float64(size)/float64(unit.bytes), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", size)
}
