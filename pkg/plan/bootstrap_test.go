// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/quantity"
	"github.com/peernode/operator/pkg/resources"
)

// beginning has a peer begin with a PeerBackup, or with what the function makes of that.
func beginning(change ...func(*v1alpha1.PeerRestore)) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		r := v1alpha1.PeerRestore{
			BackupRef: &v1alpha1.PeerBackupReference{Name: "daily"}, RecoveryKey: v1alpha1.RecoveryKeySource{SecretName: "recovery"}, Identity: v1alpha1.IdentityNew,
		}
		for _, c := range change {
			c(&r)
		}
		p.CreationTimestamp = metav1.NewTime(now)
		p.Spec.Bootstrap = &v1alpha1.PeerBootstrap{Restore: r}
	}
}

// fromBucket is a backup that no PeerBackup knows of.
func fromBucket(change ...func(*v1alpha1.RestoreSource)) func(*v1alpha1.PeerRestore) {
	return func(r *v1alpha1.PeerRestore) {
		r.BackupRef, r.From = nil, &v1alpha1.RestoreSource{StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}, Trust: []string{"peers/alpha+0a1b2c3d+AUh1"}}
		for _, c := range change {
			c(r.From)
		}
	}
}

func adopting(r *v1alpha1.PeerRestore) { r.Identity = v1alpha1.IdentityAdopt }

// begins is a peer that has its key, or needs none, and whose volume is to be filled from what is there.
func begins(t *testing.T, change ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := newborn(t, append([]func(*v1alpha1.PeerNode){beginning()}, change...)...)
	if w.PeerNode.Spec.Software.P2PAgent != nil {
		w.PeerNode.Status.Identity = recorded()
	}
	w.Restore = plan.Restoring{Backup: daily(), Store: bucket("s3")}
	return w
}

// daily is a backup that was made.
func daily() *v1alpha1.PeerBackup {
	return &v1alpha1.PeerBackup{
		ObjectMeta: metav1.ObjectMeta{Name: "daily", Namespace: "peers"},
		Spec:       v1alpha1.PeerBackupSpec{PeerNodeRef: v1alpha1.PeerNodeReference{Name: "beta"}, StoreRef: v1alpha1.BackupStoreReference{Name: "s3"}},
		Status:     v1alpha1.PeerBackupStatus{Record: &v1alpha1.BackupRecord{Sequence: 7, SHA256: digest.String(), SignedBy: "peers/beta+0a1b2c3d+AUh1"}},
	}
}

var digest = backup.Digest{1, 2, 3}

// word is what the pod leaves that restored daily.
func word(change ...func(*backup.Restored)) string {
	r := backup.Restored{
		Format: backup.FormatRestored, Namespace: "peers", PeerNode: "beta", Sequence: 7, SHA256: digest, Finished: now.Add(-time.Hour),
		Tree: backup.TreeInfo{Files: 12, Bytes: 3 << 20},
	}
	for _, c := range change {
		c(&r)
	}
	return r.Message()
}

// restoring is a peer whose Job is at work.
func restoring(t *testing.T, change ...func(*v1alpha1.PeerNode)) *world {
	t.Helper()
	w := begins(t, change...)
	w.carryOut()
	return w
}

func (w *world) restoreJob() *batchv1.Job {
	w.t.Helper()
	job, ok := w.Objects[plan.RestoreJob(w.PeerNode)].(*batchv1.Job)
	if !ok {
		w.t.Fatal("there is no Job that restores")
	}
	return job
}

// restoreEnds lets a pod of the Job end with these words.
func (w *world) restoreEnds(exitCode int32, words string) *world {
	phase := corev1.PodSucceeded
	if exitCode != 0 {
		phase = corev1.PodFailed
	}
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: words, FinishedAt: metav1.NewTime(now)}
	w.Restore.Pods = append(w.Restore.Pods, &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: resources.ContainerRestore, State: corev1.ContainerState{Terminated: end}},
	}}})
	return w
}

