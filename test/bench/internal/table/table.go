// SPDX-License-Identifier: Apache-2.0

// Package table writes what was measured into tables.
package table

import (
	"fmt"
	"slices"
	"strings"
)

// Median is the one in the middle, or between the two there, and 0 of none.
func Median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// Spread is the median, with the lowest and the highest where they differ.
func Spread(all []float64, format func(float64) string) string {
	if len(all) == 0 {
		return ""
	}
	low, high := format(slices.Min(all)), format(slices.Max(all))
	if low == high {
		return low
	}
	return fmt.Sprintf("%s (%s to %s)", format(Median(all)), low, high)
}

// Of takes one figure out of each sample.
func Of[T any](samples []T, what func(T) float64) []float64 {
	out := make([]float64, 0, len(samples))
	for _, s := range samples {
		out = append(out, what(s))
	}
	return out
}

// Divided divides the figures of the same round.
func Divided(a, b []float64) []float64 {
	out := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		out = append(out, a[i]/b[i])
	}
	return out
}

// Whole has no digits after the point.
func Whole(v float64) string { return fmt.Sprintf("%.0f", v) }

// Percent is a part of a whole.
func Percent(v float64) string { return fmt.Sprintf("%.0f %%", v*100) }

// Times has two digits after the point.
func Times(v float64) string { return fmt.Sprintf("%.2f", v) }

// Row adds a row to a table.
func Row(b *strings.Builder, cells ...string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }

// Head adds the first row of a table.
func Head(b *strings.Builder, cells ...string) {
	Row(b, cells...)
	Row(b, slices.Repeat([]string{"---"}, len(cells))...)
}
