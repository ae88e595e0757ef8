// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/plan"
)

// nightly is backed up at 02:00, for which it has six hours and five minutes. It is nine o'clock on the first of November.
func nightly(p *v1alpha1.PeerNode) {
	p.Spec.Backup = &v1alpha1.PeerNodeBackup{StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}, Schedule: "0 2 * * *"}
}

func schedule(line, zone string) func(*world) {
	return func(w *world) { w.PeerNode.Spec.Backup.Schedule, w.PeerNode.Spec.Backup.TimeZone = line, zone }
}

// scheduledSince is when the schedule was made.
func scheduledSince(ago time.Duration) func(*world) {
	return func(w *world) { object[*batchv1.CronJob](w).CreationTimestamp = metav1.NewTime(now.Add(-ago)) }
}

// lastBackedUp is the newest good backup.
func lastBackedUp(ago time.Duration) func(*world) {
	return func(w *world) { w.LatestBackup = goodBackup("alpha-new", 7, ago) }
}

func goodBackup(name string, sequence int64, ago time.Duration) *v1alpha1.PeerBackup {
	return &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "peers"},
		Spec:       v1alpha1.PeerBackupSpec{StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}},
		Status:     v1alpha1.PeerBackupStatus{Record: &v1alpha1.BackupRecord{Sequence: sequence, FinishedAt: metav1.NewTime(now.Add(-ago)), Size: resource.MustParse("5Gi")}},
	}
}

// onRecord is what the status says of the newest good backup.
func onRecord(store string, ago time.Duration) func(*world) {
	return func(w *world) {
		w.PeerNode.Status.Backup = &v1alpha1.PeerNodeBackupStatus{Latest: &v1alpha1.LatestBackup{
			Name: "alpha-old", Store: store, Sequence: 6, FinishedAt: metav1.NewTime(now.Add(-ago)), Size: resource.MustParse("4Gi"),
		}}
	}
}

// The age of the newest backup in all its cases is judged below.
var scheduledBackups = map[string]situation{
	"No backup was made yet.": {
		isServing(func(*world) {}, nightly), told(serves, settled, settled, "BackupHealthy", "Unknown WaitingForFirstBackup"), "",
	},
	"The newest backup is of this night.": {
		isServing(lastBackedUp(6*time.Hour), nightly), told(serves, settled, settled, "BackupHealthy", "True BackupRecent"), "",
	},
	"No backup was made this night.": {
		isServing(lastBackedUp(30*time.Hour), nightly), told(serves, settled, settled, "BackupHealthy", "False BackupOverdue"), "",
	},
	"No backups are asked for.": {
		isServing(lastBackedUp(6 * time.Hour)), told(serves, settled, settled, "BackupHealthy", ""), "",
	},
}

