// SPDX-License-Identifier: Apache-2.0

package keybackup_test

import (
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/keybackup"
)

// FuzzParse reads whatever comes. What is taken for a receipt is one line, and the same when it is written again.
func FuzzParse(f *testing.F) {
	e := golden(f)
	for _, r := range []keybackup.Receipt{
		{Object: keybackup.Object("berlin", e), SHA256: keybackup.Sum(e), ReadBack: true},
		{Object: keybackup.Object("", e), SHA256: keybackup.Sum(e)},
	} {
		f.Add(r.Message())
		f.Add(r.Message() + "\n")
	}
	f.Add(head + "yes ../" + object)
	f.Add("error: there is no such bucket")
	f.Fuzz(func(t *testing.T, message string) {
		r, err := keybackup.Parse(message)
		if err != nil {
			return
		}
		if again := r.Message(); again != message || strings.ContainsAny(again, "\r\n") {
			t.Fatalf("%q is written again as %q", message, again)
		}
	})
}
