// SPDX-License-Identifier: Apache-2.0

package peerbackup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
)

// run is a Job that the schedule of alpha has made for noon, twenty minutes ago.
func run() peerbackup.Run {
	p := peer("alpha")
	p.Spec.Backup = &v1alpha1.PeerNodeBackup{StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}, Schedule: "0 12 * * *", Jitter: "20m", BackupOptions: v1alpha1.BackupOptions{
		Method: v1alpha1.BackupStopped, Type: v1alpha1.BackupFull, Exclude: []v1alpha1.BackupPattern{"tmp"}, UploadLimit: new(resource.MustParse("20Mi")), Deadline: "2h",
	}}
	return peerbackup.Run{
		Job: &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{
				Name: "alpha-backup-29344080", Namespace: "peers", UID: "uid-of-job", CreationTimestamp: metav1.NewTime(noon),
				Labels:      map[string]string{v1alpha1.LabelPeerNode: "alpha", v1alpha1.LabelComponent: "backup-run"},
				Annotations: map[string]string{batchv1.CronJobScheduledTimestampAnnotation: "2026-10-01T14:00:00+02:00"},
			},
			Spec: batchv1.JobSpec{ManagedBy: new(v1alpha1.RunsBackups)},
		},
		Peer: p,
		Now:  noon.Add(20 * time.Minute),
	}
}

// made is the PeerBackup of a run.
func made(r peerbackup.Run, change ...func(*v1alpha1.PeerBackup)) *v1alpha1.PeerBackup {
	b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Name: peerbackup.RunName(r.Job), Annotations: map[string]string{v1alpha1.AnnotationRunUID: string(r.Job.UID)}}}
	for _, c := range change {
		c(b)
	}
	return b
}

func hasEnded(status metav1.ConditionStatus, reason, message string) func(*v1alpha1.PeerBackup) {
	return func(b *v1alpha1.PeerBackup) {
		b.Status.ReleasedAt = &metav1.Time{Time: noon.Add(15 * time.Minute)}
		b.Status.Conditions = []metav1.Condition{conditions.New(v1alpha1.ConditionReady, status, reason, message)}
	}
}

func TestAJobOfAScheduleIsCarriedOutByAPeerBackup(t *testing.T) {
	deleted := func(b *v1alpha1.PeerBackup) { b.DeletionTimestamp = &metav1.Time{Time: noon} }
	begun := func(r *peerbackup.Run) { r.Job.Status.StartTime = &metav1.Time{Time: noon.Add(time.Minute)} }
	is := func(change ...func(*v1alpha1.PeerBackup)) func(*peerbackup.Run) {
		return func(r *peerbackup.Run) { r.Backup = made(*r, change...) }
	}
	for name, c := range map[string]struct {
		run   []func(*peerbackup.Run)
		plans string
	}{
		"It is due.":                         {nil, "create alpha-20261001-1200"},
		"It is one of nobody's.":             {[]func(*peerbackup.Run){func(r *peerbackup.Run) { r.Peer = nil }}, "Failed NoSchedule"},
		"Its PeerBackup was just made.":      {[]func(*peerbackup.Run){is()}, "begun"},
		"That is on record.":                 {[]func(*peerbackup.Run){is(), begun}, "nothing"},
		"Its PeerBackup is on its way out.":  {[]func(*peerbackup.Run){is(deleted), begun}, "Failed BackupDeleted"},
		"It was deleted.":                    {[]func(*peerbackup.Run){begun}, "Failed BackupDeleted"},
		"It is going before it was told of.": {[]func(*peerbackup.Run){is(deleted)}, "nothing"},
		"The name is taken.":                 {[]func(*peerbackup.Run){is(func(b *v1alpha1.PeerBackup) { b.Annotations = nil })}, "Failed BackupNameTaken"},
		"The backup is good.":                {[]func(*peerbackup.Run){is(hasEnded("True", "BackedUp", "3 files")), begun}, "Complete BackedUp"},
		"It has ended before it was told of": {[]func(*peerbackup.Run){is(hasEnded("True", "BackedUp", "3 files"))}, "Complete BackedUp"},
		"The backup failed.":                 {[]func(*peerbackup.Run){is(hasEnded("False", "BackupFailed", "no bucket")), begun}, "Failed BackupFailed"},
		"It ended, and is deleted.":          {[]func(*peerbackup.Run){is(hasEnded("True", "BackedUp", "3 files"), deleted), begun}, "Complete BackedUp"},
		"The schedule is gone meanwhile.":    {[]func(*peerbackup.Run){is(), begun, func(r *peerbackup.Run) { r.Peer = nil }}, "nothing"},
	} {
		r := run()
		for _, change := range c.run {
			change(&r)
		}
		if got := planned(t, r); got != c.plans {
			t.Errorf("%s What is planned is %s, want %s", name, got, c.plans)
		}
	}
}

