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

// A trial restore brings what a real one would, without the recovery key, and clears away what an earlier one has left. The
// backup is a full one, because the keys of earlier ones were forgotten; the next one goes on from it.
func TestABackupIsRestoredOnTrial(t *testing.T) {
	v := newVault(t, s3.Start(t, backups).Store)
	v.fill(rand.New(rand.NewPCG(5, 6)))
	v.backUp()
	left := v.path("scratch/restored/of/another/try")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	v.file("scratch/lost", nil)
	r := v.backUp("--trial-restore", v.path("scratch"))
	if r.Sequence != 2 || r.Base != 2 || r.Restored == nil || r.Restored.Before(*r.Verified) {
		t.Errorf("the receipt: %+v", r)
	}
	if diff := cmp.Diff(looks(t, v.data), looks(t, v.path("scratch/restored"))); diff != "" {
		t.Errorf("restored (-was +is):\n%s", diff)
	}
	if _, err := os.Stat(v.path("scratch/lost")); err != nil {
		t.Errorf("what is not of a trial is gone: %v", err)
	}
	if err := os.WriteFile(filepath.Join(v.data, "more"), []byte("more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := v.backUp(); r.Sequence != 3 || r.Base != 2 || r.Restored != nil {
		t.Errorf("the next backup: %+v", r)
	}
}
