// SPDX-License-Identifier: Apache-2.0

package defaults_test

import (
	"os"
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

func TestWhatABackupLeavesOpenIsFilledIn(t *testing.T) {
	if got := defaults.PeerBackup(&v1alpha1.PeerBackup{}).Spec; got.Method != v1alpha1.BackupStopped || got.Type != v1alpha1.BackupIncremental || got.Deadline != "6h" {
		t.Errorf("by default a backup is %+v", got)
	}
	given := &v1alpha1.PeerBackup{Spec: v1alpha1.PeerBackupSpec{BackupOptions: v1alpha1.BackupOptions{Type: v1alpha1.BackupFull, Deadline: "5m"}}}
	if got := defaults.PeerBackup(given).Spec; got.Type != v1alpha1.BackupFull || got.Deadline != "5m" || given.Spec.Method != "" {
		t.Errorf("what was given became %+v, and what it was copied from has method %q", got, given.Spec.Method)
	}
}

func TestDefaultsOfABackupAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../config/crd/bases/peernode.dev_peerbackups.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, spec := strings.Join(strings.Fields(string(raw)), " "), defaults.PeerBackup(&v1alpha1.PeerBackup{}).Spec
	for _, want := range []string{"Default " + string(spec.Deadline), string(spec.Method) + " (default)", string(spec.Type) + " (default)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the comments of a PeerBackup do not say %q", want)
		}
	}
}
