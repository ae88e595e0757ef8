// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/plan"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// backedUp wants copies of the key in stores.
func backedUp(stores ...string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{Backup: &v1alpha1.KeyBackup{}}
		for _, name := range stores {
			p.Spec.Identity.Backup.Stores = append(p.Spec.Identity.Backup.Stores, v1alpha1.BackupStoreReference{Name: name})
		}
	}
}

func bucket(name string) *v1alpha1.PeerBackupStore {
	return &v1alpha1.PeerBackupStore{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "peers", UID: "uid-of-store", Generation: 1},
		Spec: v1alpha1.PeerBackupStoreSpec{
			Endpoint: "https://" + name + ".example.com", Bucket: "keys", Prefix: "eu",
			Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-credentials"},
		},
	}
}

// copying is a peer that serves, and whose key is being copied into stores that exist.
func copying(t *testing.T, stores ...string) *world {
	t.Helper()
	w := serving(t, backedUp(stores...))
	w.Stores, w.CopyPods = map[string]*v1alpha1.PeerBackupStore{}, map[string][]*corev1.Pod{}
	for _, name := range stores {
		w.Stores[name] = bucket(name)
	}
	w.carryOut()
	return w
}

// copyJob is the Job for a store.
func (w *world) copyJob(store string) *batchv1.Job {
	w.t.Helper()
	name := names.KeyCopyJob(w.PeerNode, w.PeerNode.Status.Identity.Epoch, w.Stores[store])
	for ref, o := range w.Objects {
		if job, ok := o.(*batchv1.Job); ok && ref.Name == name {
			return job
		}
	}
	w.t.Fatalf("there is no Job %s", name)
	return nil
}

// said lets a pod of the Job for a store end with these words.
func (w *world) said(store string, exitCode int32, words string) *world {
	phase := corev1.PodSucceeded
	if exitCode != 0 {
		phase = corev1.PodFailed
	}
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: words, FinishedAt: metav1.NewTime(now)}
	job := w.copyJob(store).Name
	w.CopyPods[job] = append(w.CopyPods[job], &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: "injected"}, {Name: resources.ContainerKeyCopy, State: corev1.ContainerState{Terminated: end}},
	}}})
	return w
}

// stored lets the Job for a store tell of the copy of a key.
func (w *world) stored(store, peerID string, readBack bool) *world {
	sum := strings.Repeat("0123456789abcdef", 4)
	epoch := w.PeerNode.Status.Identity.Epoch
	object := keybackup.Name(w.Stores[store].Spec.Prefix, seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: epoch}, peerID, sum)
	return w.said(store, 0, keybackup.Receipt{Object: object, SHA256: sum, ReadBack: readBack}.Message())
}

// told puts what is to be told on record.
func (w *world) told() *world {
	w.PeerNode.Status = w.status()
	return w
}

func (w *world) copyEnds(store string, conditionType batchv1.JobConditionType, reason, message string) *world {
	w.copyJob(store).Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobSuspended, Status: corev1.ConditionFalse}, {Type: conditionType, Status: corev1.ConditionTrue, Reason: reason, Message: message},
	}
	return w
}

const isBackedUp = v1alpha1.ConditionKeyBackedUp

