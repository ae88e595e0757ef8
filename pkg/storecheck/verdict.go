// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
)

// Decide says in what a store is not as its spec wants it, nil where it is. Each of these only a person can mend.
func Decide(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) *conditions.Finding {
	for _, judge := range []func(v1alpha1.PeerBackupStoreSpec, v1alpha1.BackupStoreFindings) *conditions.Finding{writes, rights, encryption, lock} {
		if finding := judge(s, f); finding != nil {
			return finding
		}
	}
	return nil
}

// writes asks whether anything that was written could be lost to somebody who writes it again.
func writes(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) *conditions.Finding {
	switch {
	case f.WritesOnce != v1alpha1.StoreYes:
		return conditions.Refuse(v1alpha1.ReasonWritesNotOnce, fmt.Sprintf("the store at %s writes over what is there, although it was asked to leave it (If-None-Match), so nothing that is kept there is safe; use a store that can", s.Endpoint))
	case f.MultipartOnce == v1alpha1.StoreNo:
		return conditions.Refuse(v1alpha1.ReasonWritesNotOnce, fmt.Sprintf("the store at %s writes over what is there when it comes in parts, although it was asked to leave it (If-None-Match at the end of a multipart upload), so backups are not safe there; use a store that can", s.Endpoint))
	}
	return nil
}

// rights asks for what backups of data need. Copies of keys do with writing alone.
func rights(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) *conditions.Finding {
	switch {
	case len(s.Recipients) == 0:
	case f.ReadsBack != v1alpha1.StoreYes:
		return conditions.Refuse(v1alpha1.ReasonRightsMissing, fmt.Sprintf("the credentials in Secret %s may not read what they wrote to bucket %s, without which no backup of data can be verified; allow them s3:GetObject for the names under the prefix", s.Credentials.SecretName, s.Bucket))
	case f.Lists != v1alpha1.StoreYes:
		return conditions.Refuse(v1alpha1.ReasonRightsMissing, fmt.Sprintf("the credentials in Secret %s may not list bucket %s, without which no backup of data can be found; allow them s3:ListBucket on it, for the prefix", s.Credentials.SecretName, s.Bucket))
	}
	return nil
}

func encryption(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) *conditions.Finding {
	asked := s.ServerSideEncryption
	switch {
	case asked == nil || string(f.Encryption) == string(asked.Mode):
		return nil
	case f.Encryption == v1alpha1.FoundUnknownEncryption:
		return conditions.Refuse(v1alpha1.ReasonEncryptionMissing, fmt.Sprintf("nobody can see whether bucket %s encrypts with %s, as spec.serverSideEncryption asks; allow the credentials s3:GetObject for the names under the prefix, or take the field out", s.Bucket, asked.Mode))
	default:
		return conditions.Refuse(v1alpha1.ReasonEncryptionMissing, fmt.Sprintf("bucket %s was asked to encrypt with %s, as spec.serverSideEncryption says, and what was written there has encryption %s; use a store that can, or take the field out", s.Bucket, asked.Mode, f.Encryption))
	}
}

// lock compares the bucket's default retention with the one that is wanted at least.
func lock(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) *conditions.Finding {
	asked := s.ObjectLock
	switch {
	case asked == nil:
		return nil
	case f.ObjectLock == v1alpha1.FoundUnknownLock:
		return conditions.Refuse(v1alpha1.ReasonObjectLockUnknown, fmt.Sprintf("spec.objectLock asks for %s of at least %s, and the credentials may not ask bucket %s; allow them s3:GetBucketObjectLockConfiguration on it", asked.Mode, asked.Period, s.Bucket))
	case f.ObjectLock == v1alpha1.FoundNoLock:
		return conditions.Refuse(v1alpha1.ReasonObjectLockMissing, fmt.Sprintf("bucket %s has no Object Lock with a default retention, and spec.objectLock asks for %s of at least %s; set it at the store, where most take it only for a new bucket", s.Bucket, asked.Mode, asked.Period))
	case weaker(*asked, f):
		return conditions.Refuse(v1alpha1.ReasonObjectLockWeaker, fmt.Sprintf("bucket %s keeps what is written for %s in mode %s, and spec.objectLock asks for %s of at least %s; set the bucket's default retention", s.Bucket, f.ObjectLockPeriod, f.ObjectLock, asked.Mode, asked.Period))
	}
	return nil
}

func weaker(asked v1alpha1.BackupStoreLock, f v1alpha1.BackupStoreFindings) bool {
	return asked.Mode == v1alpha1.LockCompliance && f.ObjectLock != v1alpha1.FoundCompliance || f.ObjectLockPeriod.Length() < asked.Period.Length()
}

// Notes are what is worth knowing of a store that is as its spec wants it.
func Notes(f v1alpha1.BackupStoreFindings) string {
	var notes []string
	for _, n := range []struct {
		holds bool
		says  string
	}{
		{f.ReadsBack != v1alpha1.StoreYes, "what is written cannot be read back, because the credentials may not"},
		{f.Versioning == v1alpha1.VersioningUnknown, "whether the bucket keeps versions is not known, because the credentials may not ask"},
		{f.ObjectLock == v1alpha1.FoundUnknownLock, "whether it has Object Lock is not known, because they may not ask"},
	} {
		if n.holds {
			notes = append(notes, n.says)
		}
	}
	return strings.Join(notes, "; ")
}

// LeastPrivilege is the condition that says whether the credentials may do more than they should. It has no time yet.
func LeastPrivilege(s v1alpha1.PeerBackupStoreSpec, f v1alpha1.BackupStoreFindings) metav1.Condition {
	is := func(status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return conditions.New(v1alpha1.ConditionLeastPrivilege, status, reason, message)
	}
	versioned, who := f.Versioning == v1alpha1.VersioningEnabled, "the credentials in Secret "+s.Credentials.SecretName
	switch {
	case f.MayDelete == v1alpha1.StoreYes:
		return is(metav1.ConditionFalse, v1alpha1.ReasonMayDelete, who+" may delete what is there, and whoever takes them from a peer's pod may, too; take s3:DeleteObject from them")
	case f.MayOverwrite == v1alpha1.StoreYes && !versioned:
		return is(metav1.ConditionFalse, v1alpha1.ReasonMayOverwrite, who+" may write over what is there, which is lost then, and s3:PutObject cannot be had without that; have the bucket keep versions, or its policy refuse what is put without If-None-Match")
	case f.MayDelete == v1alpha1.StoreUnknown || f.MayOverwrite == v1alpha1.StoreUnknown && !versioned:
		return is(metav1.ConditionUnknown, v1alpha1.ReasonRightsUnknown, "the store's answers do not tell whether "+who+" may write over what is there, or delete it")
	case versioned:
		return is(metav1.ConditionTrue, v1alpha1.ReasonOnlyWhatIsNeeded, who+" may not delete what is there, and what they write over is kept as an older version")
	default:
		return is(metav1.ConditionTrue, v1alpha1.ReasonOnlyWhatIsNeeded, who+" may neither write over what is there nor delete it")
	}
}
