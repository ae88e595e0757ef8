// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/s3"
)

// backupStore makes a store known to a namespace into which data are backed up, sealed to a recovery key.
func backupStore(t *testing.T, ns, recipient string, store s3.Store) {
	t.Helper()
	knowStore(t, ns, "store", store)
	s := &v1alpha1.PeerBackupStore{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "store"}, s))
	before := s.DeepCopy()
	s.Spec.Recipients, s.Spec.Bucket = []string{recipient}, "backups"
	must(t, admin.Patch(t.Context(), s, client.MergeFrom(before)))
}

// backUp asks for a backup of a peer, and waits until it has ended one way or the other.
func backUp(t *testing.T, ns, peer, name string, change ...func(*v1alpha1.PeerBackupSpec)) *v1alpha1.PeerBackup {
	t.Helper()
	b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: peer}, StoreRef: v1alpha1.BackupStoreReference{Name: "store"},
	}}
	for _, c := range change {
		c(&b.Spec)
	}
	must(t, admin.Create(t.Context(), b))
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(b), b); err != nil {
			return err
		}
		if b.Status.ReleasedAt == nil || b.Status.Proof != nil && b.Status.Proof.EndedAt == nil {
			ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady)
			return fmt.Errorf("the backup is %s: %s", ready.Reason, ready.Message)
		}
		return nil
	})
	return b
}

// runNow asks for a run of the schedule of a peer, as kubectl create job --from does, and waits until its Job is complete.
func runNow(t *testing.T, ns, peer string) *v1alpha1.PeerBackup {
	t.Helper()
	schedule := &batchv1.CronJob{}
	eventually(t, func() error {
		return admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: peer + "-backup"}, schedule)
	})
	template := schedule.Spec.JobTemplate
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: ns, Name: "now", Labels: template.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(schedule, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: template.Spec,
	}
	must(t, admin.Create(t.Context(), job))
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(job), job); err != nil {
			return err
		}
		if job.Status.CompletionTime == nil {
			return fmt.Errorf("the Job of the run is %+v", job.Status)
		}
		return nil
	})
	b := &v1alpha1.PeerBackup{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: peerbackup.RunName(job)}, b))
	return b
}

// A peer is backed up, and another one begins with its data when nothing is left of it but the bucket, the recovery key and the
// public key of the records.
func TestAPeerIsBackedUpLostAndRestored(t *testing.T) {
	h, ns := recoveryKey(t), namespace(t)
	store := newStore(t, namespace(t), "backups")
	backupStore(t, ns, h.recipient, store)
	p := agent(t, ns, "alpha")
	awaitReady(t, p)
	var last *v1alpha1.BackupRecord
	edit(t, p, func(p *v1alpha1.PeerNode) {
		p.Spec.Backup = &v1alpha1.PeerNodeBackup{StoreRef: v1alpha1.BackupStoreReference{Name: "store"}, Schedule: "0 2 29 2 *"}
	})
	for i, backUp := range []func() *v1alpha1.PeerBackup{
		func() *v1alpha1.PeerBackup { return backUp(t, ns, "alpha", "first") },
		func() *v1alpha1.PeerBackup { return runNow(t, ns, "alpha") },
	} {
		b := backUp()
		name, ready := b.Name, conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady)
		if last = b.Status.Record; ready.Status != metav1.ConditionTrue || last == nil || last.VerifiedAt == nil {
			t.Fatalf("backup %s: %+v, %+v", name, ready, last)
		}
		if last.Sequence != int64(i+1) || last.Base != 1 || last.Files == 0 {
			t.Errorf("backup %s is on record as %+v", name, last)
		}
		t.Logf("%s; stopped for %s", ready.Message, b.Status.ReleasedAt.Sub(b.Status.HeldSince.Time).Round(time.Second))
		awaitReady(t, p)
	}
	awaitReason(t, p, v1alpha1.ConditionBackupHealthy, v1alpha1.ReasonBackupRecent)
	last = isProven(t, ns, p)
	was := asked(t, p)

	breakStore(t, ns, "wrong")
	b := backUp(t, ns, "alpha", "third")
	if ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonBackupFailed {
		t.Errorf("with a wrong key for the store: %+v", ready)
	}
	awaitReady(t, p)
	breakStore(t, ns, store.SecretKey)

	bringKey(t, ns, "lost", recoveryKey(t))
	wrong := agent(t, ns, "wrong", fromBucket(last, "lost"))
	edit(t, p, builders.DeleteData)
	must(t, admin.Delete(t.Context(), p))
	must(t, admin.DeleteAllOf(t.Context(), &v1alpha1.PeerBackup{}, client.InNamespace(ns)))
	gone(t, p)
	bringKey(t, ns, "recovery", h)
	begun := time.Now()
	beta := agent(t, ns, "beta", fromBucket(last, "recovery"))
	awaitReady(t, beta)
	t.Logf("restored and ready after %s: %+v", time.Since(begun).Round(time.Second), beta.Status.Bootstrap)
	// The last backup was made before the last start of the peer.
	if is := asked(t, beta); is.PeerID == was.PeerID || is.Starts != was.Starts || is.Sequence == 0 {
		t.Errorf("the backup was of %+v, and the peer that begins with it is %+v", was, is)
	}
	if got := beta.Status.Bootstrap; got == nil || got.RecordSHA256 != last.SHA256 || got.Files != last.Files {
		t.Errorf("on record is %+v, of the backup %+v", got, last)
	}
	awaitReason(t, wrong, v1alpha1.ConditionStalled, v1alpha1.ReasonRestoreFailed)
	if c := conditions.Find(wrong.Status.Conditions, v1alpha1.ConditionRestored); !strings.Contains(c.Message, "restore backup 3") {
		t.Errorf("with a key of somebody else: %s", c.Message)
	}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(wrong), &appsv1.StatefulSet{}); !apierrors.IsNotFound(err) {
		t.Errorf("a peer that is not restored has a StatefulSet (%v)", err)
	}
}

// isProven makes a backup of a peer that its agent finds good, and that says whose data it holds.
func isProven(t *testing.T, ns string, p *v1alpha1.PeerNode) *v1alpha1.BackupRecord {
	t.Helper()
	b := backUp(t, ns, p.Name, "proven", func(s *v1alpha1.PeerBackupSpec) { s.Prove = true })
	must(t, admin.Get(t.Context(), client.ObjectKeyFromObject(p), p))
	var state struct {
		PeerID string `json:"peerID"`
		Starts int    `json:"starts"`
	}
	if proof := b.Status.Proof; proof == nil || json.Unmarshal([]byte(proof.State), &state) != nil || state.PeerID != p.Status.Identity.PeerID || state.Starts < 3 {
		t.Errorf("the backup is proven as %+v: %+v", proof, conditions.Find(b.Status.Conditions, v1alpha1.ConditionProven))
	}
	gone(t, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "proven-proof"}})
	awaitReady(t, p)
	return b.Status.Record
}

// breakStore changes the secret key of the store.
func breakStore(t *testing.T, ns, key string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"stringData": map[string]string{"secretAccessKey": key}})
	must(t, err)
	must(t, admin.Patch(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "store"}}, client.RawPatch(types.MergePatchType, raw)))
}

// bringKey brings a recovery key into the cluster.
func bringKey(t *testing.T, ns, name string, h *holder) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(h.folder, "recovery.key"))
	must(t, err)
	must(t, admin.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Data: map[string][]byte{"recovery.key": key}}))
}

// fromBucket has a peer begin with the newest backup of alpha, of which nothing is left but the bucket and what people keep.
func fromBucket(r *v1alpha1.BackupRecord, key string) func(*v1alpha1.PeerNode) {
	return func(p *v1alpha1.PeerNode) {
		p.Spec.Bootstrap = &v1alpha1.PeerBootstrap{Restore: v1alpha1.PeerRestore{
			From:        &v1alpha1.RestoreSource{StoreRef: v1alpha1.BackupStoreReference{Name: "store"}, PeerNode: "alpha", Trust: []string{r.SignedBy}},
			RecoveryKey: v1alpha1.RecoveryKeySource{SecretName: key}, Identity: v1alpha1.IdentityNew,
		}}
	}
}