// withoutKey is a peer whose key is not known yet.
func (w *world) withoutKey() *world {
	w.PeerNode.Status.Identity = nil
	clear(w.Reservations)
	return w
}

// restorePod lets a pod of the Job be as the function says.
func (w *world) restorePod(change func(*corev1.Pod, *corev1.ContainerStatus)) *world {
	pod := &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{Name: resources.ContainerRestore, Image: "registry.example.com/peer-companion:v1"}}}}
	change(pod, &pod.Status.ContainerStatuses[0])
	w.Restore.Pods = append(w.Restore.Pods, pod)
	return w
}

// jobIs gives the Job that restores a condition.
func (w *world) jobIs(condition batchv1.JobConditionType, reason string) *world {
	job := w.restoreJob()
	job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: condition, Status: corev1.ConditionTrue, Reason: reason})
	return w
}

// began is what is on record of word.
func began() *v1alpha1.PeerBootstrapStatus {
	return &v1alpha1.PeerBootstrapStatus{
		RestoredAt: metav1.NewTime(now), Namespace: "peers", PeerNode: "beta", Sequence: 7, RecordSHA256: digest.String(),
		FinishedAt: metav1.NewTime(now.Add(-time.Hour)), Files: 12, Size: quantity.Bytes(3 << 20),
	}
}

// hasRestored is a peer with the backup on record, as a plan of before has left it.
func hasRestored(w *world) *world {
	w.PeerNode.Status.Bootstrap = began()
	return w
}

