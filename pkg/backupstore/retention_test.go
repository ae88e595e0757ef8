// SPDX-License-Identifier: Apache-2.0

package backupstore_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/resources"
)

// keyOf is a public key of a peer.
func keyOf(t *testing.T, namespace, name string) string {
	t.Helper()
	_, public, err := backup.NewSigningKey(bytes.NewReader(bytes.Repeat([]byte(name), 64)), namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// recorded is a backup of a peer in a store, signed by a key.
func recorded(peer, store, key string) *v1alpha1.PeerBackup {
	return &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: peer + "-daily"},
		Spec:       v1alpha1.PeerBackupSpec{PeerNodeRef: v1alpha1.PeerNodeReference{Name: peer}, StoreRef: v1alpha1.BackupStoreReference{Name: store}},
		Status:     v1alpha1.PeerBackupStatus{Record: &v1alpha1.BackupRecord{SignedBy: key}},
	}
}

// retaining is a store that was found well, from which old backups are to be removed. It has one, of alpha.
func retaining(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Store.Spec.Retention = &v1alpha1.BackupRetention{KeepFor: "720h", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-janitor"}}
	w.Backups = []*v1alpha1.PeerBackup{recorded("alpha", "s3", keyOf(t, "peers", "alpha"))}
	return w.acts().finds(nil).acts()
}

func (w *world) pruneJob() *batchv1.Job {
	w.t.Helper()
	job, ok := w.Objects[backupstore.PruneJobRef(w.Store)].(*batchv1.Job)
	if !ok {
		w.t.Fatalf("there is no %s", backupstore.PruneJobRef(w.Store))
	}
	return job
}

// pruned lets the pod of the Job that removes old backups end.
func (w *world) pruned(exitCode int32, words string) *world {
	w.pruneJob()
	phase := corev1.PodSucceeded
	if exitCode != 0 {
		phase = corev1.PodFailed
	}
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: words}
	w.PrunePods = append(w.PrunePods, &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: resources.ContainerStorePrune, State: corev1.ContainerState{Terminated: end}},
	}}})
	return w
}

func (w *world) removes(change func(p *backup.Pruned)) *world {
	p := backup.Pruned{Peers: 1, Kept: 30, Removed: 1, Objects: 12, Freed: 5 << 20}
	if change != nil {
		change(&p)
	}
	return w.pruned(0, p.Message()).acts()
}

func (w *world) pruneEnds(condition batchv1.JobConditionType, reason, message string) *world {
	w.pruneJob().Status.Conditions = []batchv1.JobCondition{{Type: condition, Status: corev1.ConditionTrue, Reason: reason, Message: message}}
	return w
}

// after is another time, with the Jobs of before gone, and the check of that time made.
func (w *world) after(by time.Duration) *world {
	w.PrunePods = nil
	w.later(by)
	w.Store.Status.LastCheck.Time = metav1.NewTime(w.Now)
	return w
}

func TestOldBackupsAreRemovedWhenThatIsDueAndNotOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    []string
		// again is when to look again, from noon; 0 for when something happens.
		again time.Duration
	}{
		"It is new.": {func(t *testing.T) *world {
			w := newWorld(t)
			w.Store.Spec.Retention, w.Backups = retaining(t).Store.Spec.Retention, retaining(t).Backups
			return w
		}, []string{"NetworkPolicy", "Job", "NetworkPolicy", "Job"}, 0},
		"They are being removed.":                 {retaining, nil, time.Hour},
		"They were removed.":                      {func(t *testing.T) *world { return retaining(t).removes(nil) }, nil, time.Hour},
		"They were removed, and a check was made": {func(t *testing.T) *world { return retaining(t).removes(nil).after(23*time.Hour + 30*time.Minute) }, nil, 24 * time.Hour},
		"A day has passed.":                       {func(t *testing.T) *world { return retaining(t).removes(nil).after(24 * time.Hour) }, []string{"Job"}, 25 * time.Hour},
		"That failed.": {func(t *testing.T) *world {
			return retaining(t).pruned(1, "error: no").pruneEnds(batchv1.JobFailed, "", "").acts()
		}, nil, time.Hour},
		"That failed an hour ago.": {func(t *testing.T) *world {
			return retaining(t).pruned(1, "error: no").pruneEnds(batchv1.JobFailed, "", "").acts().after(time.Hour)
		}, []string{"Job"}, 2 * time.Hour},
		"Its spec was changed.": {func(t *testing.T) *world {
			w := retaining(t).removes(nil)
			w.PrunePods = nil
			return w.edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Retention.KeepFor = "240h" })
		}, []string{"Job", "Job"}, 0},
		"The clock of an earlier operator was wrong.": {func(t *testing.T) *world {
			w := retaining(t).removes(nil).after(0)
			w.Store.Status.Retention.LastRun.Time = metav1.NewTime(noon.Add(48 * time.Hour))
			return w
		}, []string{"Job"}, time.Hour},
		"Nobody knows a key.": {func(t *testing.T) *world {
			w := checked(t)
			w.Store.Spec.Retention = retaining(t).Store.Spec.Retention
			return w
		}, nil, time.Hour},
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
			if len(p.Remove) > 0 {
				t.Errorf("removed is %v", p.Remove)
			}
		})
	}
}