var copies = map[string]situation{
	"Nobody wants a copy of the key.": {isServing(func(*world) {}), told(serves, settled, settled, isBackedUp, ""), ""},
	"There is no key yet that could be copied.": {
		func(t *testing.T) *world { return newborn(t, backedUp("s3")) }, waits("WaitingForKey", isBackedUp, "False WaitingForKey"), "no key yet that could be copied",
	},
	"A key that was taken up unread has no name yet.": {
		func(t *testing.T) *world {
			w := copying(t, "s3")
			w.Pod, w.PeerNode.Status.Identity.PeerID = nil, ""
			return w
		},
		waits("WaitingForPod", isBackedUp, "False WaitingForKey"), "no key yet that could be copied",
	},
	"A store does not exist.": {
		func(t *testing.T) *world { w := copying(t, "s3", "offsite"); delete(w.Stores, "offsite"); return w },
		told(serves, settled, settled, isBackedUp, "False StoreMissing"), "PeerBackupStore offsite does not exist in namespace peers; create it",
	},
	"A copy is being made.": {
		func(t *testing.T) *world { return copying(t, "s3") }, told(serves, settled, settled, isBackedUp, "False WaitingForKeyCopy"), "epoch 1 is being put into PeerBackupStore s3",
	},
	"The copy is made.": {
		func(t *testing.T) *world { return copying(t, "s3").stored("s3", peerID, true) }, told(serves, settled, settled, isBackedUp, "True KeyCopied"), "the key of epoch 1 is in s3\n",
	},
	"One copy of two is made.": {
		func(t *testing.T) *world { return copying(t, "s3", "offsite").stored("s3", peerID, true) },
		told(serves, settled, settled, isBackedUp, "False WaitingForKeyCopy"), "epoch 1 is being put into PeerBackupStore offsite\n",
	},
	"Both copies are made, of which one cannot be read back.": {
		func(t *testing.T) *world {
			return copying(t, "s3", "offsite").stored("s3", peerID, true).stored("offsite", peerID, false)
		},
		told(serves, settled, settled, isBackedUp, "True KeyCopied"), "the key of epoch 1 is in s3, offsite; the copy in offsite was not read back",
	},
	"A try of the Job that copies failed.": {
		func(t *testing.T) *world {
			return copying(t, "s3").said("s3", 1, "error: the bucket keys does not exist")
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "into PeerBackupStore s3: the bucket keys does not exist",
	},
	"The Job that copies failed.": {
		func(t *testing.T) *world {
			return copying(t, "s3").said("s3", 1, "error: the bucket keys does not exist").copyEnds("s3", batchv1.JobFailed, "BackoffLimitExceeded", "too many tries")
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "the bucket keys does not exist. It is tried again ten minutes after its end",
	},
	"The Job that copies failed, and its pods are gone.": {
		func(t *testing.T) *world {
			return copying(t, "s3").copyEnds("s3", batchv1.JobFailed, "BackoffLimitExceeded", "too many tries")
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "into PeerBackupStore s3: too many tries",
	},
	"The Job that copies waited for what is not there.": {
		func(t *testing.T) *world {
			return copying(t, "s3").copyEnds("s3", batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded, "active longer than")
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "look whether the Secrets alpha-identity-1 and s3-credentials are there",
	},
	"The Job that copies tells of the key of another.": {
		func(t *testing.T) *world { return copying(t, "s3").stored("s3", madePeerID, true) },
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "it names an object that is not of this key",
	},
	"The Job that copies tells something else.": {
		func(t *testing.T) *world { return copying(t, "s3").said("s3", 0, "done") },
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "what the Job tells of the copy in PeerBackupStore s3 cannot be used",
	},
	"A copy that failed is tried again.": {
		func(t *testing.T) *world {
			w := copying(t, "s3").said("s3", 1, "no bucket").told()
			w.forgetJobs()
			return w
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "into PeerBackupStore s3: no bucket",
	},
	"A copy that failed is tried again, and nothing has come of it yet.": {
		func(t *testing.T) *world {
			w := copying(t, "s3").said("s3", 1, "no bucket").told()
			w.CopyPods = nil
			return w
		},
		told(serves, settled, settled, isBackedUp, "False KeyCopyFailed"), "into PeerBackupStore s3: no bucket",
	},
	"A key was copied, and nothing may be done about the peer now.": {
		func(t *testing.T) *world {
			w := copying(t, "s3").stored("s3", peerID, true).told()
			w.PeerNode.Spec.PodTemplate = &runtime.RawExtension{Raw: []byte("[]")}
			return w
		},
		told(serves, settled, "True InvalidPodTemplate", isBackedUp, "True KeyCopied"), "the key of epoch 1 is in s3\n",
	},
	"A Job of that name is somebody else's.": {
		func(t *testing.T) *world { w := copying(t, "s3"); w.copyJob("s3").Labels = nil; return w },
		told(serves, settled, settled, isBackedUp, "False ForeignObject"), "was not made by this operator",
	},
	"A Job of that name is of a PeerNode that is gone.": {
		func(t *testing.T) *world {
			w := copying(t, "s3")
			w.copyJob("s3").OwnerReferences[0].UID = "another"
			return w
		},
		told(serves, settled, settled, isBackedUp, "False WaitingForPreviousPeerNode"), "still going away",
	},
}

// orders are the stores for which a plan orders a Job.
func orders(w *world) []string {
	var out []string
	for _, change := range w.decide().Apply {
		if store := change.Object.GetLabels()[v1alpha1.LabelBackupStore]; store != "" && change.Kind == "Job" {
			out = append(out, store)
		}
	}
	return out
}

func TestCopiesAreMadeOnceForEachKeyAndStore(t *testing.T) {
	for name, c := range map[string]struct {
		observe  func(t *testing.T) *world
		want     []string
		discards bool
	}{
		"Nothing is on record.": {
			func(t *testing.T) *world { w := copying(t, "s3", "offsite"); w.forgetJobs(); return w }, []string{"s3", "offsite"}, false,
		},
		"The Jobs are at work.":                {func(t *testing.T) *world { return copying(t, "s3", "offsite") }, nil, false},
		"A Job was complete, and told nobody.": {func(t *testing.T) *world { return copying(t, "s3").copyEnds("s3", batchv1.JobComplete, "", "") }, nil, true},
		"A Job failed, and is gone.": {
			func(t *testing.T) *world { w := copying(t, "s3").said("s3", 1, "no").told(); w.forgetJobs(); return w }, []string{"s3"}, false,
		},
		"The copies are on record.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, false).told()
				w.forgetJobs()
				return w
			}, nil, false,
		},
		"The copies are on record, and the store has got another bucket.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, true).told()
				w.Stores["s3"].Spec.Bucket, w.Stores["s3"].Generation = "keys-2", 2
				return w
			}, []string{"s3"}, false,
		},
		"The copies are on record, and the store has got other credentials.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, true).told()
				w.Stores["s3"].Spec.Credentials.SecretName, w.Stores["s3"].Generation = "others", 2
				return w
			}, nil, false,
		},
		"A Job waits for credentials, and the store has got others.": {
			func(t *testing.T) *world {
				w := copying(t, "s3")
				w.Stores["s3"].Spec.Credentials.SecretName, w.Stores["s3"].Generation = "others", 2
				return w
			}, []string{"s3"}, false,
		},
		"The next key is stored, and not used yet.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, true).told()
				w.keys(time.Second, active, published)
				return w
			}, []string{"s3"}, false,
		},
		"The next key is being made.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, true).told()
				w.keys(time.Second, active, pending)
				return w
			}, nil, false,
		},
		"A store was added.": {
			func(t *testing.T) *world {
				w := copying(t, "s3").stored("s3", peerID, true).told()
				backedUp("s3", "offsite")(w.PeerNode)
				w.Stores["offsite"] = bucket("offsite")
				return w
			}, []string{"offsite"}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.observe(t)
			if diff := cmp.Diff(c.want, orders(w)); diff != "" {
				t.Errorf("stores for which a Job is ordered (-want +got):\n%s", diff)
			}
			if got := len(w.decide().Delete) > 0; got != c.discards {
				t.Errorf("something is deleted: %v, want %v", got, c.discards)
			}
		})
	}
}