var bootstraps = map[string]situation{
	"The volume of a new peer is about to be filled.": {
		func(t *testing.T) *world { return begins(t) }, waits("Restoring", "Restored", "False Restoring"), "Job alpha-restore, which fills the volume from a backup, has yet to start. It needs recovery.key in Secret recovery",
	},
	"The pod that fills it waits for what it mounts.": {
		func(t *testing.T) *world {
			return restoring(t, beginning(func(r *v1alpha1.PeerRestore) { r.RecoveryKey.Key = "mine.age" })).restorePod(func(_ *corev1.Pod, c *corev1.ContainerStatus) {
				c.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
			})
		}, waits("Restoring"), "It needs mine.age in Secret recovery",
	},
	"The pod that fills it is at work.": {
		func(t *testing.T) *world {
			return restoring(t).restorePod(func(_ *corev1.Pod, c *corev1.ContainerStatus) { c.State.Running = &corev1.ContainerStateRunning{} })
		}, waits("Restoring", "Restored", "False Restoring"), "its log says how far it is",
	},
	"A try has failed, and another is made.": {
		func(t *testing.T) *world {
			return restoring(t).restoreEnds(1, "error: no recipient of the backup has this key").restorePod(func(*corev1.Pod, *corev1.ContainerStatus) {})
		}, waits("Restoring"), "a try of it failed: no recipient of the backup has this key",
	},
	"No node takes the pod that fills the volume.": {
		func(t *testing.T) *world {
			return restoring(t).restorePod(func(pod *corev1.Pod, _ *corev1.ContainerStatus) {
				pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/3 nodes"}}
			})
		}, waits("WaitingForNode"), "0/3 nodes",
	},
	"The image of the companion cannot be had.": {
		func(t *testing.T) *world {
			return restoring(t).restorePod(func(_ *corev1.Pod, c *corev1.ContainerStatus) {
				c.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}
			})
		}, waits("WaitingForImage"), "peer-companion:v1 cannot be had",
	},
	"Every try has failed.": {
		func(t *testing.T) *world {
			return restoring(t).restoreEnds(1, "error: it holds data already").jobIs(batchv1.JobFailed, "BackoffLimitExceeded")
		}, refused("RestoreFailed", "Restored", "False RestoreFailed"), "it holds data already. The peer is not started",
	},
	"Every try has failed, and the key is still being made.": {
		func(t *testing.T) *world {
			return restoring(t).restoreEnds(1, "error: no").jobIs(batchv1.JobFailed, "BackoffLimitExceeded").withoutKey()
		}, refused("RestoreFailed", "IdentityBound", ""), "failed (BackoffLimitExceeded); a try of it failed: no",
	},
	"The volume is being filled while the key is being made.": {
		func(t *testing.T) *world { return restoring(t).withoutKey() }, waits("WaitingForKey", "Restored", "False Restoring"), "",
	},
	"The pod that filled the volume was lost before it told.": {
		func(t *testing.T) *world { return restoring(t).jobIs(batchv1.JobComplete, "") }, waits("Restoring"), "was lost before it told",
	},
	"The volume is filled.": {
		func(t *testing.T) *world { return hasRestored(restoring(t)) }, waits("WaitingForVolume", "Restored", "True Restored"), "",
	},
	"The restored peer serves, and nothing is said of a backup any more.": {
		func(t *testing.T) *world {
			w := serving(t)
			w.PeerNode.Status.Bootstrap = began()
			return w
		}, told(serves, settled, settled, "Restored", "True Restored"), "",
	},
	"There is no such PeerBackup.": {
		func(t *testing.T) *world { w := begins(t); w.Restore.Backup = nil; return w }, waits("WaitingForBackup", "Restored", "False WaitingForBackup"), "there is no PeerBackup daily in namespace peers",
	},
	"The PeerBackup has no record.": {
		func(t *testing.T) *world {
			w := begins(t)
			w.Restore.Backup.Status = v1alpha1.PeerBackupStatus{Conditions: []metav1.Condition{conditions.New(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCopying, "Job daily-backup copies")}}
			return w
		}, waits("WaitingForBackup"), "PeerBackup daily has no record of a backup: Job daily-backup copies",
	},
	"The store of the PeerBackup is gone.": {
		func(t *testing.T) *world { w := begins(t); w.Restore.Store = nil; return w }, waits("WaitingForStore", "Restored", "False WaitingForStore"), "there is no PeerBackupStore s3 in namespace peers",
	},
	"The pod of an earlier PeerNode may still write to the volume.": {
		func(t *testing.T) *world { w := begins(t); w.Pod = readyPod(); return w }, told("True Serving", "True WaitingForPreviousPeerNode", settled), "",
	},
	"Somebody else has a Job of this name.": {
		func(t *testing.T) *world { w := restoring(t); w.restoreJob().Labels = nil; return w }, refused("ForeignObject"), "Job peers/alpha-restore exists",
	},
	"The Job of an earlier PeerNode is still there.": {
		func(t *testing.T) *world {
			w := restoring(t)
			w.restoreJob().OwnerReferences[0].UID = "uid-0"
			return w
		}, waits("WaitingForPreviousPeerNode"), "Job peers/alpha-restore of a deleted PeerNode",
	},
	"Nothing can restore custom software without the companion.": {
		func(t *testing.T) *world {
			w := begins(t, custom)
			w.Options.Resources.CompanionImage = ""
			return w
		}, refused("NoCompanion"), "nothing can restore",
	},
	"The plan is blocked; what is known of the restore stays told.": {
		func(t *testing.T) *world {
			w := restoring(t)
			w.PeerNode.Status = w.status()
			foreignClaim(w)
			return w
		}, refused("ForeignObject", "Restored", "False Restoring"), "",
	},
	"A key of before is to be adopted, and is not there.": {
		func(t *testing.T) *world {
			w := begins(t, beginning(adopting))
			w.withoutKey()
			w.KeyFree = true
			return w
		}, waits("WaitingForAdoptedKey"), "create Secret alpha-identity-1 from its copy",
	},
	"A new key is asked for, and there is one of before.": {
		func(t *testing.T) *world {
			w := begins(t)
			w.withoutKey()
			w.KeyTaken = true
			return w
		}, refused("IdentityNotNew"), "Secret alpha-identity-1 is there",
	},
	"A new key is asked for, and the peer is known by one of before.": {
		func(t *testing.T) *world {
			w := begins(t)
			w.withoutKey()
			w.reserve(reservedBefore(now.Add(-time.Hour)))
			return w
		}, refused("IdentityNotNew"), "says that this peer is " + peerID,
	},
}

