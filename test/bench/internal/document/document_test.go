// SPDX-License-Identifier: Apache-2.0

package document

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplaceSection(t *testing.T) {
	const (
		sectionBegin = "<!-- begin: make bench -->\n"
		sectionEnd   = "<!-- end: make bench -->\n"
	)
	const title = "# Benchmarks\n\nFigures, not promises: they say what one machine measured, beside the bars that the project sets itself.\n"
	for name, c := range map[string]struct {
		before, after string
		wrong         bool
	}{
		"a document that does not exist yet is begun": {"", title + "\n" + sectionBegin + "new\n" + sectionEnd, false},
		"a document without the section gets it":      {"# A\n", "# A\n\n" + sectionBegin + "new\n" + sectionEnd, false},
		"only the section is replaced":                {"# A\n" + sectionBegin + "old\n" + sectionEnd + "b\n", "# A\n" + sectionBegin + "new\n" + sectionEnd + "b\n", false},
		"a section without an end is left alone":      {"# A\n" + sectionBegin + "old\n", "# A\n" + sectionBegin + "old\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "benchmarks.md")
			if c.before != "" {
				if err := os.WriteFile(file, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := ReplaceSection(file, "make bench", "new\n"); (err != nil) != c.wrong {
				t.Errorf("error %v, want one: %v", err, c.wrong)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.after, string(got)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
		})
	}
}
