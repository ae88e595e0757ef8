// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Of the newest backup of a peer in a store that was read back.
var (
	backupTimeDesc = prometheus.NewDesc("peernode_backup_timestamp_seconds",
		"When the data of the newest backup that was read back had been copied, in seconds since 1970.", []string{"namespace", "name", "store"}, nil)
	backupProvenDesc = prometheus.NewDesc("peernode_backup_proven_timestamp_seconds",
		"When the data of the newest backup that was proven had been copied, in seconds since 1970.", []string{"namespace", "name", "store"}, nil)
	backupSizeDesc = prometheus.NewDesc("peernode_backup_size_bytes",
		"How much data that backup holds.", []string{"namespace", "name", "store"}, nil)
	backupUploadedDesc = prometheus.NewDesc("peernode_backup_uploaded_bytes",
		"How much was written to the store for it.", []string{"namespace", "name", "store"}, nil)
	backupStoppedDesc = prometheus.NewDesc("peernode_backup_stopped_seconds",
		"How long the peer was kept stopped for it.", []string{"namespace", "name", "store"}, nil)
	// backupsDesc is of all that are there, so that what waits or has failed is seen.
	backupsDesc = prometheus.NewDesc("peernode_backups",
		"PeerBackups of the PeerNode, by the reason of their condition Ready.", []string{"namespace", "name", "reason"}, nil)
)

// backupsOf are the PeerBackups of a peer, in a store or with a reason.
type backupsOf struct{ namespace, peer, of string }

func collectBackups(list []v1alpha1.PeerBackup, out chan<- prometheus.Metric) {
	newest, proven, counts := map[backupsOf]*v1alpha1.PeerBackup{}, map[backupsOf]*v1alpha1.PeerBackup{}, map[backupsOf]int{}
	for i := range list {
		b := &list[i]
		ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady)
		counts[backupsOf{b.Namespace, b.Spec.PeerNodeRef.Name, ready.Reason}]++
		if b.Status.Record == nil || b.Status.Record.VerifiedAt == nil {
			continue
		}
		in := backupsOf{b.Namespace, b.Spec.PeerNodeRef.Name, b.Spec.StoreRef.Name}
		keepNewer(newest, in, b)
		if conditions.Find(b.Status.Conditions, v1alpha1.ConditionProven).Status == metav1.ConditionTrue {
			keepNewer(proven, in, b)
		}
	}
	for of, n := range counts {
		out <- gauge(backupsDesc, float64(n), of.namespace, of.peer, of.of)
	}
	for in, b := range proven {
		out <- gauge(backupProvenDesc, float64(b.Status.Record.FinishedAt.Unix()), in.namespace, in.peer, in.of)
	}
	for in, b := range newest {
		r := b.Status.Record
		out <- gauge(backupTimeDesc, float64(r.FinishedAt.Unix()), in.namespace, in.peer, in.of)
		out <- gauge(backupSizeDesc, r.Size.AsApproximateFloat64(), in.namespace, in.peer, in.of)
		out <- gauge(backupUploadedDesc, r.Uploaded.AsApproximateFloat64(), in.namespace, in.peer, in.of)
		if held, released := b.Status.HeldSince, b.Status.ReleasedAt; held != nil && released != nil {
			out <- gauge(backupStoppedDesc, released.Sub(held.Time).Seconds(), in.namespace, in.peer, in.of)
		}
	}
}

func keepNewer(of map[backupsOf]*v1alpha1.PeerBackup, in backupsOf, b *v1alpha1.PeerBackup) {
	if before := of[in]; before == nil || before.Status.Record.Sequence < b.Status.Record.Sequence {
		of[in] = b
	}
}
