// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/controllers"
	"github.com/peernode/operator/controllers/internal/enforced"
	"github.com/peernode/operator/pkg/enforcement"
)

// madeBackup is a backup of alpha that has ended, or waits where it has no sequence.
func madeBackup(name, reason string, sequence int64) *v1alpha1.PeerBackup {
	b := &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: name},
		Spec:       v1alpha1.PeerBackupSpec{PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}, StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}},
	}
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason}
	if sequence > 0 {
		at := time.Unix(1800000000+100*sequence, 0)
		ready.Status = metav1.ConditionTrue
		if reason != "BackedUp" {
			ready.Status = metav1.ConditionFalse
		}
		b.Status.HeldSince, b.Status.ReleasedAt = &metav1.Time{Time: at}, &metav1.Time{Time: at.Add(42 * time.Second)}
		b.Status.Record = &v1alpha1.BackupRecord{Sequence: sequence, FinishedAt: metav1.NewTime(at), VerifiedAt: &metav1.Time{Time: at}, Size: resource.MustParse("2Gi"), Uploaded: resource.MustParse("3Mi")}
	}
	b.Status.Conditions = []metav1.Condition{ready}
	return b
}

func proven(b *v1alpha1.PeerBackup) *v1alpha1.PeerBackup {
	b.Status.Conditions = append(b.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionProven, Status: metav1.ConditionTrue})
	return b
}

func TestTheNewestBackupOfAPeerIsTold(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		proven(madeBackup("monday", "BackedUp", 1)), madeBackup("wednesday", "Proving", 3), proven(madeBackup("tuesday", "BackedUp", 2)),
		madeBackup("thursday", "BackupFailed", 0), madeBackup("friday", "WaitingForStore", 0),
	).Build()
	const want = `
# HELP peernode_backups PeerBackups of the PeerNode, by the reason of their condition Ready.
# TYPE peernode_backups gauge
peernode_backups{name="alpha",namespace="peers",reason="BackedUp"} 2
peernode_backups{name="alpha",namespace="peers",reason="BackupFailed"} 1
peernode_backups{name="alpha",namespace="peers",reason="Proving"} 1
peernode_backups{name="alpha",namespace="peers",reason="WaitingForStore"} 1
# HELP peernode_backup_timestamp_seconds When the data of the newest backup that was read back had been copied, in seconds since 1970.
# TYPE peernode_backup_timestamp_seconds gauge
peernode_backup_timestamp_seconds{name="alpha",namespace="peers",store="s3"} 1.8000003e+09
# HELP peernode_backup_proven_timestamp_seconds When the data of the newest backup that was proven had been copied, in seconds since 1970.
# TYPE peernode_backup_proven_timestamp_seconds gauge
peernode_backup_proven_timestamp_seconds{name="alpha",namespace="peers",store="s3"} 1.8000002e+09
# HELP peernode_backup_size_bytes How much data that backup holds.
# TYPE peernode_backup_size_bytes gauge
peernode_backup_size_bytes{name="alpha",namespace="peers",store="s3"} 2.147483648e+09
# HELP peernode_backup_uploaded_bytes How much was written to the store for it.
# TYPE peernode_backup_uploaded_bytes gauge
peernode_backup_uploaded_bytes{name="alpha",namespace="peers",store="s3"} 3.145728e+06
# HELP peernode_backup_stopped_seconds How long the peer was kept stopped for it.
# TYPE peernode_backup_stopped_seconds gauge
peernode_backup_stopped_seconds{name="alpha",namespace="peers",store="s3"} 42
`
	metrics := controllers.Metrics{Reader: reader, Enforced: enforced.New(enforcement.Word{})}
	if err := testutil.CollectAndCompare(metrics, strings.NewReader(want), "peernode_backups", "peernode_backup_timestamp_seconds", "peernode_backup_proven_timestamp_seconds", "peernode_backup_size_bytes",
		"peernode_backup_uploaded_bytes", "peernode_backup_stopped_seconds"); err != nil {
		t.Error(err)
	}
}
