// SPDX-License-Identifier: Apache-2.0

package defaults

import "github.com/peernode/operator/api/v1alpha1"

// PeerBackupStore returns a copy of s in which the spec says how often the store is checked, and how old backups are removed.
func PeerBackupStore(s *v1alpha1.PeerBackupStore) *v1alpha1.PeerBackupStore {
	out := s.DeepCopy()
	setIfZero(&out.Spec.CheckEvery, "1h")
	if r := out.Spec.Retention; r != nil {
		setIfZero(&r.KeepLast, 3)
		setIfZero(&r.Every, "24h")
	}
	return out
}
