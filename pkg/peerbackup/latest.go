// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Latest is the newest backup of a PeerNode, in the store of its schedule, that was read back; nil where there is none. One of
// an earlier PeerNode of the same name is not among them: its data may be others.
func Latest(backups []v1alpha1.PeerBackup, p *v1alpha1.PeerNode) *v1alpha1.PeerBackup {
	return latest(backups, p, v1alpha1.ConditionReady)
}

// LatestProven is the newest of those that were proven.
func LatestProven(backups []v1alpha1.PeerBackup, p *v1alpha1.PeerNode) *v1alpha1.PeerBackup {
	return latest(backups, p, v1alpha1.ConditionProven)
}

func latest(backups []v1alpha1.PeerBackup, p *v1alpha1.PeerNode, condition string) (latest *v1alpha1.PeerBackup) {
	if p.Spec.Backup == nil {
		return nil
	}
	for i := range backups {
		b := &backups[i]
		switch is := conditions.Find(b.Status.Conditions, condition); {
		case is.Status != metav1.ConditionTrue, b.Status.Record == nil:
		case b.Status.PeerNodeUID != string(p.UID), b.Spec.StoreRef.Name != p.Spec.Backup.StoreRef.Name:
		case latest == nil || latest.Status.Record.FinishedAt.Before(&b.Status.Record.FinishedAt):
			latest = b
		}
	}
	return latest
}
