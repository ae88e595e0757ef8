// SPDX-License-Identifier: Apache-2.0

package backupstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/conditions"
)

func readyReason(s v1alpha1.PeerBackupStoreStatus) string {
	return conditions.Find(s.Conditions, v1alpha1.ConditionReady).Reason
}

func TestWhatIsToldOfAStore(t *testing.T) {
	const settled = "False Settled"
	for name, c := range map[string]struct {
		observe                               func(t *testing.T) *world
		ready, reconciling, stalled, leastPri string
		says                                  string
	}{
		"It was just made.": {newWorld, "Unknown WaitingForCheck", "True WaitingForCheck", settled, "Unknown WaitingForCheck", "is to check the store; its pod starts once Secret s3-credentials is there"},
		"It is being checked, and knows an authority.": {func(t *testing.T) *world {
			return newWorld(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.CA = &v1alpha1.CertificateAuthorities{ConfigMapName: "ca"} }).acts()
		}, "Unknown WaitingForCheck", "True WaitingForCheck", settled, "Unknown WaitingForCheck", "once Secret s3-credentials and ConfigMap ca are there"},
		"It is well.": {checked, "True Checked", settled, settled, "True OnlyWhatIsNeeded", "found the store as the spec wants it"},
		"It is well, and not all is known.": {func(t *testing.T) *world {
			return newWorld(t).acts().finds(func(f *v1alpha1.BackupStoreFindings) { f.ReadsBack = v1alpha1.StoreNo })
		}, "True Checked", settled, settled, "True OnlyWhatIsNeeded", "wants it; what is written cannot be read back"},
		"It is well, and its credentials may delete.": {func(t *testing.T) *world {
			return newWorld(t).acts().finds(func(f *v1alpha1.BackupStoreFindings) { f.MayDelete = v1alpha1.StoreYes })
		}, "True Checked", settled, settled, "False MayDelete", ""},
		"The next check is on its way.": {func(t *testing.T) *world { return checked(t).later(time.Hour).acts() }, "True Checked", settled, settled, "True OnlyWhatIsNeeded", ""},
		"It writes over what is there.": {func(t *testing.T) *world {
			return newWorld(t).acts().finds(func(f *v1alpha1.BackupStoreFindings) { f.WritesOnce = v1alpha1.StoreNo })
		}, "False WritesNotOnce", settled, "True WritesNotOnce", "True OnlyWhatIsNeeded", "use a store that can"},
		"The check failed.": {func(t *testing.T) *world { return newWorld(t).acts().fails("there is no such bucket; create it") },
			"False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "cannot check the store: there is no such bucket; create it. It is tried again in five minutes"},
		"A pod of the check was evicted, and another follows.": {func(t *testing.T) *world { return newWorld(t).acts().says(137, "") },
			"Unknown WaitingForCheck", "True WaitingForCheck", settled, "Unknown WaitingForCheck", ""},
		"The check failed, and its pods are gone.": {func(t *testing.T) *world {
			return newWorld(t).acts().ends(batchv1.JobFailed, "PodFailurePolicy", "of the node")
		},
			"False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "cannot check the store: of the node."},
		"The check came to no end.": {func(t *testing.T) *world {
			return newWorld(t).acts().ends(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded, "active longer than")
		}, "False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "look whether Secret s3-credentials is there, whether the image"},
		"The check tells something else.": {func(t *testing.T) *world { return newWorld(t).acts().says(0, "done") },
			"False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "what it tells cannot be used: it does not begin with"},
		"The check failed, and is to be made again.": {func(t *testing.T) *world {
			return newWorld(t).acts().fails("no bucket").acts().later(5 * time.Minute).acts()
		},
			"False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "cannot check the store: no bucket."},
		"The check failed where all was well before.": {func(t *testing.T) *world { return checked(t).later(time.Hour).acts().fails("no bucket") },
			"False CheckFailed", "True CheckFailed", settled, "True OnlyWhatIsNeeded", "no bucket"},
		"All is well again.": {func(t *testing.T) *world {
			return newWorld(t).acts().fails("no bucket").acts().later(5 * time.Minute).acts().finds(nil)
		}, "True Checked", settled, settled, "True OnlyWhatIsNeeded", ""},
		"Its spec was changed.": {func(t *testing.T) *world {
			return checked(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Bucket = "others" }).acts()
		}, "Unknown WaitingForCheck", "True WaitingForCheck", settled, "Unknown WaitingForCheck", "is to check the store"},
		"Its spec was changed, and the check failed.": {func(t *testing.T) *world {
			return checked(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Bucket = "others" }).acts().fails("no bucket")
		}, "False CheckFailed", "True CheckFailed", settled, "Unknown WaitingForCheck", "no bucket"},
		"The operator has no companion.": {func(t *testing.T) *world {
			w := newWorld(t)
			w.Options.Resources.CompanionImage = ""
			return w
		}, "False NoCompanion", settled, "True NoCompanion", "Unknown WaitingForCheck", "--companion-image"},
		"The operator has lost its companion.": {func(t *testing.T) *world {
			w := checked(t)
			w.Options.Resources.CompanionImage = ""
			return w
		}, "True Checked", settled, "True NoCompanion", "True OnlyWhatIsNeeded", ""},
		"A recipient is none.": {func(t *testing.T) *world {
			return newWorld(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Recipients = []string{"age1qq"} })
		}, "False InvalidRecipient", settled, "True InvalidRecipient", "Unknown WaitingForCheck", "spec.recipients[0]: "},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			s := w.status()
			got := []string{is(s, v1alpha1.ConditionReady), is(s, v1alpha1.ConditionReconciling), is(s, v1alpha1.ConditionStalled), is(s, v1alpha1.ConditionLeastPrivilege)}
			if diff := cmp.Diff([]string{c.ready, c.reconciling, c.stalled, c.leastPri}, got); diff != "" {
				t.Errorf("Ready, Reconciling, Stalled and LeastPrivilege (-want +got):\n%s", diff)
			}
			if message := conditions.Find(s.Conditions, v1alpha1.ConditionReady).Message; !strings.Contains(message, c.says) {
				t.Errorf("it says %q, want %q", message, c.says)
			}
			for _, condition := range s.Conditions {
				if condition.ObservedGeneration != w.Store.Generation || s.ObservedGeneration != w.Store.Generation || condition.LastTransitionTime.IsZero() {
					t.Errorf("of generation %d is told %+v", w.Store.Generation, condition)
				}
			}
			// Who looks at what was told, and nothing has happened, tells nothing.
			if again := w.acts().status(); backupstore.News(w.Store.Status, again) {
				t.Errorf("it is told once more (-told +again):\n%s", cmp.Diff(w.Store.Status, again))
			}
		})
	}
}