// forgetJobs takes all Jobs away.
func (w *world) forgetJobs() {
	for ref, o := range w.Objects {
		if _, ok := o.(*batchv1.Job); ok {
			delete(w.Objects, ref)
		}
	}
}

func TestCopiesAreOnRecordAsLongAsTheirStoreIsNamed(t *testing.T) {
	w := copying(t, "s3", "offsite").stored("s3", peerID, true).stored("offsite", peerID, false).told()
	want := []v1alpha1.KeyCopy{
		{Store: "s3", Epoch: 1, Location: "https://s3.example.com/keys/eu/keys/peers/alpha/1-" + peerID + "-0123456789abcdef.json", ReadBack: true, Since: metav1.NewTime(now)},
		{Store: "offsite", Epoch: 1, Location: "https://offsite.example.com/keys/eu/keys/peers/alpha/1-" + peerID + "-0123456789abcdef.json", Since: metav1.NewTime(now)},
	}
	if diff := cmp.Diff(want, w.PeerNode.Status.Identity.Copies); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
	w.forgetJobs()
	delete(w.Stores, "offsite")
	if diff := cmp.Diff(want, w.status().Identity.Copies); diff != "" {
		t.Errorf("a copy is forgotten because its store is away (-want +got):\n%s", diff)
	}
	backedUp("s3")(w.PeerNode)
	if diff := cmp.Diff(want[:1], w.status().Identity.Copies); diff != "" {
		t.Errorf("copies after a store is no longer named (-want +got):\n%s", diff)
	}
}

func TestTheWayToTheStoresIsOpenWhileTheyAreNamed(t *testing.T) {
	policy := func(w *world) intent.Object {
		for ref, o := range w.Objects {
			if ref.Kind == "NetworkPolicy" && ref.Name == "alpha-key-copies" {
				return o
			}
		}
		return nil
	}
	w := copying(t, "s3")
	if policy(w) == nil {
		t.Fatal("the Jobs that copy keys reach no store")
	}
	if len(w.decide().Delete) > 0 {
		t.Error("the way to the stores is closed while they are named")
	}
	w.PeerNode.Spec.Identity.Backup = nil
	if diff := cmp.Diff([]intent.Object{policy(w)}, w.decide().Delete); diff != "" {
		t.Errorf("what goes once no store is named (-want +got):\n%s", diff)
	}
}

func TestTroubleWithCopiesIsToldAtOnceAndOnce(t *testing.T) {
	w := copying(t, "s3").told()
	before := w.PeerNode.Status
	failed := w.said("s3", 1, "error: the bucket keys does not exist").status()
	if !plan.ToTell(before, failed, now, time.Hour).Write {
		t.Error("that a copy failed is held back")
	}
	if got := plan.Events(before, failed); len(got) != 1 || got[0].Type != corev1.EventTypeWarning || got[0].Reason != "KeyCopyFailed" {
		t.Errorf("trouble makes the events %v", got)
	}
	if got := plan.Events(failed, failed); len(got) > 0 {
		t.Errorf("trouble that goes on makes the events %v", got)
	}
	done := w.stored("s3", peerID, true).status()
	if got := plan.Events(failed, done); len(got) != 1 || got[0].Type != corev1.EventTypeNormal || got[0].Reason != "KeyCopied" {
		t.Errorf("the end of trouble makes the events %v", got)
	}
	if got := plan.Events(before, done); len(got) > 0 {
		t.Errorf("a copy that was made without trouble makes the events %v", got)
	}
	if conditions.Find(done.Conditions, isBackedUp).Status != metav1.ConditionTrue {
		t.Error("a copy that was made after a failure does not count")
	}
}