func TestTheAgeOfTheNewestBackupIsJudged(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		world  []func(*world)
		is     string
		says   string
		latest string
		due    string
	}{
		"A schedule that is made just now.": {nil, "Unknown WaitingForFirstBackup", "no backup of this PeerNode is in store s3 yet", "", ""},
		"None, and none was due.":           {[]func(*world){scheduledSince(6 * hour)}, "Unknown WaitingForFirstBackup", "yet", "", "2026-11-02T08:05:00Z"},
		"None, and one was due.":            {[]func(*world){scheduledSince(8 * hour)}, "False BackupOverdue", "should be one", "", ""},
		"None, and one has some time left.": {[]func(*world){scheduledSince(8 * hour), func(w *world) { w.PeerNode.Spec.Backup.Deadline = "7h" }}, "Unknown WaitingForFirstBackup", "yet", "", "2026-11-01T09:05:00Z"},
		"One of this night.":                {[]func(*world){scheduledSince(99 * hour), lastBackedUp(6 * hour)}, "True BackupRecent", "2026-11-01T03:00:00Z", "alpha-new", "2026-11-02T08:05:00Z"},
		"One of the night before.":          {[]func(*world){scheduledSince(99 * hour), lastBackedUp(30 * hour)}, "False BackupOverdue", "2026-10-31T03:00:00Z", "alpha-new", ""},
		"One of yesterday, by hand.":        {[]func(*world){scheduledSince(99 * hour), lastBackedUp(20 * hour)}, "False BackupOverdue", "2026-10-31T13:00:00Z", "alpha-new", ""},
		"One of some hours ago, of a schedule of Zurich.": {
			[]func(*world){schedule("0 2 * * *", "Europe/Zurich"), lastBackedUp(9 * hour)}, "False BackupOverdue", "2026-11-01T00:00:00Z", "alpha-new", "",
		},
		"One of this week, of a weekly schedule.": {[]func(*world){schedule("0 2 * * SUN", ""), lastBackedUp(7 * 24 * hour)}, "False BackupOverdue", "newer one", "alpha-new", ""},
		"One of this month.":                      {[]func(*world){schedule("0 2 1 * *", ""), lastBackedUp(2 * hour)}, "True BackupRecent", "alpha-new", "alpha-new", "2026-12-01T08:05:00Z"},
		"One whose PeerBackup was deleted.":       {[]func(*world){onRecord("s3", 6*hour)}, "True BackupRecent", "backup alpha-old in store s3", "alpha-old", "2026-11-02T08:05:00Z"},
		"The newest was deleted.":                 {[]func(*world){onRecord("s3", 3*hour), lastBackedUp(6 * hour)}, "True BackupRecent", "alpha-old", "alpha-old", "2026-11-02T08:05:00Z"},
		"A newer one than is on record.":          {[]func(*world){onRecord("s3", 30*hour), lastBackedUp(6 * hour)}, "True BackupRecent", "alpha-new", "alpha-new", "2026-11-02T08:05:00Z"},
		"One in the store of before.":             {[]func(*world){onRecord("old", 6*hour), scheduledSince(99 * hour)}, "False BackupOverdue", "store s3", "", ""},
		"A line of cron that says nothing.":       {[]func(*world){schedule("99 2 * * *", ""), lastBackedUp(6 * hour)}, "False InvalidSchedule", "spec.backup.schedule", "alpha-new", ""},
		"A zone that does not exist.":             {[]func(*world){schedule("0 2 * * *", "Europe/Atlantis"), lastBackedUp(6 * hour)}, "False InvalidSchedule", "spec.backup.timeZone", "alpha-new", ""},
		"Nothing that could make one.":            {[]func(*world){func(w *world) { w.Options.Resources.CompanionImage = "" }}, "False NoCompanion", "--companion-image", "", ""},
		"A schedule that is suspended.": {
			[]func(*world){scheduledSince(99 * hour), lastBackedUp(30 * hour), func(w *world) { w.PeerNode.Spec.Backup.Suspend = true }}, "False BackupOverdue", "spec.backup.suspend is true", "alpha-new", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := serving(t, custom, nightly)
			for _, change := range c.world {
				change(w)
			}
			s := w.status()
			got := conditions.Find(s.Conditions, v1alpha1.ConditionBackupHealthy)
			if is := string(got.Status) + " " + got.Reason; is != c.is || !strings.Contains(got.Message, c.says) {
				t.Errorf("it is %s: %s", is, got.Message)
			}
			latest := ""
			if s.Backup != nil {
				latest = s.Backup.Latest.Name
			}
			due := ""
			if at := w.decide().BackupDue(w.Observed, now); !at.IsZero() {
				due = at.UTC().Format(time.RFC3339)
			}
			if diff := cmp.Diff([]string{c.latest, c.due}, []string{latest, due}); diff != "" {
				t.Errorf("newest, and when to look again (-want +got):\n%s", diff)
			}
			if ready := conditions.Find(s.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue || conditions.Find(s.Conditions, v1alpha1.ConditionStalled).Status != metav1.ConditionFalse {
				t.Errorf("the peer is %s %s", ready.Status, ready.Reason)
			}
		})
	}
}

func TestAPeerWithoutAScheduleHasNothingOfIt(t *testing.T) {
	w := serving(t)
	w.LatestBackup = goodBackup("daily", 1, time.Hour)
	s := w.status()
	if c := conditions.Find(s.Conditions, v1alpha1.ConditionBackupHealthy); c.Type != "" || s.Backup != nil || w.decide().BackupDue(w.Observed, now) != (time.Time{}) {
		t.Errorf("it says %+v of %+v", c, s.Backup)
	}
}

func TestOverdueBackupsAreToldAndTheirEndIs(t *testing.T) {
	w := serving(t, nightly)
	lastBackedUp(6 * time.Hour)(w)
	good := w.status()
	w.PeerNode.Status = good
	lastBackedUp(30 * time.Hour)(w)
	onRecord("s3", 30*time.Hour)(w)
	bad := w.status()
	if telling := plan.ToTell(good, bad, now, time.Hour); !telling.Write {
		t.Error("that a backup is overdue is held back")
	}
	var told []string
	for _, e := range append(plan.Events(good, bad), plan.Events(bad, good)...) {
		told = append(told, e.Type+" "+e.Reason)
	}
	if diff := cmp.Diff([]string{"Warning BackupOverdue", "Normal BackupRecent"}, told); diff != "" {
		t.Errorf("(-want +told):\n%s", diff)
	}
}

// The schedule comes and goes with spec.backup. One that is wrong is not sent, and takes nothing away.
func TestTheScheduleFollowsItsSpec(t *testing.T) {
	w := serving(t, nightly)
	if got := object[*batchv1.CronJob](w).Name; got != "alpha-backup" {
		t.Fatalf("it is called %s", got)
	}
	changed := func(what string, applied, deleted int) {
		t.Helper()
		p := w.decide()
		if len(p.Apply) != applied || len(p.Delete) != deleted {
			t.Errorf("%s: %d are applied, %d deleted", what, len(p.Apply), len(p.Delete))
		}
	}
	changed("nothing has changed", 0, 0)
	w.PeerNode.Spec.Backup.Schedule = "99 2 * * *"
	changed("the line says nothing", 0, 0)
	w.PeerNode.Spec.Backup.Schedule = "30 2 * * *"
	changed("the line says another time", 1, 0)
	w.PeerNode.Spec.Backup = nil
	changed("it is taken away", 0, 1)
	if got := w.decide().Delete[0]; got != intent.Object(object[*batchv1.CronJob](w)) {
		t.Errorf("%s is deleted", got.GetName())
	}
}
