// SPDX-License-Identifier: Apache-2.0

// Package document keeps what benchmarks measured in documents that people write as well.
package document

import (
	"fmt"
	"os"
	"strings"
)

// ReplaceSection puts a report in the place of the previous one of its name, and at the end of a document that has
// none.
func ReplaceSection(file, section, report string) error {
	begin, end := "<!-- begin: "+section+" -->\n", "<!-- end: "+section+" -->\n"
	raw, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	document := string(raw)
	if document == "" {
		document = "# Benchmarks\n\nFigures, not promises: they say what one machine measured, beside the bars that the project sets itself.\n"
	}
	before, rest, found := strings.Cut(document, begin)
	after := ""
	if found {
		if _, after, found = strings.Cut(rest, end); !found {
			return fmt.Errorf("%s: there is no %q after %q", file, strings.TrimSpace(end), strings.TrimSpace(begin))
		}
	} else {
		before += "\n"
	}
	return os.WriteFile(file, []byte(before+begin+report+end+after), 0o644)
}
