// SPDX-License-Identifier: Apache-2.0

package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadIsTheMedianWithTheLowestAndTheHighest(t *testing.T) {
	for name, c := range map[string]struct {
		all  []float64
		want string
	}{
		"an odd number": {[]float64{3, 100, 1}, "3 (1 to 100)"},
		"an even one":   {[]float64{4, 1, 2, 100}, "3 (1 to 100)"},
		"one":           {[]float64{7}, "7"},
		"all the same":  {[]float64{7, 7.1}, "7"},
		"none":          {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := append([]float64(nil), c.all...)
			if got := Spread(c.all, Whole); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(before, c.all); diff != "" {
				t.Errorf("it sorts what belongs to others:\n%s", diff)
			}
		})
	}
}