func TestWhatHindersACheckIsToldAndTakesNothingBack(t *testing.T) {
	quota := conditions.Wait(v1alpha1.ReasonRetrying, "exceeded quota")
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		ready   string
	}{
		"Before the first check.": {newWorld, "False Retrying"},
		"Before a later one.":     {func(t *testing.T) *world { return checked(t).later(time.Hour) }, "True Checked"},
	} {
		w := c.observe(t)
		s := backupstore.Status(w.Observed, w.decide(), quota, w.Now)
		if got := is(s, v1alpha1.ConditionReady); got != c.ready || is(s, v1alpha1.ConditionReconciling) != "True Retrying" {
			t.Errorf("%s Ready is %s, want %s; Reconciling is %s", name, got, c.ready, is(s, v1alpha1.ConditionReconciling))
		}
	}
}

func TestChecksAreOnRecord(t *testing.T) {
	w := newWorld(t).acts()
	first := w.job().Name
	w.finds(nil).acts()
	s := w.Store.Status
	if s.LastCheck.Job != first || !s.LastCheck.Time.Equal(s.LastPassed) || !s.LastCheck.Time.Time.Equal(noon) || s.LastCheck.Failed || s.LastCheck.Generation != 1 {
		t.Errorf("on record is %+v, passed at %s", s.LastCheck, s.LastPassed)
	}
	if diff := cmp.Diff(well(), *s.Found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}

	w.later(time.Hour).acts().fails("no bucket").acts()
	s = w.Store.Status
	if !s.LastCheck.Failed || !s.LastCheck.Time.Time.Equal(noon.Add(time.Hour)) || !s.LastPassed.Time.Equal(noon) || s.Found == nil {
		t.Errorf("after one that failed, on record is %+v, passed at %s", s.LastCheck, s.LastPassed)
	}

	w.later(5 * time.Minute).acts().finds(func(f *v1alpha1.BackupStoreFindings) { f.WritesOnce = v1alpha1.StoreNo }).acts()
	s = w.Store.Status
	if s.LastCheck.Failed || !s.LastPassed.Time.Equal(noon) || s.Found.WritesOnce != v1alpha1.StoreNo {
		t.Errorf("after one that found the store wanting, on record is %+v, passed at %s, found %+v", s.LastCheck, s.LastPassed, s.Found)
	}
}

