// SPDX-License-Identifier: Apache-2.0

package defaults_test

import (
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/defaults"
)

func TestAStoreIsCheckedEachHourUnlessItsSpecSaysOtherwise(t *testing.T) {
	for given, want := range map[v1alpha1.Period]v1alpha1.Period{"": "1h", "5m": "5m"} {
		s := &v1alpha1.PeerBackupStore{Spec: v1alpha1.PeerBackupStoreSpec{CheckEvery: given}}
		if got := defaults.PeerBackupStore(s).Spec.CheckEvery; got != want || s.Spec.CheckEvery != given {
			t.Errorf("with %q it is checked every %s, and the spec says %q", given, got, s.Spec.CheckEvery)
		}
	}
}
