// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"fmt"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
)

func BenchmarkSealAndOpen(b *testing.B) {
	k := key(b, v1alpha1.IdentityEd25519)
	for _, n := range []int{1, 2, 4} {
		var openers []seal.Opener
		for range n {
			openers = append(openers, hybrid(b))
		}
		to := recipientsOf(openers...)
		b.Run(fmt.Sprintf("seal to %d", n), func(b *testing.B) {
			for b.Loop() {
				e, err := seal.Seal(k, alpha, to)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(e.Text())), "envelope-bytes")
			}
		})
		e := sealed(b, openers...)
		b.Run(fmt.Sprintf("open as the last of %d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Open(alpha, openers[n-1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