func TestTheWayIsClosedOnceNobodyAsksForRetentionAnyMore(t *testing.T) {
	w := retaining(t).removes(nil)
	policy := w.Objects[backupstore.PrunePolicyRef(w.Store)]
	w.PrunePods = nil
	w.edited(func(s *v1alpha1.PeerBackupStoreSpec) { s.Retention = nil }).acts().finds(nil).acts()
	p := w.decide()
	if len(p.Remove) != 1 || p.Remove[0].Object != policy || p.Remove[0].Kind != "NetworkPolicy" || !p.Acts() {
		t.Errorf("removed is %v", p.Remove)
	}
	if s := w.status(); s.Retention != nil || conditions.Find(s.Conditions, v1alpha1.ConditionRetentionHealthy).Type != "" {
		t.Errorf("it still tells of it: %+v", s)
	}
	policy.SetLabels(nil)
	if p := w.decide(); len(p.Remove) > 0 {
		t.Errorf("what is somebody else's is removed: %v", p.Remove)
	}
}

func TestAJobThatIsCompleteAndToldNothingIsMadeAgain(t *testing.T) {
	w := retaining(t).pruneEnds(batchv1.JobComplete, "", "")
	if p := w.decide(); len(p.Remove) != 1 || p.Remove[0].Object != intent.Object(w.pruneJob()) {
		t.Errorf("removed is %v", p.Remove)
	}
}

func TestKeysAreTrustedForTheirOwnPeersAlone(t *testing.T) {
	w := retaining(t)
	alpha, beta, gamma := keyOf(t, "peers", "alpha"), keyOf(t, "peers", "beta"), keyOf(t, "others", "gamma")
	w.Store.Spec.Retention.Trust = []v1alpha1.RecordKey{v1alpha1.RecordKey(gamma)}
	unfinished := recorded("delta", "s3", "")
	unfinished.Status.Record = nil
	w.Backups = []*v1alpha1.PeerBackup{
		recorded("beta", "s3", beta+"\n"), recorded("alpha", "s3", alpha), recorded("alpha", "s3", alpha), unfinished,
		recorded("delta", "offsite", keyOf(t, "peers", "delta")), // in another store
		recorded("delta", "s3", keyOf(t, "peers", "epsilon")),    // whose pod names another peer
		recorded("delta", "s3", keyOf(t, "others", "delta")),
		recorded("delta", "s3", "none"),
	}
	if diff := cmp.Diff([]string{gamma, alpha, beta}, backupstore.Trust(w.Store, w.Backups)); diff != "" {
		t.Errorf("trusted (-want +got):\n%s", diff)
	}
	w.PrunePods, w.Objects = nil, map[intent.Ref]intent.Object{}
	w.edited(func(*v1alpha1.PeerBackupStoreSpec) {}).acts()
	args := strings.Join(w.pruneJob().Spec.Template.Spec.Containers[0].Args, " ")
	if strings.Count(args, "--trust=") != 3 || !strings.Contains(args, "--trust="+gamma) || !strings.Contains(args, "--keep-for=720h --keep-last=3") {
		t.Errorf("the Job is told %s", args)
	}
}

func TestTheNewestProvenBackupOfEachPeerStays(t *testing.T) {
	w := retaining(t)
	made := func(peer, store string, sequence int64, proven metav1.ConditionStatus) *v1alpha1.PeerBackup {
		b := recorded(peer, store, keyOf(t, "peers", peer))
		b.Status.Record.Sequence = sequence
		b.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionProven, Status: proven}}
		return b
	}
	stranger := made("delta", "s3", 4, metav1.ConditionTrue)
	stranger.Status.Record.SignedBy = keyOf(t, "peers", "epsilon")
	w.Backups = []*v1alpha1.PeerBackup{
		made("beta", "s3", 9, metav1.ConditionTrue), made("alpha", "s3", 3, metav1.ConditionTrue), made("alpha", "s3", 7, metav1.ConditionTrue),
		made("alpha", "s3", 8, metav1.ConditionFalse), made("gamma", "offsite", 5, metav1.ConditionTrue), stranger,
	}
	if diff := cmp.Diff([]string{"peers/alpha:7", "peers/beta:9"}, backupstore.Proven(w.Store, w.Backups)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	w.PrunePods, w.Objects = nil, map[intent.Ref]intent.Object{}
	w.edited(func(*v1alpha1.PeerBackupStoreSpec) {}).acts()
	if args := strings.Join(w.pruneJob().Spec.Template.Spec.Containers[0].Args, " "); !strings.Contains(args, "--keep-sequence=peers/alpha:7 --keep-sequence=peers/beta:9") {
		t.Errorf("the Job is told %s", args)
	}
}

