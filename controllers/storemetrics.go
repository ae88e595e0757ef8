// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/peernode/operator/api/v1alpha1"
)

var (
	storeConditionDesc = prometheus.NewDesc("peerbackupstore_condition",
		"One while the condition of the PeerBackupStore is True, zero otherwise.", []string{"namespace", "name", "type", "reason"}, nil)
	storeCheckedDesc = prometheus.NewDesc("peerbackupstore_check_timestamp_seconds",
		"When the PeerBackupStore was last checked, in seconds since 1970.", []string{"namespace", "name"}, nil)
	storePassedDesc = prometheus.NewDesc("peerbackupstore_passed_timestamp_seconds",
		"When a check last found the PeerBackupStore as its spec wants it, in seconds since 1970.", []string{"namespace", "name"}, nil)
	storePrunedDesc = prometheus.NewDesc("peerbackupstore_pruned_timestamp_seconds",
		"When old backups were last removed from the PeerBackupStore, of all peers, in seconds since 1970.", []string{"namespace", "name"}, nil)
	storeBackupsDesc = prometheus.NewDesc("peerbackupstore_backups",
		"How many backups that run kept, removed or left to the next one, and how many records and objects it found locked, or strange.", []string{"namespace", "name", "state"}, nil)
)

func collectStore(s *v1alpha1.PeerBackupStore, out chan<- prometheus.Metric) {
	for _, c := range s.Status.Conditions {
		out <- gauge(storeConditionDesc, oneIfTrue(c), s.Namespace, s.Name, c.Type, c.Reason)
	}
	if last := s.Status.LastCheck; last != nil {
		out <- gauge(storeCheckedDesc, float64(last.Time.Unix()), s.Namespace, s.Name)
	}
	if passed := s.Status.LastPassed; passed != nil {
		out <- gauge(storePassedDesc, float64(passed.Unix()), s.Namespace, s.Name)
	}
	collectRetention(s, out)
}

func collectRetention(s *v1alpha1.PeerBackupStore, out chan<- prometheus.Metric) {
	r := s.Status.Retention
	if r == nil || r.LastPassed == nil {
		return
	}
	out <- gauge(storePrunedDesc, float64(r.LastPassed.Unix()), s.Namespace, s.Name)
	for state, n := range map[string]int32{"kept": r.Kept, "removed": r.Removed, "postponed": r.Postponed, "locked": r.Locked, "strange": r.Strange} {
		out <- gauge(storeBackupsDesc, float64(n), s.Namespace, s.Name, state)
	}
}