// planned says in a few words what is planned, and sees to it that the end of a Job is told as the API server wants it.
func planned(t *testing.T, r peerbackup.Run) string {
	t.Helper()
	p := peerbackup.DecideRun(r)
	switch {
	case p.Create != nil:
		return "create " + p.Create.Name
	case p.Status == nil && !p.Acts():
		return "nothing"
	case len(p.Status.Conditions) == 0:
		return "begun"
	}
	after := r.Job.DeepCopy()
	after.Status = *p.Status
	target, end := p.Status.Conditions[0], p.Status.Conditions[1]
	if !peerbackup.RunEnded(after) || p.Status.StartTime == nil || target.Status != corev1.ConditionTrue || target.Reason != end.Reason || end.Message == "" {
		t.Errorf("it ends as %+v", p.Status)
	}
	if began := r.Job.Status.StartTime; began != nil && !began.Equal(p.Status.StartTime) {
		t.Errorf("it is told to have begun at %s", p.Status.StartTime)
	}
	if good := end.Type == batchv1.JobComplete; good != (p.Status.CompletionTime != nil) || good != (target.Type == batchv1.JobSuccessCriteriaMet) || good != (p.Status.Succeeded == 1) || good == (p.Status.Failed == 1) {
		t.Errorf("it ends as %+v", p.Status)
	}
	return string(end.Type) + " " + end.Reason
}

func TestAPeerBackupIsAsTheSpecIsWhenItIsMade(t *testing.T) {
	r := run()
	got := peerbackup.DecideRun(r).Create
	want := &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{
			Name: "alpha-20261001-1200", Namespace: "peers",
			Labels:      map[string]string{"peernode.dev/peernode": "alpha", "peernode.dev/run": "alpha-backup-29344080"},
			Annotations: map[string]string{"peernode.dev/run-uid": "uid-of-job"},
		},
		Spec: v1alpha1.PeerBackupSpec{
			PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}, StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}, BackupOptions: v1alpha1.BackupOptions{
				Method: "Stopped", Type: "Full", Exclude: []v1alpha1.BackupPattern{"tmp"}, UploadLimit: new(resource.MustParse("20Mi")), Deadline: "2h",
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +made):\n%s", diff)
	}
}

func TestARunIsProvenWhenTheLastProofIsOldEnough(t *testing.T) {
	for name, c := range map[string]struct {
		every v1alpha1.Period
		ago   time.Duration
		want  bool
	}{
		"No proofs are asked for.":    {"", 0, false},
		"There was none yet.":         {"720h", 0, true},
		"The last one is of late.":    {"720h", 719 * time.Hour, false},
		"The last one is old enough.": {"720h", 720 * time.Hour, true},
	} {
		r := run()
		r.Peer.Spec.Backup.ProveEvery = c.every
		if c.ago > 0 {
			r.Proven = &v1alpha1.PeerBackup{Status: v1alpha1.PeerBackupStatus{Record: &v1alpha1.BackupRecord{FinishedAt: metav1.NewTime(r.Now.Add(-c.ago))}}}
		}
		if got := peerbackup.DecideRun(r).Create.Spec.Prove; got != c.want {
			t.Errorf("%s: it is to be proven: %t", name, got)
		}
	}
}

func TestRunsOfOneTimeAreSpreadByPeerAndTime(t *testing.T) {
	begins := map[time.Duration]bool{}
	for i := range 50 {
		r := run()
		r.Peer.UID, r.Now = types.UID(strings.Repeat("u", i+1)), noon
		at := peerbackup.DecideRun(r).LookAgain
		for _, now := range []time.Time{noon.Add(-time.Hour), noon.Add(time.Second)} {
			if r.Now = now; now.Before(at) && !peerbackup.DecideRun(r).LookAgain.Equal(at) {
				t.Error("one run begins at two times")
			}
		}
		if r.Now = at; peerbackup.DecideRun(r).Create == nil {
			t.Errorf("it does not begin at %s", at)
		}
		if r.Job.Annotations[batchv1.CronJobScheduledTimestampAnnotation] = "2026-10-02T12:00:00Z"; peerbackup.DecideRun(r).LookAgain.Sub(noon.Add(24*time.Hour)) == at.Sub(noon) {
			t.Errorf("the runs of peer %d are not spread by their time", i)
		}
		if at.Sub(noon) < 0 || at.Sub(noon) >= 20*time.Minute {
			t.Errorf("a run begins at %s", at)
		}
		begins[at.Sub(noon)] = true
	}
	if len(begins) < 40 {
		t.Errorf("50 runs begin at %d times", len(begins))
	}
}

