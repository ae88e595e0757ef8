// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"fmt"

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
