// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/test/crash"
	"github.com/peernode/operator/test/testenv"
)

// backupOnDemand is a peer that is backed up with a proof, and backed up once more.
func backupOnDemand() crash.Scenario {
	return crash.Scenario{
		Name:       "back up a peer",
		Given:      steps(all(bringStore, sealedTo(holder.Recipient().String()), create()), all(checked, serving("alpha")), proves("alpha"), all(knows("alpha"), serving("alpha"))),
		When:       crash.Step{Act: ask("daily", provenToo), Settled: all(backedUp("daily"), provenBackup("daily"), serving("alpha"))},
		Afterwards: crash.Step{Act: ask("weekly"), Settled: all(backedUp("weekly"), serving("alpha"))},
	}
}

// runOfASchedule is a peer whose backup is due. The rest of a backup is that of backupOnDemand.
func runOfASchedule() crash.Scenario {
	return crash.Scenario{
		Name:  "back up a peer by the calendar",
		Given: steps(all(bringStore, sealedTo(holder.Recipient().String()), create(scheduled)), all(checked, serving("alpha")), proves("alpha"), all(knows("alpha"), serving("alpha"), exists[*batchv1.CronJob]("alpha-backup"))),
		When:  crash.Step{Act: due("alpha-backup-1", "2026-02-27T02:00:00Z"), Settled: all(backedUp("alpha-20260227-0200"), complete("alpha-backup-1"), healthy("alpha-20260227-0200"), serving("alpha"))},
		KilledOver: func(method, path string) bool {
			return strings.HasSuffix(path, "/jobs/alpha-backup-1/status") || method == http.MethodPost && strings.HasSuffix(path, "/peerbackups")
		},
	}
}

// scheduled has a peer backed up at a time that never comes while a test runs.
func scheduled(p *v1alpha1.PeerNode) {
	p.Spec.Backup = &v1alpha1.PeerNodeBackup{StoreRef: v1alpha1.BackupStoreReference{Name: bucket}, Schedule: "0 2 29 2 *"}
}

// due makes the Job of a run, as the controller of CronJobs does.
func due(name, slot string) do {
	return func(ctx context.Context, w *crash.World) error {
		schedule := &batchv1.CronJob{}
		if err := get(ctx, w, "alpha-backup", schedule); err != nil {
			return err
		}
		template := schedule.Spec.JobTemplate
		return w.Admin.Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: w.Namespace, Name: name, Labels: template.Labels, Annotations: map[string]string{batchv1.CronJobScheduledTimestampAnnotation: slot},
				OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(schedule, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
			},
			Spec: template.Spec,
		})
	}
}

// complete is a Job whose PeerBackup was made well.
func complete(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		job := &batchv1.Job{}
		if err := get(ctx, w, name, job); err != nil {
			return err
		}
		if job.Status.CompletionTime == nil {
			return fmt.Errorf("Job %s is %+v", name, job.Status)
		}
		return nil
	}
}

// healthy is a peer that tells of its newest backup.
func healthy(backup string) do {
	return func(ctx context.Context, w *crash.World) error {
		p := &v1alpha1.PeerNode{}
		if err := get(ctx, w, "alpha", p); err != nil {
			return err
		}
		if p.Status.Backup == nil || p.Status.Backup.Latest.Name != backup {
			return fmt.Errorf("the newest backup of alpha is %+v", p.Status.Backup)
		}
		return nil
	}
}

// sealedTo makes the store one for data.
func sealedTo(recipient string) do {
	return func(ctx context.Context, w *crash.World) error {
		s := &v1alpha1.PeerBackupStore{}
		if err := get(ctx, w, bucket, s); err != nil {
			return err
		}
		before := s.DeepCopy()
		s.Spec.Recipients = []string{recipient}
		return w.Admin.Patch(ctx, s, client.MergeFrom(before))
	}
}

// ask asks for a backup of alpha.
func ask(name string, change ...func(*v1alpha1.PeerBackupSpec)) do {
	return func(ctx context.Context, w *crash.World) error {
		b := &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}, Spec: v1alpha1.PeerBackupSpec{
			PeerNodeRef: v1alpha1.PeerNodeReference{Name: "alpha"}, StoreRef: v1alpha1.BackupStoreReference{Name: bucket},
		}}
		for _, c := range change {
			c(&b.Spec)
		}
		return w.Admin.Create(ctx, b)
	}
}

func provenToo(s *v1alpha1.PeerBackupSpec) { s.Prove = true }

// provenBackup is a backup that was proven, with its scratch volume gone.
func provenBackup(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		b := &v1alpha1.PeerBackup{}
		if err := get(ctx, w, name, b); err != nil {
			return err
		}
		if proven := conditions.Find(b.Status.Conditions, v1alpha1.ConditionProven); proven.Status != metav1.ConditionTrue || b.Status.Proof.State != testenv.DataFoundGood {
			return fmt.Errorf("the backup is proven: %s %s, %+v", proven.Status, proven.Reason, b.Status.Proof)
		}
		claim := &corev1.PersistentVolumeClaim{}
		if err := get(ctx, w, name+"-proof", claim); !apierrors.IsNotFound(err) && (err != nil || claim.DeletionTimestamp == nil) {
			return fmt.Errorf("the scratch volume is still there (%w)", err)
		}
		return nil
	}
}

// backedUp is a backup that has let its peer go, with the way to the store closed behind it.
func backedUp(name string) do {
	return func(ctx context.Context, w *crash.World) error {
		b := &v1alpha1.PeerBackup{}
		if err := get(ctx, w, name, b); err != nil {
			return err
		}
		if ready := conditions.Find(b.Status.Conditions, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue || b.Status.ReleasedAt == nil {
			return fmt.Errorf("the backup is %s %s: %s", ready.Status, ready.Reason, ready.Message)
		}
		if b.Status.Record == nil || b.Status.Record.VerifiedAt == nil {
			return fmt.Errorf("the backup is on record as %+v", b.Status.Record)
		}
		err := get(ctx, w, name+"-backup", &networkingv1.NetworkPolicy{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("the way to the store is still open (%w)", err)
		}
		return nil
	}
}