func TestARunThatIsAskedForByHandBeginsAtOnce(t *testing.T) {
	r := run()
	r.Job.Annotations = map[string]string{"cronjob.kubernetes.io/instantiate": "manual"}
	r.Now = noon
	b := peerbackup.DecideRun(r).Create
	if b == nil || !strings.HasPrefix(b.Name, "alpha-20261001-1200-") || b.Name != peerbackup.RunName(r.Job) {
		t.Errorf("it is carried out by %+v", b)
	}
	r = run()
	r.Peer.Spec.Backup.Jitter, r.Now = "0s", noon
	if peerbackup.DecideRun(r).Create == nil {
		t.Error("a run waits without a jitter")
	}
}

func TestOnlyJobsOfSchedulesAreCarriedOut(t *testing.T) {
	job := run().Job
	if !peerbackup.Runs(job) || peerbackup.RunEnded(job) {
		t.Error("the Job of a schedule is not carried out")
	}
	for name, change := range map[string]func(*batchv1.Job){
		"One whose pod is started.":       func(j *batchv1.Job) { j.Spec.ManagedBy = nil },
		"One that is somebody else's.":    func(j *batchv1.Job) { j.Spec.ManagedBy = new("kueue.x-k8s.io/multikueue") },
		"One that is no run of a backup.": func(j *batchv1.Job) { j.Labels = map[string]string{v1alpha1.LabelComponent: "backup"} },
	} {
		other := job.DeepCopy()
		if change(other); peerbackup.Runs(other) {
			t.Errorf("%s It is carried out", name)
		}
	}
	job.DeletionTimestamp = &metav1.Time{Time: noon}
	if !peerbackup.RunEnded(job) {
		t.Error("a Job that is deleted is carried out")
	}
}

// A schedule that was taken away stops nobody any more; what has begun goes on to its end.
func TestABackupWhoseJobIsGoneIsGivenUpBeforeItBegins(t *testing.T) {
	asks := func(w *world) {
		w.Backup.Labels, w.Backup.Annotations = map[string]string{v1alpha1.LabelRun: "alpha-backup-1"}, map[string]string{v1alpha1.AnnotationRunUID: "uid-of-job"}
		w.Run = &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "alpha-backup-1", UID: "uid-of-job"}}
	}
	for name, c := range map[string]struct {
		world func(*world)
		ready string
	}{
		"The Job is there.":              {func(*world) {}, "False StoppingPeer"},
		"The Job is gone.":               {func(w *world) { w.Run = nil }, "False Withdrawn"},
		"The Job is on its way out.":     {func(w *world) { w.Run.DeletionTimestamp = &metav1.Time{Time: noon} }, "False Withdrawn"},
		"The Job is another.":            {func(w *world) { w.Run.UID = "another" }, "False Withdrawn"},
		"The Job is gone, and the peer.": {func(w *world) { w.Run, w.Peer = nil, nil }, "False Withdrawn"},
	} {
		w := newWorld(t).but(asks).but(c.world)
		twice := w.decide().Irreversible()
		w.acts()
		withdrawn := c.ready == "False Withdrawn"
		if got := w.is("Ready"); got != c.ready || !twice || peerbackup.Ended(w.Backup) != withdrawn || (w.Backup.Status.HeldSince == nil) != withdrawn {
			t.Errorf("%s It is %s, and has ended: %t", name, got, peerbackup.Ended(w.Backup))
		}
	}
	w := newWorld(t).but(asks).acts()
	w.Run = nil
	if w.stops().acts(); w.is("Ready") != "False Copying" {
		t.Errorf("one that has begun is %s", w.is("Ready"))
	}
}

func TestTheNewestGoodBackupOfAPeerIsFound(t *testing.T) {
	good := func(name string, minute int, change ...func(*v1alpha1.PeerBackup)) v1alpha1.PeerBackup {
		b := asked(name, "alpha")
		hasEnded("True", "BackedUp", "")(b)
		b.Status.PeerNodeUID = "uid-of-alpha"
		b.Status.Record = &v1alpha1.BackupRecord{FinishedAt: metav1.NewTime(noon.Add(time.Duration(minute) * time.Minute))}
		for _, c := range change {
			c(b)
		}
		return *b
	}
	all := []v1alpha1.PeerBackup{
		good("old", 1), good("new", 3), good("older", 2),
		good("failed", 9, hasEnded("False", "BackupFailed", "")),
		good("elsewhere", 9, func(b *v1alpha1.PeerBackup) { b.Spec.StoreRef.Name = "other" }),
		good("of an earlier peer", 9, func(b *v1alpha1.PeerBackup) { b.Status.PeerNodeUID = "another" }),
		good("without a record", 9, func(b *v1alpha1.PeerBackup) { b.Status.Record = nil }),
	}
	p := run().Peer
	if got := peerbackup.Latest(all, p); got == nil || got.Name != "new" {
		t.Errorf("it is %v", got)
	}
	if p.Spec.Backup = nil; peerbackup.Latest(all, p) != nil {
		t.Error("one is found of a peer without a schedule")
	}
}
