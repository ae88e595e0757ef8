// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/peernode/operator/pkg/backup"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ignoreBlank leaves out the field that makes CBOR write a struct as an array.
var ignoreBlank = cmpopts.IgnoreUnexported(backup.Piece{}, backup.Chunk{}, backup.Entry{}, backup.Item{}, backup.Start{}, backup.Totals{}, backup.Basis{}, backup.Label{})

func encode(t testing.TB, v any) []byte {
	t.Helper()
	out, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// golden compares with a file that a release wrote. What has changed since cannot be read by that release, nor may this
// one read what that one wrote.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is written in another way now, so the form needs another version (-was +is):\n%s", name, diff)
	}
}
