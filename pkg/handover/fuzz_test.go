// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/seal"
)

// FuzzJoin joins whatever comes, a message on a line. What is joined can be handed over again, and is the same then.
func FuzzJoin(f *testing.F) {
	text, err := os.ReadFile("../seal/testdata/v1.envelope.json") // the same in every process of a fuzzing run
	if err != nil {
		f.Fatal(err)
	}
	e, err := seal.Read(bytes.NewReader(text))
	if err != nil {
		f.Fatal(err)
	}
	two, three := split(f, e, 2), split(f, e, 3)
	for _, messages := range [][]string{
		two, three, three[:2], {three[2], three[0], three[1]}, {resummed(two[0]), two[1]}, {line(f, `{"sealed":{}}`+"\n")},
		{line(f, `{"format":"peernode.dev/key-envelope","version":1,"sealed":{"hybrid":1}}`+"\na")}, {"error: no entropy"}, nil,
	} {
		f.Add(strings.Join(messages, "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := handover.Join(strings.Split(text, "\n"))
		if err != nil {
			return
		}
		messages, err := handover.Split(e, handover.MaxParts)
		if err != nil {
			t.Skip("an envelope for many recipients, which was not made by Split")
		}
		again, err := handover.Join(messages)
		if err != nil || !bytes.Equal(again.Text(), e.Text()) {
			t.Fatalf("%v (-before +after):\n%s", err, cmp.Diff(string(e.Text()), string(again.Text())))
		}
	})
}