func TestWhatIsToldOfOldBackups(t *testing.T) {
	for name, c := range map[string]struct {
		observe func(t *testing.T) *world
		want    string
		says    string
	}{
		"They are to be removed.":                      {retaining, "Unknown WaitingForPrune", "is to remove old backups; its pod starts once Secret s3-janitor is there"},
		"They were removed.":                           {func(t *testing.T) *world { return retaining(t).removes(nil) }, "True Pruned", "what was old was removed"},
		"They were removed, and that was a while ago.": {func(t *testing.T) *world { return retaining(t).removes(nil).after(time.Hour) }, "True Pruned", "what was old was removed"},
		"They were removed, and the next run is on its way.": {func(t *testing.T) *world {
			return retaining(t).removes(nil).after(24 * time.Hour).acts()
		}, "True Pruned", "what was old was removed"},
		"Some are locked, some strange, and some are left.": {func(t *testing.T) *world {
			return retaining(t).removes(func(p *backup.Pruned) { p.Locked, p.Strange, p.Postponed = 1, 2, 3 })
		}, "True Pruned", "but for what the store has locked; more is to go in the next run; there are records that no trusted key has signed"},
		"Of some nothing was removed.": {func(t *testing.T) *world {
			return retaining(t).removes(func(p *backup.Pruned) {
				p.Failed, p.Refused = 1, []backup.Refused{{Peer: "peers/alpha", Why: "no record there is signed"}}
			})
		}, "False PruneRefused", "of 1 peers nothing was removed: peers/alpha: no record there is signed"},
		"The run failed.": {func(t *testing.T) *world {
			return retaining(t).pruned(1, "error: the credentials may not delete there").pruneEnds(batchv1.JobFailed, "BackoffLimitExceeded", "too many").acts()
		}, "False PruneFailed", "cannot remove old backups: the credentials may not delete there. It is tried again in an hour"},
		"The run failed, and that was a while ago.": {func(t *testing.T) *world {
			return retaining(t).pruned(1, "error: the credentials may not delete there").pruneEnds(batchv1.JobFailed, "", "").acts().after(time.Minute)
		}, "False PruneFailed", "the credentials may not delete there"},
		"The run failed, and nobody remembers why.": {func(t *testing.T) *world {
			w := retaining(t).pruned(1, "error: no").pruneEnds(batchv1.JobFailed, "", "").acts().after(time.Minute)
			w.Store.Status.Conditions = nil
			return w
		}, "False PruneFailed", "the last run failed"},
		"The run went well, and nobody remembers.": {func(t *testing.T) *world {
			w := retaining(t).removes(nil).after(time.Minute)
			w.Store.Status.Conditions = nil
			return w
		}, "True Pruned", "the last run removed what was to go"},
		"Its pods are gone.": {func(t *testing.T) *world {
			return retaining(t).pruneEnds(batchv1.JobFailed, "PodFailurePolicy", "of the node").acts()
		}, "False PruneFailed", "of the node"},
		"The run came to no end.": {func(t *testing.T) *world {
			return retaining(t).pruneEnds(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded, "").acts()
		}, "False PruneFailed", "it came to no end in an hour; look whether Secret s3-janitor is there"},
		"The run tells something else.": {func(t *testing.T) *world { return retaining(t).pruned(0, "done").acts() }, "False PruneFailed", "what it tells cannot be used"},
		"Nobody knows a key.": {func(t *testing.T) *world {
			w := retaining(t)
			w.Backups = nil
			return w
		}, "Unknown NoKeyKnown", "nothing in spec.retention.trust names a key"},
		"A key is none.": {func(t *testing.T) *world {
			w := retaining(t)
			w.Store.Spec.Retention.Trust = []v1alpha1.RecordKey{"peers/alpha+00000000+AAAA"}
			return w
		}, "False PruneRefused", "spec.retention.trust[0]: "},
		"Its policy is somebody else's.": {func(t *testing.T) *world {
			w := retaining(t)
			w.Objects[backupstore.PrunePolicyRef(w.Store)].SetLabels(nil)
			return w
		}, "False ForeignObject", "NetworkPolicy"},
		"Its Job is of a store of before.": {func(t *testing.T) *world {
			w := retaining(t)
			w.pruneJob().SetOwnerReferences([]metav1.OwnerReference{{UID: "another", Controller: new(true)}})
			return w
		}, "Unknown WaitingForPrune", "is to remove"},
		"The operator has no companion.": {func(t *testing.T) *world {
			w := retaining(t)
			w.Options.Resources.CompanionImage = ""
			return w
		}, "False NoCompanion", ""},
	} {
		w := c.observe(t)
		s := w.status()
		if got := is(s, v1alpha1.ConditionRetentionHealthy); got != c.want {
			t.Errorf("%s it is %s, want %s", name, got, c.want)
		}
		if m := conditions.Find(s.Conditions, v1alpha1.ConditionRetentionHealthy).Message; !strings.Contains(m, c.says) || m == "" {
			t.Errorf("%s it says %q, want %q", name, m, c.says)
		}
		if ready := is(s, v1alpha1.ConditionReady); ready != "True Checked" {
			t.Errorf("%s the store is %s", name, ready)
		}
	}
}

