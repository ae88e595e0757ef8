// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
)

// leapDay is a schedule that leaves a test alone.
const leapDay = "0 2 29 2 *"

// scheduledInto has a peer backed up into a store by the calendar.
func scheduledInto(store string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Backup = &v1alpha1.PeerNodeBackup{StoreRef: v1alpha1.BackupStoreReference{Name: store}, Schedule: leapDay}
	}
}

// run makes a Job of the schedule of a peer, as kubectl create job --from does, or for a time, as the controller of CronJobs does.
func (s *story) run(peer, name, slot string) *batchv1.Job {
	s.Helper()
	schedule := &batchv1.CronJob{}
	s.eventually(func() error { return s.get(peer+"-backup", schedule) })
	template := schedule.Spec.JobTemplate
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.ns, Name: name, Labels: template.Labels, Annotations: map[string]string{"cronjob.kubernetes.io/instantiate": "manual"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: schedule.Name, UID: schedule.UID, Controller: new(true)}},
		},
		Spec: template.Spec,
	}
	if slot != "" {
		job.Annotations = map[string]string{batchv1.CronJobScheduledTimestampAnnotation: slot}
	}
	s.must(env.Admin.Create(s.Context(), job, strict))
	return job
}

// runEnds waits until a Job of a schedule has ended.
func (s *story) runEnds(job *batchv1.Job, as batchv1.JobConditionType, reason, says string) {
	s.Helper()
	s.eventually(func() error {
		if err := s.get(job.Name, job); err != nil {
			return err
		}
		for _, c := range job.Status.Conditions {
			if c.Type == as && c.Status == corev1.ConditionTrue && c.Reason == reason && strings.Contains(c.Message, says) {
				return nil
			}
		}
		return fmt.Errorf("it is %+v", job.Status)
	})
	pods := &corev1.PodList{}
	s.must(env.Admin.List(s.Context(), pods, client.InNamespace(s.ns), client.MatchingLabels{batchv1.JobNameLabel: job.Name}))
	if len(pods.Items) > 0 {
		s.Errorf("Job %s has pods", job.Name)
	}
}

// sealedStore makes a store for data.
func (s *copyStory) sealedStore(name string) *v1alpha1.PeerBackupStore {
	s.Helper()
	store := s.store(name, s.server.Store)
	before := store.DeepCopy()
	store.Spec.Recipients = []string{s.holder.Recipient().String()}
	s.must(env.Admin.Patch(s.Context(), store, client.MergeFrom(before)))
	s.storeIsReady(store)
	return store
}

