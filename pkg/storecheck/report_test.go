// SPDX-License-Identifier: Apache-2.0

package storecheck_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/storecheck"
)

const good = "peernode.dev/store-check v1 writes-once:Yes multipart-once:Yes reads-back:Yes lists:Yes versioning:Enabled encryption:KMS object-lock:Compliance/720h may-overwrite:Unknown may-delete:No"

// safe is what is found of a store that is as safe as one can be.
func safe() v1alpha1.BackupStoreFindings {
	return v1alpha1.BackupStoreFindings{
		WritesOnce: v1alpha1.StoreYes, MultipartOnce: v1alpha1.StoreYes, ReadsBack: v1alpha1.StoreYes, Lists: v1alpha1.StoreYes,
		Versioning: v1alpha1.VersioningEnabled, Encryption: v1alpha1.FoundKMS, ObjectLock: v1alpha1.FoundCompliance, ObjectLockPeriod: "720h",
		MayOverwrite: v1alpha1.StoreUnknown, MayDelete: v1alpha1.StoreNo,
	}
}

func TestAReportIsOneLineThatIsReadAgain(t *testing.T) {
	bare := v1alpha1.BackupStoreFindings{
		WritesOnce: v1alpha1.StoreNo, MultipartOnce: v1alpha1.StoreUnknown, ReadsBack: v1alpha1.StoreNo, Lists: v1alpha1.StoreNo,
		Versioning: v1alpha1.VersioningOff, Encryption: v1alpha1.FoundNoEncryption, ObjectLock: v1alpha1.FoundNoLock, MayOverwrite: v1alpha1.StoreYes, MayDelete: v1alpha1.StoreYes,
	}
	for want, f := range map[string]v1alpha1.BackupStoreFindings{
		good: safe(),
		"peernode.dev/store-check v1 writes-once:No multipart-once:Unknown reads-back:No lists:No versioning:Off encryption:None object-lock:None may-overwrite:Yes may-delete:Yes": bare,
	} {
		if got := storecheck.Message(f); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		got, err := storecheck.Parse(storecheck.Message(f))
		if diff := cmp.Diff(f, got); diff != "" || err != nil {
			t.Errorf("%v (-before +after):\n%s", err, diff)
		}
	}
}

func TestWhatIsNoReportIsRefusedWithAReason(t *testing.T) {
	for name, c := range map[string]struct{ message, says string }{
		"Nothing.":                     {"", "it does not begin with peernode.dev/store-check"},
		"An error of the program.":     {"error: xyz", "it does not begin with"},
		"A later version.":             {strings.Replace(good, " v1 ", " v2 ", 1), "it is of another version than v1"},
		"A version that begins alike.": {strings.Replace(good, " v1 ", " v10 ", 1), "it is of another version than v1"},
		"A report cut off.":            {good[:len(good)-3], "damaged or cut off"},
		"Something after it.":          {good + "\n", "damaged or cut off"},
		"Something before it.":         {" " + good, "it does not begin with"},
		"An answer that is none.":      {strings.Replace(good, "Yes", "xyz", 1), "damaged or cut off"},
		"An answer in small letters.":  {strings.Replace(good, "Yes", "yes", 1), "damaged or cut off"},
		"A lock without a period.":     {strings.Replace(good, "/720h", "", 1), "damaged or cut off"},
		"A lock of no time.":           {strings.Replace(good, "/720h", "/0h", 1), "damaged or cut off"},
		"No lock, for some time.":      {strings.Replace(good, "Compliance/", "None/", 1), "damaged or cut off"},
		"Far too much.":                {good + strings.Repeat("p", 4096), "it is longer than 1024 bytes"},
	} {
		got, err := storecheck.Parse(c.message)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
		if got != (v1alpha1.BackupStoreFindings{}) {
			t.Errorf("%s a report came with the error", name)
		}
		if err != nil && strings.Contains(err.Error(), "xyz") {
			t.Errorf("%s the error repeats the message: %v", name, err)
		}
	}
}

// What lies in a bucket under this name is what later checks look for.
func TestTheObjectOfACheckLiesUnderThePrefixOfItsStore(t *testing.T) {
	for prefix, want := range map[string]string{"": "checks/uid", "eu": "eu/checks/uid", "/clusters/eu/": "clusters/eu/checks/uid"} {
		if got := storecheck.Object(prefix, "uid"); got != want {
			t.Errorf("under %q it is %s, want %s", prefix, got, want)
		}
	}
	for name, ok := range map[string]bool{
		"6f9619ff-8b86-d011-b42d-00cf4fc964ff-kms-1a2b3c": true, "": false, "a/b": false, "..": false, "a b": false, "a\n": false, strings.Repeat("a", 129): false,
	} {
		if err := storecheck.CheckName(name); (err == nil) != ok {
			t.Errorf("the name %q: %v", name, err)
		}
	}
}
