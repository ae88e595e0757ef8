// SPDX-License-Identifier: Apache-2.0

package storecheck_test

import (
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/storecheck"
)

// FuzzParse reads whatever comes. What is taken for a report is one line, and the same when it is written again.
func FuzzParse(f *testing.F) {
	f.Add(good)
	f.Add(good + "\n")
	f.Add(strings.Replace(good, "Compliance/720h", "None", 1))
	f.Add(strings.Replace(good, "Yes", "Unknown", 4))
	f.Add("error: there is no such bucket")
	f.Fuzz(func(t *testing.T, message string) {
		found, err := storecheck.Parse(message)
		if err != nil {
			return
		}
		if again := storecheck.Message(found); again != message || strings.ContainsAny(again, "\r\n") {
			t.Fatalf("%q is written again as %q", message, again)
		}
	})
}
