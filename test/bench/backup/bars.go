// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/peernode/operator/test/bench/internal/table"
)

// bar is something that the project asks of itself.
type bar struct {
	name string
	// of is what was measured in each round, or none.
	of func(*set) []float64
	// limit is the least, or the most where most is true.
	limit  float64
	most   bool
	format func(float64) string
}

// bars are all there are.
func bars() []bar {
	return []bar{
		{name: "backup: at least 300 MB/s", of: rates(nameOurs, firstBackup), limit: 300, format: perSecond},
		{name: "the same, with verification", of: rates(nameOurs, verifiedBackup), limit: 300, format: perSecond},
		{name: "backup: at least 10 times as fast as `tar cz \\| gpg`", of: ratios(firstBackup), limit: 10, format: fold},
		{name: "the same, with verification", of: ratios(verifiedBackup), limit: 10, format: fold},
		{name: "memory: at most 128 MiB, whatever it does", of: memory, limit: 128 << 20, most: true, format: memoryText},
		{name: "second backup: at most 5 % of the bytes", of: second(sample.addedOf), limit: .05, most: true, format: percents},
		{name: "second backup: at most 20 % of the time", of: second(sample.secondsOf), limit: .2, most: true, format: percents},
		{name: "restore: at least 200 MB/s", of: rates(nameOurs, restore), limit: 200, format: perSecond},
		{name: "restore of the second: at least 200 MB/s", of: rates(nameOurs, secondRestore), limit: 200, format: perSecond},
	}
}

// bars is the table of them.
func (m *measured) bars(b *strings.Builder) {
	head := []string{"bar"}
	for i := range m.sets {
		head = append(head, m.sets[i].title())
	}
	table.Head(b, head...)
	for _, bar := range bars() {
		cells := []string{bar.name}
		for i := range m.sets {
			cells = append(cells, bar.judge(&m.sets[i]))
		}
		table.Row(b, cells...)
	}
}

// judge says what was measured and whether it holds.
func (b bar) judge(s *set) string {
	all := b.of(s)
	if len(all) == 0 {
		return "not measured"
	}
	median := table.Median(all)
	held := median >= b.limit
	if b.most {
		held = median <= b.limit
	}
	if held {
		return b.format(median) + ", held"
	}
	return b.format(median) + ", **not held**"
}

// rates are those at which something was done.
func rates(contender, what string) func(*set) []float64 {
	return func(s *set) []float64 { return table.Of(s.samples[contender][what], sample.rate) }
}

// ratios compare medians, since gpg is measured less often.
func ratios(what string) func(*set) []float64 {
	return func(s *set) []float64 {
		ours, theirs := rates(nameOurs, what)(s), rates(nameGPG, firstBackup)(s)
		if len(ours) == 0 || len(theirs) == 0 {
			return nil
		}
		return []float64{table.Median(ours) / table.Median(theirs)}
	}
}

// second compares a second backup with the first one of the same round.
func second(what func(sample) float64) func(*set) []float64 {
	return func(s *set) []float64 {
		ours := s.samples[nameOurs]
		return table.Divided(table.Of(ours[secondBackup], what), table.Of(ours[firstBackup], what))
	}
}

// memory is the most that ours ever had: no median would do.
func memory(s *set) []float64 {
	var all []float64
	for _, samples := range s.samples[nameOurs] {
		all = append(all, table.Of(samples, sample.largestOf)...)
	}
	if len(all) == 0 {
		return nil
	}
	return []float64{slices.Max(all)}
}

func perSecond(v float64) string  { return fewDigits(v) + " MB/s" }
func fold(v float64) string       { return fewDigits(v) + " times" }
func memoryText(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }
