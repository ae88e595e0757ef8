// SPDX-License-Identifier: Apache-2.0

package backupstore_test

import (
	"encoding/json"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backupstore"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
	"github.com/peernode/operator/pkg/storecheck"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// world is a store, and what there is of the objects that check it.
type world struct {
	t *testing.T
	backupstore.Observed
}

// newWorld is a store that was just made.
func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, Observed: backupstore.Observed{
		Store: &v1alpha1.PeerBackupStore{
			ObjectMeta: metav1.ObjectMeta{Name: "s3", Namespace: "peers", UID: "uid-of-store", Generation: 1},
			Spec: v1alpha1.PeerBackupStoreSpec{
				Endpoint: "https://s3.example.com", Bucket: "backups", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-credentials"},
			},
		},
		Objects: map[intent.Ref]intent.Object{},
		Options: settings.Operator{Resources: resources.Options{CompanionImage: "companion:v1"}},
		Now:     noon,
	}}
}

func (w *world) decide() backupstore.Plan {
	w.t.Helper()
	p, err := backupstore.Decide(w.Observed)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// status is what would be told now.
func (w *world) status() v1alpha1.PeerBackupStoreStatus {
	w.t.Helper()
	return backupstore.Status(w.Observed, w.decide(), nil, w.Now)
}

// acts carries out what is planned, and tells.
func (w *world) acts() *world {
	w.t.Helper()
	p := w.decide()
	for _, change := range p.Apply {
		var live intent.Object = &batchv1.Job{}
		if change.Kind == "NetworkPolicy" {
			live = &networkingv1.NetworkPolicy{}
		}
		raw, err := json.Marshal(change.Object)
		if err == nil {
			err = json.Unmarshal(raw, live)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		w.Objects[change.Ref] = live
	}
	w.Store.Status = backupstore.Status(w.Observed, p, nil, w.Now)
	return w
}

// job is the one that makes the next check.
func (w *world) job() *batchv1.Job {
	w.t.Helper()
	job, ok := w.Objects[backupstore.JobRef(w.Store)].(*batchv1.Job)
	if !ok {
		w.t.Fatalf("there is no %s", backupstore.JobRef(w.Store))
	}
	return job
}

// says lets the pod of the Job end.
func (w *world) says(exitCode int32, words string) *world {
	w.job()
	phase := corev1.PodSucceeded
	if exitCode != 0 {
		phase = corev1.PodFailed
	}
	end := &corev1.ContainerStateTerminated{ExitCode: exitCode, Message: words}
	w.Pods = append(w.Pods, &corev1.Pod{Status: corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{
		{Name: "injected"}, {Name: resources.ContainerStoreCheck, State: corev1.ContainerState{Terminated: end}},
	}}})
	return w
}

func (w *world) ends(condition batchv1.JobConditionType, reason, message string) *world {
	w.job().Status.Conditions = []batchv1.JobCondition{
		{Type: batchv1.JobSuspended, Status: corev1.ConditionFalse}, {Type: condition, Status: corev1.ConditionTrue, Reason: reason, Message: message},
	}
	return w
}

// fails lets the Job fail with the words of its pod.
func (w *world) fails(words string) *world {
	return w.says(1, "error: "+words).ends(batchv1.JobFailed, "BackoffLimitExceeded", "too many tries")
}

// finds lets the Job find this.
func (w *world) finds(change func(f *v1alpha1.BackupStoreFindings)) *world {
	f := well()
	if change != nil {
		change(&f)
	}
	return w.says(0, storecheck.Message(f))
}

// later is another time, at which the Job of before is gone.
func (w *world) later(by time.Duration) *world {
	w.Now, w.Pods = w.Now.Add(by), nil
	for ref := range w.Objects {
		if ref.Kind == "Job" {
			delete(w.Objects, ref)
		}
	}
	return w
}

// edited is another spec.
func (w *world) edited(change func(s *v1alpha1.PeerBackupStoreSpec)) *world {
	change(&w.Store.Spec)
	w.Store.Generation++
	w.Pods = nil
	return w
}

func well() v1alpha1.BackupStoreFindings {
	return v1alpha1.BackupStoreFindings{
		WritesOnce: v1alpha1.StoreYes, MultipartOnce: v1alpha1.StoreYes, ReadsBack: v1alpha1.StoreYes, Lists: v1alpha1.StoreYes,
		Versioning: v1alpha1.VersioningOff, Encryption: v1alpha1.FoundNoEncryption, ObjectLock: v1alpha1.FoundNoLock,
		MayOverwrite: v1alpha1.StoreNo, MayDelete: v1alpha1.StoreNo,
	}
}

// checked is a store that was found well.
func checked(t *testing.T) *world {
	t.Helper()
	return newWorld(t).acts().finds(nil).acts()
}

// is shows a condition in short.
func is(s v1alpha1.PeerBackupStoreStatus, condition string) string {
	c := conditions.Find(s.Conditions, condition)
	return string(c.Status) + " " + c.Reason
}
