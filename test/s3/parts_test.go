// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/test/s3"
)

// Parts are on their way at the same time: what is known of each must not get lost when more are begun.
func TestWhatHasManyPartsComesBackAsItWas(t *testing.T) {
	v := newVault(t, s3.Start(t, backups).Store)
	noise := make([]byte, 100<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	if err := os.WriteFile(filepath.Join(v.data, "noise"), noise, 0o600); err != nil {
		t.Fatal(err)
	}
	want := looks(t, v.data)
	v.backUp()
	if diff := cmp.Diff(want, looks(t, v.restored())); diff != "" {
		t.Errorf("restored (-was +is):\n%s", diff)
	}
}
