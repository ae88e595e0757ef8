// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/peerbackup"
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
func backUp(t *testing.T, ns, peer, name string) *v1alpha1.PeerBackup {
	t.Helper()
	b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: peer}, StoreRef: v1alpha1.BackupStoreReference{Name: "store"},
	}}
	must(t, admin.Create(t.Context(), b))
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(b), b); err != nil {
			return err
		}
		if b.Status.ReleasedAt == nil {
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

func TestAPeerIsStoppedBackedUpAndStarted(t *testing.T) {
	h, ns := recoveryKey(t), namespace(t)
	backupStore(t, ns, h.recipient, newStore(t, namespace(t), "backups"))
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
	restores(t, ns, h, last)

	broken := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "store"}}
	must(t, admin.Patch(t.Context(), broken, client.RawPatch("application/merge-patch+json", []byte(`{"stringData":{"secretAccessKey":"wrong"}}`))))
	b := backUp(t, ns, "alpha", "third")
	if ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonBackupFailed {
		t.Errorf("with a wrong key for the store: %+v", ready)
	}
	awaitReady(t, p)
}

// restores brings a backup back in a pod that has nothing but the recovery key, the public key of its record and the store.
func restores(t *testing.T, ns string, h *holder, r *v1alpha1.BackupRecord) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(h.folder, "recovery.key"))
	must(t, err)
	must(t, admin.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "recovery"}, Data: map[string][]byte{"recovery.key": key}}))
	s := &v1alpha1.PeerBackupStore{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "store"}, s))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "restore"}, Spec: restrictedPod(corev1.Container{
		Name: "restore", Image: imageCompanion, TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		Args: []string{
			"restore", "--to=/restored", "-n", ns, "--peernode=alpha", "--trust=" + r.SignedBy, "--record-sha256=" + r.SHA256, "--identity=/recovery/recovery.key",
			"--endpoint=" + s.Spec.Endpoint, "--region=" + s3.Region, "--bucket=" + s.Spec.Bucket, "--prefix=" + s.Spec.Prefix, "--credentials-dir=/store", "--ca-file=/ca/ca.crt",
		},
	}, map[string]corev1.VolumeSource{
		"/recovery": ofSecret("recovery"), "/store": ofSecret("store"), "/restored": {EmptyDir: &corev1.EmptyDirVolumeSource{}},
		"/ca": {ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "store"}}},
	})}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	must(t, admin.Create(t.Context(), pod))
	words := lastWords(t, pod)
	if end := pod.Status.ContainerStatuses[0].State.Terminated; end.ExitCode != 0 {
		t.Errorf("the backup is not restored: %s", words)
	}
}
