// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/test/s3"
)

// backsUp makes another backup of a peer, and returns the key that knows its record.
func (s *copyStory) backsUp(peer, name string) v1alpha1.RecordKey {
	s.Helper()
	s.must(env.Admin.Create(s.Context(), &v1alpha1.PeerBackup{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}, Spec: v1alpha1.PeerBackupSpec{
		PeerNodeRef: v1alpha1.PeerNodeReference{Name: peer}, StoreRef: v1alpha1.BackupStoreReference{Name: "keys"},
	}}))
	return v1alpha1.RecordKey(s.backup(name, v1alpha1.ReasonBackedUp).Status.Record.SignedBy)
}

// pruneIsDue lets time pass for what is on record of old backups.
func (s *story) pruneIsDue(store *v1alpha1.PeerBackupStore, by time.Duration) {
	s.Helper()
	s.must(s.get(store.Name, store))
	before := store.DeepCopy()
	store.Status.Retention.LastRun.Time = metav1.NewTime(store.Status.Retention.LastRun.Time.Add(-by))
	s.must(env.Admin.Status().Patch(s.Context(), store, client.MergeFrom(before)))
}

// prunedAgain waits for another run than the last that is on record.
func (s *story) prunedAgain(store *v1alpha1.PeerBackupStore, last string) *v1alpha1.BackupRetentionStatus {
	s.Helper()
	s.eventually(func() error {
		if err := s.get(store.Name, store); err != nil {
			return err
		}
		if r := store.Status.Retention; r == nil || r.LastRun.Job == last {
			return fmt.Errorf("on record is %+v", r)
		}
		return nil
	})
	return store.Status.Retention
}

// records are the numbers of the backups of alpha that are in the bucket.
func (s *copyStory) backups() (out []int64) {
	s.Helper()
	for _, name := range s.everything("keys") {
		if sequence, ok := backup.ParseRecordName(strings.TrimPrefix(name, backup.Folder("eu", s.ns, "alpha"))); ok {
			out = append(out, sequence)
		}
	}
	return out
}

func (s *copyStory) holdsBackups(want ...int64) {
	s.Helper()
	if diff := cmp.Diff(want, s.backups()); diff != "" {
		s.Fatalf("backups in the bucket (-want +got):\n%s", diff)
	}
}

func TestOldBackupsGoFromAStoreByAnIdentityOfTheirOwn(t *testing.T) {
	s := tellOfCopies(t)
	s.must(s.server.KeepVersions(s.Context(), "keys"))
	janitor := s.server.Stranger(t, "janitor")
	s.credentials("janitor", janitor)
	s.serving("alpha")
	store := s.store("keys", s.server.Store)
	retention := &v1alpha1.BackupRetention{KeepFor: "720h", KeepLast: 1, Credentials: v1alpha1.BackupStoreCredentials{SecretName: "janitor"}}
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) {
		spec.Recipients, spec.Retention = []string{s.holder.Recipient().String()}, retention
	})
	s.storeBecomes(store, v1alpha1.ConditionRetentionHealthy, metav1.ConditionUnknown, v1alpha1.ReasonNoKeyKnown)
	s.storeIsReady(store)

	// The first backup tells by which key its record is known. Who removes old ones has no rights yet.
	keys := []v1alpha1.RecordKey{s.backsUp("alpha", "first")}
	c := s.storeBecomes(store, v1alpha1.ConditionRetentionHealthy, metav1.ConditionFalse, v1alpha1.ReasonPruneFailed)
	if !strings.Contains(c.Message, "allow them s3:ListBucketVersions") {
		t.Errorf("it fails: %s", c.Message)
	}
	s.storeHears("Warning PruneFailed")
	s.storeIsReady(store)
	s.must(s.server.SetPolicy(s.Context(), "keys", "janitor",
		s3.Statement{Effect: "Allow", Action: []string{"s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"}, Resource: "arn:aws:s3:::keys/eu/backups/*"},
		s3.Statement{Effect: "Allow", Action: []string{"s3:ListBucketVersions"}, Resource: "arn:aws:s3:::keys"},
	))
	failed := store.Status.Retention.LastRun.Job
	s.pruneIsDue(store, time.Hour)
	if r := s.prunedAgain(store, failed); r.Kept != 1 || r.Removed != 0 || r.Peers != 1 || r.LastPassed == nil {
		t.Errorf("on record is %+v", r)
	}
	s.storeBecomes(store, v1alpha1.ConditionRetentionHealthy, metav1.ConditionTrue, v1alpha1.ReasonPruned)
	s.storeHears("Normal Pruned")
	s.settle(quiet)
	s.silent(quiet)

	s.server.Age(t, 40*24*time.Hour)
	keys = append(keys, s.backsUp("alpha", "second"))
	s.server.Age(t, 40*24*time.Hour)
	s.holdsBackups(1, 2)
	last := store.Status.Retention.LastRun.Job
	s.pruneIsDue(store, 24*time.Hour)
	if r := s.prunedAgain(store, last); r.Removed != 1 || r.Kept != 1 || r.Objects < 2 || r.Freed.Value() < 1000 || r.Strange+r.Locked+r.Postponed > 0 {
		t.Errorf("on record is %+v", r)
	}
	s.holdsBackups(2)
	s.settle(quiet)
	s.silent(quiet)
	s.silentAfterRestart()

	// It is taken back: the way to the store is closed, and nothing of it is told any more.
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) { spec.Retention = nil })
	s.gone("keys-prune", &networkingv1.NetworkPolicy{})
	s.storeIsReady(store)
	if store.Status.Retention != nil || slices.ContainsFunc(store.Status.Conditions, func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionRetentionHealthy }) {
		t.Errorf("it still tells of %+v", store.Status)
	}

	// Another store of the same bucket, which nobody backs up to, goes by the keys that it is given. It could be in another namespace.
	keys = append(keys, s.backsUp("alpha", "third"))
	s.server.Age(t, 9*24*time.Hour)
	other := &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "janitor"}, Spec: *store.Spec.DeepCopy()}
	retention.Trust = keys[1:]
	other.Spec.Recipients, other.Spec.Retention = nil, retention
	s.must(env.Admin.Create(s.Context(), other))
	if r := s.prunedAgain(other, ""); r.Removed != 1 || r.Kept != 1 || r.Peers != 1 {
		t.Errorf("on record is %+v", r)
	}
	s.holdsBackups(3)
}