// reservedBefore is the reservation of an earlier PeerNode of this name.
func reservedBefore(at time.Time) *v1alpha1.PeerIdentityReservation {
	return &v1alpha1.PeerIdentityReservation{
		ObjectMeta: metav1.ObjectMeta{Name: reservation, CreationTimestamp: metav1.NewTime(at)},
		Spec: v1alpha1.PeerIdentityReservationSpec{
			Network: "libp2p", PeerID: peerID, KeyType: v1alpha1.IdentityEd25519, PublicKey: strings.TrimPrefix(reservation, "libp2p-ed25519-"),
			Holder: v1alpha1.ReservationHolder{Namespace: "peers", Name: "alpha"}, SecretName: "alpha-identity-1", Epoch: 1,
		},
	}
}

// The reservation comes before the Secret and the Secret before the record, so an operator that was killed finds its own.
func TestANewKeyThatIsNotOnRecordYetIsTheOneThatWasMade(t *testing.T) {
	w := begins(t)
	w.withoutKey()
	w.reserve(reservedBefore(now))
	if id := w.status().Identity; id == nil || id.PeerID != peerID {
		t.Errorf("the identity on record is %+v, want %s", id, peerID)
	}
}

func TestAnAdoptedKeyIsNeverMade(t *testing.T) {
	for name, change := range map[string]func(*world){
		"Nobody has asked for it yet.": func(*world) {},
		"There is none.":               func(w *world) { w.KeyFree = true },
		"There is one.":                func(w *world) { w.KeyTaken = true },
	} {
		w := begins(t, beginning(adopting))
		change(w.withoutKey())
		if got := applied(w.decide()); slices.Contains(got, "Job alpha-identity-1") {
			t.Errorf("%s the plan applies %v", name, got)
		}
	}
}

func TestNothingRunsBeforeTheRestoreIsOnRecord(t *testing.T) {
	for name, s := range bootstraps {
		w := s.observe(t)
		if starts := slices.Contains(applied(w.decide()), "StatefulSet alpha"); starts && w.PeerNode.Status.Bootstrap == nil {
			t.Errorf("%s the StatefulSet is made", name)
		}
	}
	if got := applied(hasRestored(restoring(t)).decide()); !slices.Equal(got, []string{"StatefulSet alpha"}) {
		t.Errorf("once it is on record the plan applies %v", got)
	}
}

func TestTheJobThatRestoresIsMadeOnceWhatItNeedsIsThere(t *testing.T) {
	if got := applied(begins(t).decide()); !slices.Contains(got, "NetworkPolicy alpha-restore") || !slices.Contains(got, "Job alpha-restore") {
		t.Errorf("the plan applies %v", got)
	}
	for name, change := range map[string]func(*world){
		"There is no PeerBackup.":          func(w *world) { w.Restore.Backup = nil },
		"It has no record.":                func(w *world) { w.Restore.Backup.Status.Record = nil },
		"There is no store.":               func(w *world) { w.Restore.Store = nil },
		"The store is on its way out.":     func(w *world) { w.Restore.Store.DeletionTimestamp = &metav1.Time{Time: now} },
		"A pod of before may still write.": func(w *world) { w.Pod = readyPod() },
		"It was restored already.":         func(w *world) { hasRestored(w) },
	} {
		w := begins(t)
		change(w)
		if got := applied(w.decide()); slices.Contains(got, "Job alpha-restore") {
			t.Errorf("%s the plan applies %v", name, got)
		}
	}
}