func TestWhatIsOnRecordOfOldBackups(t *testing.T) {
	w := retaining(t)
	job := backupstore.PruneJobRef(w.Store).Name
	w.removes(func(p *backup.Pruned) { p.Locked, p.Strange, p.Postponed = 1, 2, 3 })
	r := w.Store.Status.Retention
	if r.LastRun.Job != job || r.LastRun.Failed || !r.LastRun.Time.Time.Equal(noon) || !r.LastPassed.Time.Equal(noon) ||
		r.Peers != 1 || r.Kept != 30 || r.Removed != 1 || r.Objects != 12 || r.Freed.String() != "5Mi" || r.Locked != 1 || r.Strange != 2 || r.Postponed != 3 {
		t.Errorf("on record is %+v", r)
	}
	w.after(24*time.Hour).acts().pruned(1, "error: no").pruneEnds(batchv1.JobFailed, "", "").acts()
	if r = w.Store.Status.Retention; !r.LastRun.Failed || !r.LastPassed.Time.Equal(noon) || r.Kept != 30 {
		t.Errorf("after one that failed, on record is %+v", r)
	}
	w.after(time.Hour).acts().removes(func(p *backup.Pruned) { p.Failed, p.Kept = 1, 31 })
	if r = w.Store.Status.Retention; r.LastRun.Failed || !r.LastPassed.Time.Equal(noon) || r.Kept != 31 || !r.LastRun.Time.Time.Equal(noon.Add(25*time.Hour)) {
		t.Errorf("after one that was refused a peer, on record is %+v", r)
	}
}

func TestEventsTellOfOldBackupsWhatTurned(t *testing.T) {
	fails := func(w *world) *world { return w.pruned(1, "error: no").pruneEnds(batchv1.JobFailed, "", "").acts() }
	next := func(w *world) *world { return w.after(24 * time.Hour).acts() }
	for name, c := range map[string]struct {
		from func(t *testing.T) *world
		to   func(w *world) *world
		want []string
	}{
		"It is asked for.":    {checked, func(w *world) *world { w.Store.Spec.Retention = retaining(t).Store.Spec.Retention; return w.acts() }, nil},
		"They were removed.":  {retaining, func(w *world) *world { return w.removes(nil) }, nil},
		"It fails.":           {func(t *testing.T) *world { return retaining(t).removes(nil) }, func(w *world) *world { return fails(next(w)) }, []string{"Warning PruneFailed"}},
		"It still fails.":     {func(t *testing.T) *world { return fails(retaining(t)) }, func(w *world) *world { return fails(next(w)) }, nil},
		"It goes well again.": {func(t *testing.T) *world { return fails(retaining(t)) }, func(w *world) *world { return next(w).removes(nil) }, []string{"Normal Pruned"}},
		"It is asked for no more.": {func(t *testing.T) *world { return retaining(t).removes(nil) }, func(w *world) *world {
			w.Store.Spec.Retention = nil
			return w.acts()
		}, nil},
	} {
		w := c.from(t)
		before := w.Store.Status
		var got []string
		for _, e := range backupstore.Events(before, c.to(w).Store.Status) {
			got = append(got, e.Type+" "+e.Reason)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s events (-want +got):\n%s", name, diff)
		}
	}
}
