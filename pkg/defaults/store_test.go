// SPDX-License-Identifier: Apache-2.0

package defaults_test

import (
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

func TestTheNewestThreeAreKeptAndOldOnesGoEachDayUnlessTheSpecSaysOtherwise(t *testing.T) {
	s := &v1alpha1.PeerBackupStore{Spec: v1alpha1.PeerBackupStoreSpec{Retention: &v1alpha1.BackupRetention{KeepFor: "720h"}}}
	if got := defaults.PeerBackupStore(s).Spec.Retention; got.KeepLast != 3 || got.Every != "24h" || got.KeepFor != "720h" || s.Spec.Retention.KeepLast != 0 {
		t.Errorf("it is %+v", got)
	}
	s.Spec.Retention.KeepLast, s.Spec.Retention.Every = 7, "1h"
	if got := defaults.PeerBackupStore(s).Spec.Retention; got.KeepLast != 7 || got.Every != "1h" {
		t.Errorf("it is %+v", got)
	}
	if got := defaults.PeerBackupStore(&v1alpha1.PeerBackupStore{}).Spec.Retention; got != nil {
		t.Errorf("nobody asked for %+v", got)
	}
}

func TestAStoreIsCheckedEachHourUnlessItsSpecSaysOtherwise(t *testing.T) {
	for given, want := range map[v1alpha1.Period]v1alpha1.Period{"": "1h", "5m": "5m"} {
		s := &v1alpha1.PeerBackupStore{Spec: v1alpha1.PeerBackupStoreSpec{CheckEvery: given}}
		if got := defaults.PeerBackupStore(s).Spec.CheckEvery; got != want || s.Spec.CheckEvery != given {
			t.Errorf("with %q it is checked every %s, and the spec says %q", given, got, s.Spec.CheckEvery)
		}
	}
}
