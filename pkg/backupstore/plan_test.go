// SPDX-License-Identifier: Apache-2.0

package backupstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/intent"
)

// kinds are the kinds of objects that a plan makes or changes.
func kinds(p backupstore.Plan) []string {
	var out []string
	for _, change := range p.Apply {
		out = append(out, change.Kind)
	}
	return out
}

func TestAStoreIsCheckedWhenThatIsDueAndNotOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    []string
		// again is when to look again, from noon; 0 for when something happens.
		again   time.Duration
		discard bool
	}{
		"It was just made.":             {newWorld, []string{"NetworkPolicy", "Job"}, 0, false},
		"It is being checked.":          {func(t *testing.T) *world { return newWorld(t).acts() }, nil, 0, false},
		"It was checked.":               {checked, nil, time.Hour, false},
		"The next check is not due.":    {func(t *testing.T) *world { return checked(t).later(59 * time.Minute) }, nil, time.Hour, false},
		"The next check is due.":        {func(t *testing.T) *world { return checked(t).later(time.Hour) }, []string{"Job"}, 0, false},
		"The next check is on its way.": {func(t *testing.T) *world { return checked(t).later(time.Hour).acts() }, nil, 0, false},
		"It is checked more often.": {func(t *testing.T) *world {
			w := newWorld(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.CheckEvery = "7m" }).acts().finds(nil).acts()
			return w.later(6 * time.Minute)
		}, nil, 7 * time.Minute, false},
		"Its spec was changed.": {func(t *testing.T) *world {
			return checked(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Bucket = "others" })
		}, []string{"Job"}, 0, false},
		"Its spec was changed, and where it is.": {func(t *testing.T) *world {
			return checked(t).edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Endpoint = "https://192.0.2.7" })
		}, []string{"NetworkPolicy", "Job"}, 0, false},
		"Its spec was changed while it was checked.": {func(t *testing.T) *world {
			return newWorld(t).acts().edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Bucket = "others" })
		}, []string{"Job"}, 0, false},
		"The check failed.":                  {func(t *testing.T) *world { return newWorld(t).acts().fails("no bucket").acts() }, nil, 5 * time.Minute, false},
		"The check failed five minutes ago.": {func(t *testing.T) *world { return newWorld(t).acts().fails("no bucket").acts().later(5 * time.Minute) }, []string{"Job"}, 0, false},
		"The Job is gone before it ended.":   {func(t *testing.T) *world { return newWorld(t).acts().later(time.Minute) }, []string{"Job"}, 0, false},
		"The Job is complete, and its pod is gone.": {func(t *testing.T) *world {
			return newWorld(t).acts().ends(batchv1.JobComplete, "", "")
		}, nil, 0, true},
		"Its policy was changed by somebody.": {func(t *testing.T) *world {
			w := checked(t)
			w.Objects[backupstore.PolicyRef(w.Store)].SetOwnerReferences(nil)
			return w
		}, []string{"NetworkPolicy"}, time.Hour, false},
		"The clock of an earlier operator was wrong.": {func(t *testing.T) *world {
			w := checked(t).later(0)
			w.Store.Status.LastCheck.Time = metav1.NewTime(noon.Add(24 * time.Hour))
			return w
		}, []string{"Job"}, 0, false},
		"The clock of an earlier operator was a little ahead.": {func(t *testing.T) *world {
			w := checked(t).later(0)
			w.Store.Status.LastCheck.Time = metav1.NewTime(noon.Add(time.Minute))
			return w
		}, nil, time.Hour + time.Minute, false},
		"The operator has no companion.": {func(t *testing.T) *world {
			w := newWorld(t)
			w.Options.Resources.CompanionImage = ""
			return w
		}, nil, 0, false},
		"A recipient is none.": {func(t *testing.T) *world {
			w := newWorld(t)
			w.Store.Spec.Recipients = []string{"age1qq"}
			return w
		}, nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			p := w.decide()
			if diff := cmp.Diff(c.want, kinds(p)); diff != "" {
				t.Errorf("what is made or changed (-want +got):\n%s", diff)
			}
			if c.again == 0 && !p.LookAgain.IsZero() || c.again > 0 && !p.LookAgain.Equal(noon.Add(c.again)) {
				t.Errorf("it is looked at again at %s, want %s after noon", p.LookAgain, c.again)
			}
			job := func(r intent.Removal) bool {
				return r.Ref == backupstore.JobRef(w.Store) && r.Object == w.Objects[r.Ref]
			}
			if got := slices.ContainsFunc(p.Remove, job); got != c.discard || len(p.Remove) > 1 || p.Acts() != (len(c.want) > 0 || c.discard) {
				t.Errorf("a Job is discarded: %v, want %v; the plan acts: %v", got, c.discard, p.Acts())
			}
		})
	}
}

// Whoever is killed after the Job was made, and before anything was told, makes no other.
func TestTheSameRecordLeadsToTheSameJob(t *testing.T) {
	w := checked(t).later(time.Hour)
	first := backupstore.JobRef(w.Store)
	w.acts()
	if again := backupstore.JobRef(w.later(3 * time.Minute).Store); again != first {
		t.Errorf("the next check is %s, and was %s", again, first)
	}
}

func TestNamesThatAreTakenAreLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		of     func(w *world) intent.Object
		change func(o intent.Object)
		want   string
	}{
		"The policy is somebody else's.": {func(w *world) intent.Object { return w.Objects[backupstore.PolicyRef(w.Store)] }, func(o intent.Object) { o.SetLabels(nil) }, "ForeignObject"},
		"The Job is somebody else's.":    {func(w *world) intent.Object { return w.job() }, func(o intent.Object) { o.SetLabels(nil) }, "ForeignObject"},
		"The policy is of a store of before.": {
			func(w *world) intent.Object { return w.Objects[backupstore.PolicyRef(w.Store)] },
			func(o intent.Object) {
				o.SetOwnerReferences([]metav1.OwnerReference{{UID: "another", Controller: new(true)}})
			}, "WaitingForCheck",
		},
		"The Job is on its way out.": {func(w *world) intent.Object { return w.job() }, func(o intent.Object) { o.SetDeletionTimestamp(&metav1.Time{Time: noon}) }, "WaitingForCheck"},
	} {
		w := newWorld(t).acts()
		c.change(c.of(w))
		w.finds(nil)
		if p := w.decide(); p.Acts() {
			t.Errorf("%s something is done: %v", name, kinds(p))
		}
		s := w.status()
		if got := readyReason(s); got != c.want || s.LastCheck != nil {
			t.Errorf("%s Ready is for the reason %s, want %s; on record is %v", name, got, c.want, s.LastCheck)
		}
	}
}