// What is found again moves the time of the last check, and no condition.
func TestACheckThatFindsNothingNewTurnsNothing(t *testing.T) {
	w := checked(t)
	before := w.Store.Status
	w.later(time.Hour).acts()
	if backupstore.News(before, w.Store.Status) {
		t.Error("that a check begins is told")
	}
	after := w.finds(nil).acts().Store.Status
	if diff := cmp.Diff(before.Conditions, after.Conditions); diff != "" || !backupstore.News(before, after) {
		t.Errorf("conditions (-before +after):\n%s", diff)
	}
	if e := backupstore.Events(before, after); len(e) > 0 {
		t.Errorf("events: %v", e)
	}
}

func TestEventsTellWhatTurned(t *testing.T) {
	deletes := func(f *v1alpha1.BackupStoreFindings) { f.MayDelete = v1alpha1.StoreYes }
	next := func(w *world) *world { return w.later(time.Hour).acts() }
	for name, c := range map[string]struct {
		from func(t *testing.T) *world
		to   func(w *world) *world
		want []string
	}{
		"It was just made.": {newWorld, func(w *world) *world { return w.acts() }, nil},
		"It is well.":       {func(t *testing.T) *world { return newWorld(t).acts() }, func(w *world) *world { return w.finds(nil).acts() }, []string{"Normal Checked"}},
		"It fails.":         {checked, func(w *world) *world { return next(w).fails("no bucket").acts() }, []string{"Warning CheckFailed"}},
		"It still fails.":   {func(t *testing.T) *world { return newWorld(t).acts().fails("no").acts() }, func(w *world) *world { return next(w).fails("no").acts() }, nil},
		"It is well again.": {func(t *testing.T) *world { return newWorld(t).acts().fails("no").acts() }, func(w *world) *world { return next(w).finds(nil).acts() }, []string{"Normal Checked"}},
		"Its spec was changed.": {checked, func(w *world) *world {
			return w.edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Bucket = "b" }).acts()
		}, nil},
		"Its credentials got more.":      {checked, func(w *world) *world { return next(w).finds(deletes).acts() }, []string{"Warning MayDelete"}},
		"Its credentials have too much.": {func(t *testing.T) *world { return newWorld(t).acts() }, func(w *world) *world { return w.finds(deletes).acts() }, []string{"Normal Checked", "Warning MayDelete"}},
		"Its credentials got less.":      {func(t *testing.T) *world { return newWorld(t).acts().finds(deletes).acts() }, func(w *world) *world { return next(w).finds(nil).acts() }, []string{"Normal OnlyWhatIsNeeded"}},
	} {
		w := c.from(t)
		before := w.Store.Status
		var got []string
		for _, e := range backupstore.Events(before, c.to(w).Store.Status) {
			got = append(got, e.Type+" "+e.Reason)
			if e.Message == "" || e.Action == "" || (e.Type != corev1.EventTypeNormal && e.Type != corev1.EventTypeWarning) {
				t.Errorf("%s event %+v", name, e)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s events (-want +got):\n%s", name, diff)
		}
	}
}
