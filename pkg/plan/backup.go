// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/timezone"
)

// noSchedule says why backups cannot be asked for as spec.backup wants it, nil where nothing stands against it. The peer runs on,
// and so does a schedule of before.
func noSchedule(o Observed, b *v1alpha1.PeerNodeBackup) *conditions.Finding {
	if _, err := timezone.ParseSchedule(b.Schedule, b.TimeZone); err != nil {
		return conditions.Wait(v1alpha1.ReasonInvalidSchedule, fmt.Sprintf("spec.backup.%s; until it is corrected, backups are made as before, or not at all", err))
	}
	if o.Options.Resources.CompanionImage == "" {
		return conditions.Wait(v1alpha1.ReasonNoCompanion, "the operator was started without --companion-image, so nothing can back the peer up")
	}
	return nil
}

// cronJob returns the live CronJob of the schedule, nil where there is none.
func (o Observed) cronJob() *batchv1.CronJob {
	for _, object := range o.Objects {
		if schedule, ok := object.(*batchv1.CronJob); ok {
			return schedule
		}
	}
	return nil
}

// latestBackup is the newest good backup in the store of the schedule. What is on record stays so when its PeerBackup is deleted,
// because that deletes nothing in the bucket.
func latestBackup(o Observed) *v1alpha1.LatestBackup {
	wanted, recorded := o.PeerNode.Spec.Backup, (*v1alpha1.LatestBackup)(nil)
	if wanted == nil {
		return nil
	}
	if before := o.PeerNode.Status.Backup; before != nil && before.Latest != nil && before.Latest.Store == wanted.StoreRef.Name {
		recorded = before.Latest.DeepCopy()
	}
	b := o.LatestBackup
	if b == nil || recorded != nil && b.Status.Record.FinishedAt.Before(&recorded.FinishedAt) {
		return recorded
	}
	r := b.Status.Record
	return &v1alpha1.LatestBackup{Name: b.Name, Store: b.Spec.StoreRef.Name, Sequence: r.Sequence, FinishedAt: r.FinishedAt, Size: r.Size}
}

// backupStatus is what came of spec.backup, nil while that is nothing.
func backupStatus(o Observed) *v1alpha1.PeerNodeBackupStatus {
	latest := latestBackup(o)
	if latest == nil {
		return nil
	}
	return &v1alpha1.PeerNodeBackupStatus{Latest: latest}
}

// overdue is when the newest good backup becomes too old: when the run that is due next after it has had its time, which is the
// jitter and the deadline. Before there is one, it goes by when the schedule was made. It is the zero time where nothing says.
func (p Plan) overdue(o Observed) time.Time {
	b := p.PeerNode.Spec.Backup
	if b == nil || noSchedule(o, b) != nil {
		return time.Time{}
	}
	var since time.Time
	if latest, schedule := latestBackup(o), o.cronJob(); latest != nil {
		since = latest.FinishedAt.Time
	} else if schedule != nil {
		since = schedule.CreationTimestamp.Time
	}
	by, err := timezone.ParseSchedule(b.Schedule, b.TimeZone)
	if err != nil || since.IsZero() {
		return time.Time{}
	}
	return by.Next(since).Add(b.Jitter.Length() + b.Deadline.Length())
}

// BackupDue is when to judge the age of the newest backup again though nothing may have happened, the zero time for never.
func (p Plan) BackupDue(o Observed, now time.Time) time.Time {
	if due := p.overdue(o); now.Before(due) {
		return due
	}
	return time.Time{}
}

// backupHealthy judges by age, never by what came of the last run: nil where no backups are asked for.
func (p Plan) backupHealthy(o Observed, now time.Time) *metav1.Condition {
	b := p.PeerNode.Spec.Backup
	if b == nil {
		return nil
	}
	is := func(status metav1.ConditionStatus, reason, message string) *metav1.Condition {
		return new(conditions.New(v1alpha1.ConditionBackupHealthy, status, reason, message))
	}
	if f := noSchedule(o, b); f != nil {
		return is(metav1.ConditionFalse, f.Reason, f.Message)
	}
	latest, overdue := latestBackup(o), p.overdue(o)
	late := !overdue.IsZero() && !now.Before(overdue)
	suspended := ""
	if b.Suspend {
		suspended = "; spec.backup.suspend is true, so none is made by the calendar"
	}
	switch {
	case latest == nil && late:
		return is(metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue, fmt.Sprintf("no backup of this PeerNode is in store %s, and there should be one; its PeerBackups say why%s", b.StoreRef.Name, suspended))
	case latest == nil:
		return is(metav1.ConditionUnknown, v1alpha1.ReasonWaitingForFirstBackup, fmt.Sprintf("no backup of this PeerNode is in store %s yet%s", b.StoreRef.Name, suspended))
	case late:
		return is(metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue, fmt.Sprintf("the newest good backup, %s, has the data of %s, and there should be a newer one; the PeerBackups since then say why there is not%s",
			latest.Name, latest.FinishedAt.UTC().Format(time.RFC3339), suspended))
	default:
		return is(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, fmt.Sprintf("backup %s in store %s has the data of %s", latest.Name, latest.Store, latest.FinishedAt.UTC().Format(time.RFC3339)))
	}
}

// backupTrouble are the reasons for which a person may be needed.
func backupTrouble(reason string) bool {
	switch reason {
	case v1alpha1.ReasonBackupOverdue, v1alpha1.ReasonInvalidSchedule, v1alpha1.ReasonNoCompanion:
		return true
	}
	return false
}
