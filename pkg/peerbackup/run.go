// SPDX-License-Identifier: Apache-2.0

package peerbackup

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// Run is what was read about a Job of a schedule, which stands for one run of it.
type Run struct {
	// Job is what the schedule, or somebody by hand, has made.
	Job *batchv1.Job
	// Peer is the PeerNode whose schedule it is, with its defaults; nil where the Job belongs to none that has one.
	Peer *v1alpha1.PeerNode
	// Backup is the PeerBackup of the name that RunName gives, nil where there is none.
	Backup *v1alpha1.PeerBackup
	// Proven is the newest backup of the peer, in the store of its schedule, that was proven; nil where there is none.
	Proven *v1alpha1.PeerBackup
	// Now is when this was read.
	Now time.Time
}

// RunPlan is what is to be done about a Job of a schedule.
type RunPlan struct {
	// Create is the PeerBackup that carries it out, nil while none is to be made.
	Create *v1alpha1.PeerBackup
	// Status is what is to be told of the Job, nil where it has been told.
	Status *batchv1.JobStatus
	// LookAgain is when the run is to begin, the zero time where that is not what it waits for.
	LookAgain time.Time
}

// Acts reports whether the plan changes anything. Then it is worth looking twice.
func (p RunPlan) Acts() bool { return p.Create != nil || p.Status != nil }

// Runs reports whether a Job is one of a schedule, and the operator's to carry out.
func Runs(job *batchv1.Job) bool {
	by := job.Spec.ManagedBy
	return by != nil && *by == v1alpha1.RunsBackups && job.Labels[v1alpha1.LabelComponent] == names.ComponentBackupRun
}

// RunEnded reports whether nothing is left to do about a Job.
func RunEnded(job *batchv1.Job) bool {
	for _, c := range job.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == "True" {
			return true
		}
	}
	return job.DeletionTimestamp != nil
}

// RunName is the name of the PeerBackup that carries a Job out.
func RunName(job *batchv1.Job) string {
	peerNode := job.Labels[v1alpha1.LabelPeerNode]
	if slot, ok := slotOf(job); ok {
		return names.ScheduledBackup(peerNode, slot)
	}
	return names.RequestedBackup(peerNode, job.UID, job.CreationTimestamp.Time)
}

// slotOf is the time for which the schedule has made a Job, false for one that was asked for by hand.
func slotOf(job *batchv1.Job) (time.Time, bool) {
	slot, err := time.Parse(time.RFC3339, job.Annotations[batchv1.CronJobScheduledTimestampAnnotation])
	return slot, err == nil
}

// DecideRun makes the plan for a Job that has not ended. That its PeerBackup was made is put on record in status.startTime
// after that, so that one which is deleted is not made again.
func DecideRun(r Run) RunPlan {
	begun := r.Job.Status.StartTime != nil
	switch b := r.Backup; {
	case b != nil && b.Annotations[v1alpha1.AnnotationRunUID] != string(r.Job.UID):
		return r.fail(v1alpha1.ReasonBackupNameTaken, fmt.Sprintf("PeerBackup %s was not made for this Job; delete it, and ask for another run", b.Name))
	case b != nil && Ended(b):
		return r.end()
	case b != nil && b.DeletionTimestamp != nil && !begun:
		return RunPlan{} // Its name is free in a moment.
	case b != nil && b.DeletionTimestamp == nil && !begun:
		return RunPlan{Status: &batchv1.JobStatus{StartTime: r.at()}}
	case b != nil && b.DeletionTimestamp == nil:
		return RunPlan{}
	case begun:
		return r.fail(v1alpha1.ReasonBackupDeleted, fmt.Sprintf("PeerBackup %s was deleted before its end", RunName(r.Job)))
	case r.Peer == nil:
		return r.fail(v1alpha1.ReasonNoSchedule, "there is no PeerNode with spec.backup whose CronJob has made this Job, so nothing is backed up")
	}
	if due := r.due(); r.Now.Before(due) {
		return RunPlan{LookAgain: due}
	}
	return RunPlan{Create: r.backup()}
}

// due is when the run is to begin: by its place among those of the same time, which follows from peer and run alone. What
// somebody asks for by hand begins at once.
func (r Run) due() time.Time {
	slot, ok := slotOf(r.Job)
	spread := r.Peer.Spec.Backup.Jitter.Length()
	if !ok || spread <= 0 {
		return r.Job.CreationTimestamp.Time
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", r.Peer.UID, slot.Unix()))
	place := time.Duration(binary.BigEndian.Uint32(sum[:4])) * time.Second % spread
	return slot.Add(place)
}

// backup is what carries the run out. It has no owner, because the record of a backup outlives Job and peer.
func (r Run) backup() *v1alpha1.PeerBackup {
	wanted := r.Peer.Spec.Backup
	return &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{
			Name: RunName(r.Job), Namespace: r.Job.Namespace,
			Labels:      map[string]string{v1alpha1.LabelPeerNode: r.Peer.Name, v1alpha1.LabelRun: r.Job.Name},
			Annotations: map[string]string{v1alpha1.AnnotationRunUID: string(r.Job.UID)},
		},
		Spec: v1alpha1.PeerBackupSpec{
			PeerNodeRef: v1alpha1.PeerNodeReference{Name: r.Peer.Name}, StoreRef: wanted.StoreRef, Prove: r.proves(), BackupOptions: *wanted.BackupOptions.DeepCopy(),
		},
	}
}

// proves reports whether it is time for another proof.
func (r Run) proves() bool {
	every := r.Peer.Spec.Backup.ProveEvery.Length()
	return every > 0 && (r.Proven == nil || r.Now.Sub(r.Proven.Status.Record.FinishedAt.Time) >= every)
}
