// SPDX-License-Identifier: Apache-2.0

package names_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/storecheck"
)

func aStore(change func(s *v1alpha1.PeerBackupStore)) *v1alpha1.PeerBackupStore {
	s := &v1alpha1.PeerBackupStore{ObjectMeta: metav1.ObjectMeta{Name: "s3", UID: "6f9619ff-8b86-d011-b42d-00cf4fc964ff", Generation: 1}}
	change(s)
	return s
}

func checkedAt(at time.Time) func(*v1alpha1.PeerBackupStore) {
	return func(s *v1alpha1.PeerBackupStore) {
		s.Status.LastCheck = &v1alpha1.BackupStoreCheck{Time: metav1.NewTime(at)}
	}
}

func TestEachCheckOfAStoreIsAnotherJobAndTheSameOneIsTheSame(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	seen := map[string]string{}
	for what, s := range map[string]*v1alpha1.PeerBackupStore{
		"the first":                aStore(func(*v1alpha1.PeerBackupStore) {}),
		"the second":               aStore(checkedAt(now)),
		"the third":                aStore(checkedAt(now.Add(5 * time.Minute))),
		"another spec":             aStore(func(s *v1alpha1.PeerBackupStore) { s.Generation = 2 }),
		"another store":            aStore(func(s *v1alpha1.PeerBackupStore) { s.Name = "offsite" }),
		"the store made again":     aStore(func(s *v1alpha1.PeerBackupStore) { s.UID = "another" }),
		"a long name":              aStore(func(s *v1alpha1.PeerBackupStore) { s.Name = strings.Repeat("s", 63) }),
		"a long name of dots":      aStore(func(s *v1alpha1.PeerBackupStore) { s.Name = strings.Repeat("s.", 31) + "s" }),
		"a long name of other end": aStore(func(s *v1alpha1.PeerBackupStore) { s.Name = strings.Repeat("s", 62) + "t" }),
	} {
		name := names.StoreCheckJob(s)
		if other, ok := seen[name]; ok {
			t.Errorf("%s and %s have one name", what, other)
		}
		if prune := names.StorePruneJob(s); prune == name || len(validation.IsDNS1123Subdomain(prune))+len(validation.IsValidLabelValue(prune)) > 0 {
			t.Errorf("%s: the Job that removes old backups is named %s", what, prune)
		}
		seen[name] = what
		if again := names.StoreCheckJob(s.DeepCopy()); again != name {
			t.Errorf("%s is named %s and %s", what, name, again)
		}
		if errs := append(validation.IsDNS1123Subdomain(name), validation.IsValidLabelValue(name)...); len(errs) > 0 {
			t.Errorf("%s: %s: %v", what, name, errs)
		}
	}
}

func TestEachRemovalOfOldBackupsIsAnotherJobAndTheSameOneIsTheSame(t *testing.T) {
	ran := func(at time.Time) func(*v1alpha1.PeerBackupStore) {
		return func(s *v1alpha1.PeerBackupStore) {
			s.Status.Retention = &v1alpha1.BackupRetentionStatus{LastRun: v1alpha1.BackupStoreCheck{Time: metav1.NewTime(at)}}
		}
	}
	now := time.Unix(1_800_000_000, 0)
	first, second := aStore(func(*v1alpha1.PeerBackupStore) {}), aStore(ran(now))
	third, edited := aStore(ran(now.Add(time.Hour))), aStore(func(s *v1alpha1.PeerBackupStore) { s.Generation = 2 })
	seen := map[string]bool{}
	for _, s := range []*v1alpha1.PeerBackupStore{first, second, third, edited} {
		seen[names.StorePruneJob(s)] = true
	}
	if again := aStore(checkedAt(now)); len(seen) != 4 || names.StorePruneJob(again) != names.StorePruneJob(first) {
		t.Errorf("the names are %v; after a check it is %s", seen, names.StorePruneJob(again))
	}
}

// One that is encrypted otherwise is another object, because only what is written shows how the store writes it.
func TestTheObjectOfACheckIsTheSameUntilItIsEncryptedOtherwise(t *testing.T) {
	encrypted := func(mode v1alpha1.EncryptionMode, key string) *v1alpha1.PeerBackupStore {
		return aStore(func(s *v1alpha1.PeerBackupStore) {
			s.Generation, s.Spec.ServerSideEncryption = 7, &v1alpha1.ServerSideEncryption{Mode: mode, KMSKeyID: key}
		})
	}
	plain := names.StoreCheckObject(aStore(func(*v1alpha1.PeerBackupStore) {}))
	if later := names.StoreCheckObject(aStore(checkedAt(time.Now()))); plain != "6f9619ff-8b86-d011-b42d-00cf4fc964ff" || later != plain {
		t.Errorf("it is named %s, and later %s", plain, later)
	}
	seen := map[string]bool{plain: true}
	for _, s := range []*v1alpha1.PeerBackupStore{encrypted("AES256", ""), encrypted("KMS", ""), encrypted("KMS", "a")} {
		name := names.StoreCheckObject(s)
		if seen[name] || storecheck.CheckName(name) != nil {
			t.Errorf("with %+v it is named %s: %v", s.Spec.ServerSideEncryption, name, storecheck.CheckName(name))
		}
		seen[name] = true
	}
}
