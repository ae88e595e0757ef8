// SPDX-License-Identifier: Apache-2.0

package defaults

import "github.com/peernode/operator/api/v1alpha1"

// PeerBackup returns a copy of b in which the spec says how the data are copied, and how long that may take.
func PeerBackup(b *v1alpha1.PeerBackup) *v1alpha1.PeerBackup {
	out := b.DeepCopy()
	backup(&out.Spec.BackupOptions)
	return out
}

func schedule(b *v1alpha1.PeerNodeBackup) {
	setIfZero(&b.TimeZone, "Etc/UTC")
	setIfZero(&b.Jitter, "5m")
	backup(&b.BackupOptions)
}

func backup(o *v1alpha1.BackupOptions) {
	setIfZero(&o.Method, v1alpha1.BackupStopped)
	setIfZero(&o.Type, v1alpha1.BackupIncremental)
	setIfZero(&o.Deadline, "6h")
}
