// SPDX-License-Identifier: Apache-2.0

package defaults

import "github.com/peernode/operator/api/v1alpha1"

// PeerBackup returns a copy of b in which the spec says how the data are copied, and how long that may take.
func PeerBackup(b *v1alpha1.PeerBackup) *v1alpha1.PeerBackup {
	out := b.DeepCopy()
	setIfZero(&out.Spec.Method, v1alpha1.BackupStopped)
	setIfZero(&out.Spec.Type, v1alpha1.BackupIncremental)
	setIfZero(&out.Spec.Deadline, "6h")
	return out
}
