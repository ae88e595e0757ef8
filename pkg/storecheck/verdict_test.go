// SPDX-License-Identifier: Apache-2.0

package storecheck_test

import (
	"strings"
	"testing"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/storecheck"
)

func spec(change func(s *v1alpha1.PeerBackupStoreSpec)) v1alpha1.PeerBackupStoreSpec {
	s := v1alpha1.PeerBackupStoreSpec{Endpoint: "https://s3.example.com", Bucket: "backups", Credentials: v1alpha1.BackupStoreCredentials{SecretName: "s3-credentials"}}
	if change != nil {
		change(&s)
	}
	return s
}

func forData(s *v1alpha1.PeerBackupStoreSpec) { s.Recipients = []string{"age1pq1q"} }

func encrypted(mode v1alpha1.EncryptionMode) func(*v1alpha1.PeerBackupStoreSpec) {
	return func(s *v1alpha1.PeerBackupStoreSpec) {
		s.ServerSideEncryption = &v1alpha1.ServerSideEncryption{Mode: mode}
	}
}

func locked(mode v1alpha1.LockMode, period v1alpha1.Period) func(*v1alpha1.PeerBackupStoreSpec) {
	return func(s *v1alpha1.PeerBackupStoreSpec) {
		s.ObjectLock = &v1alpha1.BackupStoreLock{Mode: mode, Period: period}
	}
}

type findings = v1alpha1.BackupStoreFindings

func TestAStoreIsJudgedByWhatItsSpecWants(t *testing.T) {
	for name, c := range map[string]struct {
		spec   func(*v1alpha1.PeerBackupStoreSpec)
		found  func(f *findings)
		reason string
		says   string
	}{
		"All is well.":                             {forData, nil, "", ""},
		"It writes over what is there.":            {nil, func(f *findings) { f.WritesOnce = v1alpha1.StoreNo }, "WritesNotOnce", "the store at https://s3.example.com writes over what is there"},
		"Nobody knows whether it does.":            {nil, func(f *findings) { f.WritesOnce = v1alpha1.StoreUnknown }, "WritesNotOnce", "although it was asked to leave it"},
		"It writes over what is there, in parts.":  {forData, func(f *findings) { f.MultipartOnce = v1alpha1.StoreNo }, "WritesNotOnce", "when it comes in parts"},
		"Parts were not tried.":                    {nil, func(f *findings) { f.MultipartOnce = v1alpha1.StoreUnknown }, "", ""},
		"Copies of keys cannot be read.":           {nil, func(f *findings) { f.ReadsBack = v1alpha1.StoreNo }, "", ""},
		"Copies of keys cannot be listed.":         {nil, func(f *findings) { f.Lists = v1alpha1.StoreNo }, "", ""},
		"Backups of data cannot be read.":          {forData, func(f *findings) { f.ReadsBack = v1alpha1.StoreNo }, "RightsMissing", "allow them s3:GetObject"},
		"Backups of data cannot be listed.":        {forData, func(f *findings) { f.Lists = v1alpha1.StoreNo }, "RightsMissing", "allow them s3:ListBucket"},
		"It encrypts as asked.":                    {encrypted(v1alpha1.EncryptionKMS), nil, "", ""},
		"It encrypts otherwise.":                   {encrypted(v1alpha1.EncryptionAES256), nil, "EncryptionMissing", "has encryption KMS"},
		"It does not encrypt.":                     {encrypted(v1alpha1.EncryptionAES256), func(f *findings) { f.Encryption = v1alpha1.FoundNoEncryption }, "EncryptionMissing", "has encryption None"},
		"Nobody sees whether it encrypts.":         {encrypted(v1alpha1.EncryptionAES256), func(f *findings) { f.Encryption = v1alpha1.FoundUnknownEncryption }, "EncryptionMissing", "nobody can see whether"},
		"Nobody asks whether it encrypts.":         {nil, func(f *findings) { f.Encryption = v1alpha1.FoundUnknownEncryption }, "", ""},
		"It is locked as asked.":                   {locked(v1alpha1.LockCompliance, "720h"), nil, "", ""},
		"It is locked for longer.":                 {locked(v1alpha1.LockGovernance, "24h"), nil, "", ""},
		"It is locked for too short.":              {locked(v1alpha1.LockCompliance, "721h"), nil, "ObjectLockWeaker", "keeps what is written for 720h in mode Compliance, and spec.objectLock asks for Compliance of at least 721h"},
		"Some may unlock it.":                      {locked(v1alpha1.LockCompliance, "24h"), func(f *findings) { f.ObjectLock = v1alpha1.FoundGovernance }, "ObjectLockWeaker", "in mode Governance"},
		"It is not locked.":                        {locked(v1alpha1.LockGovernance, "24h"), func(f *findings) { f.ObjectLock, f.ObjectLockPeriod = v1alpha1.FoundNoLock, "" }, "ObjectLockMissing", "has no Object Lock with a default retention"},
		"Nobody may ask whether it is locked.":     {locked(v1alpha1.LockGovernance, "24h"), func(f *findings) { f.ObjectLock, f.ObjectLockPeriod = v1alpha1.FoundUnknownLock, "" }, "ObjectLockUnknown", "allow them s3:GetBucketObjectLockConfiguration"},
		"Nobody wants to know whether it is.":      {nil, func(f *findings) { f.ObjectLock, f.ObjectLockPeriod = v1alpha1.FoundUnknownLock, "" }, "", ""},
		"What loses backups is told before rights": {forData, func(f *findings) { f.WritesOnce, f.Lists = v1alpha1.StoreNo, v1alpha1.StoreNo }, "WritesNotOnce", ""},
	} {
		f := safe()
		if c.found != nil {
			c.found(&f)
		}
		got := storecheck.Decide(spec(c.spec), f)
		switch {
		case got == nil && c.reason != "":
			t.Errorf("%s nothing is found, want %s", name, c.reason)
		case got != nil && (got.Reason != c.reason || !got.Stalled || !strings.Contains(got.Message, c.says)):
			t.Errorf("%s found is %+v, want %s that says %q", name, *got, c.reason, c.says)
		}
	}
}

