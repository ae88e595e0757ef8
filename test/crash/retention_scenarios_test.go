// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/crash"
)

// oldBackups is a store from which old backups are to go, and then are not any more.
func oldBackups() crash.Scenario {
	return crash.Scenario{
		Name:       "remove old backups",
		Given:      steps(all(bringAccess, bringJanitor, makeStore, bringOldBackups), checked),
		When:       crash.Step{Act: keep(&v1alpha1.BackupRetention{KeepFor: "720h", KeepLast: 1, Credentials: v1alpha1.BackupStoreCredentials{SecretName: "janitor"}}), Settled: all(checked, onlyTheNewestIsLeft)},
		Afterwards: crash.Step{Act: keep(nil), Settled: all(checked, nobodyRemovesAny)},
	}
}

// signer signs the records of a peer that is nowhere, which lie in the folder of the run.
var signer = newSigner()

func newSigner() backup.Signer {
	private, _, err := backup.NewSigningKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "peers", "alpha")
	if err != nil {
		panic(err)
	}
	s, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		panic(err)
	}
	return s
}

// bringJanitor brings the credentials of who removes old backups. That they are those of the same user is nobody's business here.
func bringJanitor(ctx context.Context, w *crash.World) error {
	return w.Admin.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "janitor"}, StringData: map[string]string{"accessKeyID": store.AccessKey, "secretAccessKey": store.SecretKey},
	})
}

// bringOldBackups puts three backups of forty days ago into the folder of the run.
func bringOldBackups(ctx context.Context, w *crash.World) error {
	folder := backup.Folder(w.Namespace, "peers", "alpha")
	for sequence := range int64(3) {
		name := strings.Repeat(string(rune('a'+sequence)), 26)
		text, err := signer.Sign(backup.Record{
			Namespace: "peers", PeerNode: "alpha", Sequence: sequence + 1, Base: sequence + 1, Name: "daily", Method: backup.MethodStopped,
			Recipients: []seal.RecipientInfo{holder.Recipient().Info()}, Manifest: backup.Object{Name: name, Size: 1},
		})
		if err != nil {
			return err
		}
		for key, content := range map[string][]byte{backup.FolderData + name: []byte("x"), backup.RecordName(sequence + 1): text} {
			if err := store.Put(ctx, bucket, folder+key, content); err != nil {
				return err
			}
		}
	}
	return age(40 * 24 * time.Hour)
}

// keep sets the retention of the store.
func keep(r *v1alpha1.BackupRetention) do {
	return func(ctx context.Context, w *crash.World) error {
		s := &v1alpha1.PeerBackupStore{}
		if err := get(ctx, w, bucket, s); err != nil {
			return err
		}
		before := s.DeepCopy()
		s.Spec.Prefix, s.Spec.Retention = w.Namespace, r.DeepCopy()
		if r != nil {
			s.Spec.Retention.Trust = []v1alpha1.RecordKey{v1alpha1.RecordKey(signer.Public())}
		}
		return w.Admin.Patch(ctx, s, client.MergeFrom(before))
	}
}

func onlyTheNewestIsLeft(ctx context.Context, w *crash.World) error {
	s := &v1alpha1.PeerBackupStore{}
	if err := get(ctx, w, bucket, s); err != nil {
		return err
	}
	c := conditions.Find(s.Status.Conditions, v1alpha1.ConditionRetentionHealthy)
	if c.Status != metav1.ConditionTrue || c.ObservedGeneration != s.Generation || s.Status.Retention.Kept != 1 {
		return fmt.Errorf("old backups are %s %s: %s; on record is %+v", c.Status, c.Reason, c.Message, s.Status.Retention)
	}
	names, err := store.List(ctx, bucket)
	if err != nil {
		return err
	}
	left := 0
	for _, name := range names {
		if strings.HasPrefix(name, backup.Folder(w.Namespace, "peers", "alpha")) {
			left++
		}
	}
	if left != 2 {
		return fmt.Errorf("%d objects are left of the backups", left)
	}
	return nil
}

func nobodyRemovesAny(ctx context.Context, w *crash.World) error {
	s := &v1alpha1.PeerBackupStore{}
	if err := get(ctx, w, bucket, s); err != nil {
		return err
	}
	if s.Status.Retention != nil {
		return fmt.Errorf("old backups are still on record: %+v", s.Status.Retention)
	}
	if err := get(ctx, w, bucket+"-prune", &networkingv1.NetworkPolicy{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("the way of who removes old backups is still open (%w)", err)
	}
	return nil
}
