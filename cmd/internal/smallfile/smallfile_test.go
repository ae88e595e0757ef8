// SPDX-License-Identifier: Apache-2.0

package smallfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peernode/operator/cmd/internal/smallfile"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		size    int
		refused bool
	}{
		"empty":        {0, false},
		"just fits":    {smallfile.Max, false},
		"one too many": {smallfile.Max + 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			content := bytes.Repeat([]byte("k"), c.size)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := smallfile.Read(path)
			if c.refused {
				if err == nil || got != nil || !strings.Contains(err.Error(), path) {
					t.Errorf("%d bytes and the error %v", len(got), err)
				}
				return
			}
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, want %d, and the error %v", len(got), c.size, err)
			}
		})
	}
	if _, err := smallfile.Read("/dev/zero"); err == nil {
		t.Error("a file without an end is read")
	}
	if _, err := smallfile.Read(filepath.Join(t.TempDir(), "absent")); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}