func TestCredentialsThatMayDoMoreThanTheyShouldAreToldApart(t *testing.T) {
	const yes, no, unknown = v1alpha1.StoreYes, v1alpha1.StoreNo, v1alpha1.StoreUnknown
	for name, c := range map[string]struct {
		overwrite, remove v1alpha1.StoreAnswer
		versioning        v1alpha1.StoreVersioning
		want, says        string
	}{
		"They may neither.":                            {no, no, v1alpha1.VersioningOff, "True OnlyWhatIsNeeded", "may neither write over what is there nor delete it"},
		"They may delete.":                             {no, yes, v1alpha1.VersioningOff, "False MayDelete", "take s3:DeleteObject from them"},
		"They may delete where versions are kept.":     {unknown, yes, v1alpha1.VersioningEnabled, "False MayDelete", "in Secret s3-credentials may delete"},
		"They may overwrite.":                          {yes, no, v1alpha1.VersioningOff, "False MayOverwrite", "have the bucket keep versions"},
		"They may both.":                               {yes, yes, v1alpha1.VersioningOff, "False MayDelete", ""},
		"They may overwrite where versions were kept.": {yes, no, v1alpha1.VersioningSuspended, "False MayOverwrite", ""},
		"They may overwrite, and nobody may ask.":      {yes, no, v1alpha1.VersioningUnknown, "False MayOverwrite", ""},
		"Versions are kept.":                           {unknown, no, v1alpha1.VersioningEnabled, "True OnlyWhatIsNeeded", "is kept as an older version"},
		"The store does not say, about overwriting.":   {unknown, no, v1alpha1.VersioningOff, "Unknown RightsUnknown", ""},
		"The store does not say, about deletion.":      {unknown, unknown, v1alpha1.VersioningEnabled, "Unknown RightsUnknown", "do not tell whether"},
	} {
		f := safe()
		f.MayOverwrite, f.MayDelete, f.Versioning = c.overwrite, c.remove, c.versioning
		got := storecheck.LeastPrivilege(spec(nil), f)
		if is := string(got.Status) + " " + got.Reason; got.Type != v1alpha1.ConditionLeastPrivilege || is != c.want || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s the condition is %s %s: %q, want %s that says %q", name, got.Type, is, got.Message, c.want, c.says)
		}
	}
}

func TestWhatIsNotKnownOfAStoreIsNoted(t *testing.T) {
	if got := storecheck.Notes(safe()); got != "" {
		t.Errorf("of a store of which all is known it is noted: %q", got)
	}
	f := safe()
	f.ReadsBack, f.Versioning, f.ObjectLock = v1alpha1.StoreNo, v1alpha1.VersioningUnknown, v1alpha1.FoundUnknownLock
	if got := storecheck.Notes(f); strings.Count(got, ";") != 2 || !strings.Contains(got, "cannot be read back") {
		t.Errorf("noted is %q", got)
	}
}