// What is due is carried out by a PeerBackup, and the Job tells how that ended, in terms that the API server takes.
func TestRunsOfAScheduleEndAsTheirBackupsDo(t *testing.T) {
	s := tellOfCopies(t)
	s.sealedStore("keys")
	p := s.serving("alpha", scheduledInto("keys"))
	s.becomes(p, v1alpha1.ConditionBackupHealthy, metav1.ConditionUnknown, v1alpha1.ReasonWaitingForFirstBackup)

	now := s.run("alpha", "now", "")
	s.runEnds(now, batchv1.JobComplete, v1alpha1.ReasonBackedUp, peerbackup.RunName(now))
	if now.Status.Succeeded != 1 || now.Status.CompletionTime == nil || now.Status.StartTime == nil {
		t.Errorf("a run that came to a good end is told of as %+v", now.Status)
	}
	b := s.backup(peerbackup.RunName(now), v1alpha1.ReasonBackedUp)
	if len(b.OwnerReferences) > 0 || b.Labels[v1alpha1.LabelPeerNode] != "alpha" || b.Labels[v1alpha1.LabelRun] != "now" {
		t.Errorf("its backup is %+v", b.ObjectMeta)
	}
	s.becomes(p, v1alpha1.ConditionBackupHealthy, metav1.ConditionTrue, v1alpha1.ReasonBackupRecent)
	if p.Status.Backup == nil || p.Status.Backup.Latest.Name != b.Name || p.Status.Backup.Latest.Sequence != 1 {
		t.Errorf("the newest backup is on record as %+v", p.Status.Backup)
	}
	s.serves(p)
	s.silentAfterRestart()

	env.KeyJobs.Hold(s.ns)
	defer env.KeyJobs.Release(s.ns)
	due := s.run("alpha", "alpha-backup-1", "2026-02-28T03:00:00+01:00")
	s.backup("alpha-20260228-0200", v1alpha1.ReasonCopying)
	s.must(env.Admin.Delete(t.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-20260228-0200"}}))
	s.runEnds(due, batchv1.JobFailed, v1alpha1.ReasonBackupDeleted, "alpha-20260228-0200")
	s.serves(p)
	s.becomes(p, v1alpha1.ConditionBackupHealthy, metav1.ConditionTrue, v1alpha1.ReasonBackupRecent)
}

// The cluster's own controller of CronJobs makes what is due, and takes what the operator tells of it for an end.
func TestTheClusterSaysWhatIsDue(t *testing.T) {
	s := tellOfCopies(t)
	s.sealedStore("keys")
	p := s.serving("alpha", scheduledInto("keys"), func(p *v1alpha1.PeerNode) { p.Spec.Backup.Schedule, p.Spec.Backup.Jitter = "* * * * *", "1s" })
	schedule := &batchv1.CronJob{}
	s.eventually(func() error {
		err := s.get("alpha-backup", schedule)
		if err == nil && schedule.Status.LastSuccessfulTime == nil {
			err = fmt.Errorf("the schedule is %+v", schedule.Status)
		}
		return err
	})
	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Backup.Suspend = true })
	s.becomes(p, v1alpha1.ConditionBackupHealthy, metav1.ConditionTrue, v1alpha1.ReasonBackupRecent)
	if name := p.Status.Backup.Latest.Name; !regexp.MustCompile(`^alpha-\d{8}-\d{4}$`).MatchString(name) {
		t.Errorf("the backup is called %s", name)
	}
	s.eventually(func() error {
		err := s.get("alpha-backup", schedule)
		if err == nil && !*schedule.Spec.Suspend {
			err = errors.New("it is not suspended yet")
		}
		return err
	})
}

// Who takes a schedule away takes away what has not begun, and nothing else.
func TestAScheduleThatIsTakenAwayStopsNobody(t *testing.T) {
	s := tellOfCopies(t)
	p := s.serving("alpha", scheduledInto("nowhere"))
	job := s.run("alpha", "now", "")
	name := peerbackup.RunName(job)
	s.backup(name, v1alpha1.ReasonWaitingForStore)
	taken := s.run("alpha", "later", "2026-02-28T02:00:00Z")
	s.backup("alpha-20260228-0200", v1alpha1.ReasonWaitingForStore)
	s.must(env.Admin.Delete(t.Context(), taken, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	s.backup("alpha-20260228-0200", v1alpha1.ReasonWithdrawn)
	s.backup(name, v1alpha1.ReasonWaitingForStore)

	s.edit(p, func(p *v1alpha1.PeerNode) { p.Spec.Backup = nil })
	s.gone("alpha-backup", &batchv1.CronJob{})
	b := s.backup(name, v1alpha1.ReasonWithdrawn)
	if b.Status.HeldSince != nil || b.Status.ReleasedAt == nil {
		t.Errorf("it is on record as %+v", b.Status)
	}
	s.serves(p)
	s.eventually(func() error {
		if err := s.get("alpha", p); err != nil {
			return err
		}
		if c := conditions.Find(p.Status.Conditions, v1alpha1.ConditionBackupHealthy); c.Type != "" {
			return fmt.Errorf("it still tells of backups: %+v", c)
		}
		return nil
	})
}

// A Job that says that the operator carries it out comes to an end, also where it is of no schedule.
func TestAJobOfNoScheduleFails(t *testing.T) {
	s := tell(t)
	s.serving("alpha", scheduledInto("nowhere"))
	schedule := &batchv1.CronJob{}
	s.eventually(func() error { return s.get("alpha-backup", schedule) })
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "stray", Labels: schedule.Spec.JobTemplate.Labels}, Spec: schedule.Spec.JobTemplate.Spec}
	s.must(env.Admin.Create(t.Context(), job))
	s.runEnds(job, batchv1.JobFailed, v1alpha1.ReasonNoSchedule, "nothing is backed up")
}
