// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/test/testenv"
)

func TestALineOfALogIsLookedIntoOnceItIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program.log")
	files := testenv.NewLogFiles(filepath.Join(filepath.Dir(path), "*.log"))
	var got []testenv.Logged
	for _, more := range []string{"", "one\ntw", "o", "\nthree\nfour\n", ""} {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(more); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		if err := files.Read(func(l testenv.Logged) { got = append(got, l) }); err != nil {
			t.Fatal(err)
		}
	}
	want := []testenv.Logged{{File: path, Text: []byte("one\n")}, {File: path, Offset: 4, Text: []byte("two\nthree\nfour\n")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}