func TestTheJobIsToRestoreWhatTheSpecNames(t *testing.T) {
	created := now.Add(time.Second).Format(time.RFC3339)
	for name, c := range map[string]struct {
		spec func(*v1alpha1.PeerRestore)
		want string
	}{
		"A PeerBackup, by its record.": {func(*v1alpha1.PeerRestore) {}, "--namespace=peers --peernode=beta --sequence=7 --record-sha256=" + digest.String() + " --trust=peers/beta+0a1b2c3d+AUh1"},
		"The newest one of the peer's own name, as of its creation.": {
			fromBucket(), "--namespace=peers --peernode=alpha --at=" + created + " --trust=peers/alpha+0a1b2c3d+AUh1",
		},
		"A number of another peer.": {
			fromBucket(func(s *v1alpha1.RestoreSource) { s.Namespace, s.PeerNode, s.Sequence = "elsewhere", "gamma", 3 }),
			"--namespace=elsewhere --peernode=gamma --sequence=3 --trust=peers/alpha+0a1b2c3d+AUh1",
		},
		"A time.": {
			fromBucket(func(s *v1alpha1.RestoreSource) { s.At = new(metav1.NewTime(now.Add(-time.Hour))) }),
			"--namespace=peers --peernode=alpha --at=" + now.Add(-time.Hour).Format(time.RFC3339) + " --trust=peers/alpha+0a1b2c3d+AUh1",
		},
		"A time to come: what is made by then cannot be meant.": {
			fromBucket(func(s *v1alpha1.RestoreSource) { s.At = new(metav1.NewTime(now.Add(time.Hour))) }),
			"--namespace=peers --peernode=alpha --at=" + created + " --trust=peers/alpha+0a1b2c3d+AUh1",
		},
	} {
		var got []string
		for _, arg := range restoring(t, beginning(c.spec)).restoreJob().Spec.Template.Spec.Containers[0].Args {
			if flag, _, _ := strings.Cut(arg, "="); slices.Contains([]string{"--namespace", "--peernode", "--sequence", "--at", "--record-sha256", "--trust"}, flag) {
				got = append(got, arg)
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s arguments (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatWasRestoredIsPutOnRecordForEver(t *testing.T) {
	w := restoring(t).restoreEnds(1, "error: once").restoreEnds(0, word())
	s := w.status()
	if diff := cmp.Diff(began(), s.Bootstrap); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
	if ready := conditions.Find(s.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonRestoring || !strings.Contains(ready.Message, "the peer is started next") {
		t.Errorf("when it comes on record Ready is %s: %s", ready.Reason, ready.Message)
	}
	if c := conditions.Find(s.Conditions, v1alpha1.ConditionRestored); c.Status != metav1.ConditionTrue {
		t.Errorf("when it comes on record Restored is %s %s", c.Status, c.Reason)
	}
	for name, change := range map[string]func(*world){
		"Nothing has changed.":            func(*world) {},
		"The spec says nothing any more.": func(w *world) { w.PeerNode.Spec.Bootstrap = nil },
		"The plan is blocked.":            foreignClaim,
		"The volume is gone.": func(w *world) {
			for ref := range w.Objects {
				if ref.Kind == "PersistentVolumeClaim" {
					delete(w.Objects, ref)
				}
			}
		},
	} {
		w := hasRestored(restoring(t))
		change(w)
		if diff := cmp.Diff(began(), w.status().Bootstrap); diff != "" {
			t.Errorf("%s on record (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheWordOfAPodIsTakenForWhatWasAskedForAlone(t *testing.T) {
	for name, c := range map[string]struct {
		spec  func(*v1alpha1.PeerRestore)
		words string
		says  string
	}{
		"No receipt.":               {nil, "done", "it is no receipt of a restore"},
		"That of another peer.":     {nil, word(func(r *backup.Restored) { r.PeerNode = "gamma" }), "a backup of another peer"},
		"That of a namesake.":       {nil, word(func(r *backup.Restored) { r.Namespace = "elsewhere" }), "a backup of another peer"},
		"That of another number.":   {nil, word(func(r *backup.Restored) { r.Sequence = 8 }), "about another backup"},
		"That of another record.":   {nil, word(func(r *backup.Restored) { r.SHA256 = backup.Digest{9} }), "about another backup"},
		"That of a later time.":     {fromBucket(func(s *v1alpha1.RestoreSource) { s.PeerNode = "beta" }), word(func(r *backup.Restored) { r.Finished = now.Add(2 * time.Second) }), "a later backup"},
		"That of an unknown form.":  {nil, `{"format":"peernode.dev/restore-receipt/v9"}`, "of one release"},
		"That of a damaged pod.":    {nil, strings.Replace(word(), `"sequence":7`, `"sequence":-7`, 1), "that of no backup"},
		"That with something more.": {nil, strings.Replace(word(), `{`, `{"more":1,`, 1), "it is damaged"},
	} {
		var change []func(*v1alpha1.PeerNode)
		if c.spec != nil {
			change = append(change, beginning(c.spec))
		}
		w := restoring(t, change...).restoreEnds(0, c.words).jobIs(batchv1.JobComplete, "")
		s := w.status()
		ready := conditions.Find(s.Conditions, v1alpha1.ConditionReady)
		if s.Bootstrap != nil || ready.Reason != v1alpha1.ReasonRestoreFailed || !strings.Contains(ready.Message, c.says) {
			t.Errorf("%s on record is %+v; Ready is %s: %s", name, s.Bootstrap, ready.Reason, ready.Message)
		}
	}
}

func TestAJobWhoseWordWasLostIsMadeAnew(t *testing.T) {
	w := restoring(t).restoreEnds(1, "error: once").jobIs(batchv1.JobComplete, "")
	if got := deleted(w.decide()); !slices.Equal(got, []string{"alpha-restore"}) {
		t.Errorf("the plan deletes %v", got)
	}
	w = restoring(t).restorePod(func(pod *corev1.Pod, _ *corev1.ContainerStatus) { pod.Status.Phase = corev1.PodRunning }).jobIs(batchv1.JobComplete, "")
	if got := deleted(w.decide()); len(got) > 0 {
		t.Errorf("while its pod is not seen to have ended the plan deletes %v", got)
	}
}

func TestTheWayToTheStoreIsClosedOnceTheVolumeIsFilled(t *testing.T) {
	policy := func(w *world) []string {
		return slices.DeleteFunc(deleted(w.decide()), func(name string) bool { return name != "alpha-restore" })
	}
	for name, change := range map[string]func(*world){
		"While the Job is at work.":         func(*world) {},
		"When its word is heard.":           func(w *world) { w.restoreEnds(0, word()) },
		"When the PeerBackup is gone since": func(w *world) { w.Restore.Backup, w.Restore.Store = nil, nil },
	} {
		w := restoring(t)
		change(w)
		if got := policy(w); len(got) > 0 {
			t.Errorf("%s the plan deletes %v", name, got)
		}
	}
	if got := policy(hasRestored(restoring(t))); len(got) != 1 {
		t.Errorf("once it is on record the plan deletes %v", got)
	}
	w := hasRestored(restoring(t))
	w.PeerNode.Spec.Bootstrap = nil
	if got := policy(w); len(got) != 1 {
		t.Errorf("once the spec says nothing any more the plan deletes %v", got)
	}
}

// A status that somebody has emptied must not lead to a restore under a peer that runs.
func TestAPeerThatHasStartedIsNotRestored(t *testing.T) {
	w := serving(t)
	beginning()(w.PeerNode)
	w.Restore = plan.Restoring{Backup: daily(), Store: bucket("s3")}
	if p := w.decide(); len(p.Apply) > 0 || len(p.Delete) > 0 {
		t.Errorf("the plan applies %v and deletes %v", applied(p), deleted(p))
	}
}

func TestARestoreIsAnEventAndWorthAWrite(t *testing.T) {
	w := restoring(t)
	before := w.status()
	w.restoreEnds(0, word())
	next := w.status()
	if !plan.ToTell(before, next, now, time.Hour).Write {
		t.Error("what was restored is held back, and the peer waits for it")
	}
	events := plan.Events(before, next)
	if len(events) != 1 || events[0].Reason != v1alpha1.ReasonRestored || !strings.Contains(events[0].Message, "backup 7 of peers/beta, of "+now.Add(-time.Hour).Format(time.RFC3339)+": 12 files, 3MiB") {
		t.Errorf("the events are %+v", events)
	}
	if again := plan.Events(next, next); len(again) > 0 {
		t.Errorf("it is told again: %+v", again)
	}
}
