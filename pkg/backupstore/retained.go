// SPDX-License-Identifier: Apache-2.0

package backupstore

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
)

// retained puts on record what became of old backups, and returns the condition that tells of it, if the spec asks for one.
func retained(o Observed, p Plan, s *v1alpha1.PeerBackupStoreStatus, now time.Time) []metav1.Condition {
	if o.Store.Spec.Retention == nil {
		s.Retention = nil
		return nil
	}
	ended := p.prune.ended
	if ended != nil {
		s.Retention = recordPrune(o.Store, s.Retention, *ended, now)
	}
	blocked := p.prune.blocked
	if p.blocked != nil {
		blocked = p.blocked
	}
	switch {
	case blocked != nil && blocked.Stalled:
		return one(metav1.ConditionFalse, blocked.Reason, blocked.Message)
	case blocked != nil && blocked.Reason == v1alpha1.ReasonNoKeyKnown:
		return one(metav1.ConditionUnknown, blocked.Reason, blocked.Message)
	case s.Retention == nil, s.Retention.LastRun.Generation != o.Store.Generation:
		return one(metav1.ConditionUnknown, v1alpha1.ReasonWaitingForPrune, fmt.Sprintf("Job %s is to remove old backups; its pod starts once %s", PruneJobRef(o.Store).Name, pruneMounts(o.Store)))
	case ended == nil:
		return []metav1.Condition{before(o.Store, s.Retention)}
	case ended.did == nil:
		return one(metav1.ConditionFalse, v1alpha1.ReasonPruneFailed, fmt.Sprintf("Job %s cannot remove old backups: %s. It is tried again in an hour, or when the spec changes", s.Retention.LastRun.Job, ended.why))
	case ended.did.Failed > 0:
		return one(metav1.ConditionFalse, v1alpha1.ReasonPruneRefused, refusals(*ended.did))
	default:
		return one(metav1.ConditionTrue, v1alpha1.ReasonPruned, pruned(*ended.did))
	}
}

func one(status metav1.ConditionStatus, reason, message string) []metav1.Condition {
	return []metav1.Condition{conditions.New(v1alpha1.ConditionRetentionHealthy, status, reason, message)}
}

// before repeats what the last run told, which nobody else remembers. What stood against the next one since is over.
func before(store *v1alpha1.PeerBackupStore, r *v1alpha1.BackupRetentionStatus) metav1.Condition {
	was := conditions.Find(store.Status.Conditions, v1alpha1.ConditionRetentionHealthy)
	switch {
	case was.Reason == v1alpha1.ReasonPruned, was.Reason == v1alpha1.ReasonPruneFailed, was.Reason == v1alpha1.ReasonPruneRefused:
		return conditions.New(was.Type, was.Status, was.Reason, was.Message)
	case r.LastRun.Failed:
		return one(metav1.ConditionFalse, v1alpha1.ReasonPruneFailed, "the last run failed; it is tried again in an hour, or when the spec changes")[0]
	default:
		return one(metav1.ConditionTrue, v1alpha1.ReasonPruned, "the last run removed what was to go")[0]
	}
}

// recordPrune puts the end of a run on record. The counts of one that failed are not known, and those of the run before stay.
func recordPrune(store *v1alpha1.PeerBackupStore, last *v1alpha1.BackupRetentionStatus, e pruneEnded, now time.Time) *v1alpha1.BackupRetentionStatus {
	r := v1alpha1.BackupRetentionStatus{}
	if last != nil {
		r = *last
	}
	run := v1alpha1.BackupStoreCheck{Time: metav1.NewTime(now).Rfc3339Copy(), Job: PruneJobRef(store).Name, Generation: store.Generation, Failed: e.did == nil}
	if did := e.did; did != nil {
		r = v1alpha1.BackupRetentionStatus{
			LastPassed: r.LastPassed, Peers: did.Peers, Kept: did.Kept, Removed: did.Removed, Objects: did.Objects,
			Freed: *resource.NewQuantity(did.Freed, resource.BinarySI), Locked: did.Locked, Postponed: did.Postponed, Strange: did.Strange,
		}
		if did.Failed == 0 {
			r.LastPassed = &run.Time
		}
	}
	r.LastRun = run
	return &r
}

// refusals are the reasons of the peers of whom nothing was removed.
func refusals(did backup.Pruned) string {
	var all []string
	for _, r := range did.Refused {
		all = append(all, r.Peer+": "+r.Why)
	}
	return fmt.Sprintf("of %d peers nothing was removed: %s", did.Failed, strings.Join(all, "; "))
}

// pruned says what is there now, which is the same from day to day where nothing is wrong.
func pruned(did backup.Pruned) string {
	text := "what was old was removed"
	if did.Locked > 0 {
		text += ", but for what the store has locked"
	}
	if did.Postponed > 0 {
		text += "; more is to go in the next run"
	}
	if did.Strange > 0 {
		text += "; there are records that no trusted key has signed, or whose objects are not all there: see what `peer-companion prune --dry-run` says of them"
	}
	return text
}
