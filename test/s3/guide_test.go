// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/storecheck"
	"github.com/peernode/operator/test/s3"
	"github.com/peernode/operator/test/testenv"
)

// guide reads one of the examples of docs/platform-aws.md.
func guide(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "examples", "aws", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// storeOfGuide is the PeerBackupStore, which comes first in its file.
func storeOfGuide(t *testing.T) v1alpha1.PeerBackupStoreSpec {
	t.Helper()
	first, _, _ := bytes.Cut(guide(t, "peer.yaml"), []byte("\n---\n"))
	var store v1alpha1.PeerBackupStore
	if err := yaml.UnmarshalStrict(first, &store); err != nil {
		t.Fatal(err)
	}
	return store.Spec
}

func TestThePolicyOfTheGuideLetsKeysBePutWhereTheyBelongAndNothingElse(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "platform-aws.md"))
	if err != nil || !bytes.Contains(page, guide(t, "key-copy-writer.json")) {
		t.Errorf("the page shows another policy: %v", err)
	}
	statements := policyOf(t, guide(t, "key-copy-writer.json"))
	spec := storeOfGuide(t)
	store := s3.Start(t, spec.Bucket)
	writer := store.Stranger(t, "writer")
	e := envelope(t)
	args := []string{"--bucket", spec.Bucket, "--prefix", spec.Prefix}
	newPod(t, e.Text(), writer, args...).refused("the credentials may not write there")
	if err := store.SetPolicy(t.Context(), spec.Bucket, "writer", statements...); err != nil {
		t.Fatal(err)
	}

	expected := keybackup.Receipt{Object: keybackup.Object(spec.Prefix, e), SHA256: keybackup.Sum(e)}
	for range 2 {
		if diff := cmp.Diff(expected, newPod(t, e.Text(), writer, args...).receipt()); diff != "" {
			t.Errorf("the receipt (-want +got):\n%s", diff)
		}
	}
	for what, err := range map[string]error{
		"reads a copy":                     second(writer.Get(t.Context(), spec.Bucket, expected.Object)),
		"deletes a copy":                   writer.Delete(t.Context(), spec.Bucket, expected.Object),
		"lists the copies":                 second(writer.List(t.Context(), spec.Bucket)),
		"writes beside the copies of keys": writer.Put(t.Context(), spec.Bucket, spec.Prefix+"/other", nil),
		"writes for another cluster":       writer.Put(t.Context(), spec.Bucket, "clusters/eu-2/keys/peers/alpha/1.json", nil),
	} {
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("who may put copies of keys %s: %v", what, err)
		}
	}
	check := newCheck(t, writer, append(args, "--multipart=false")...)
	want := v1alpha1.BackupStoreFindings{
		WritesOnce: "Yes", MultipartOnce: "Unknown", ReadsBack: "No", Lists: "No", Versioning: "Unknown", Encryption: "Unknown", ObjectLock: "Unknown",
		MayOverwrite: "Yes", MayDelete: "No", // The bucket of the guide refuses the former, by a condition that this store does not have.
	}
	if diff := cmp.Diff(want, check.found()); diff != "" {
		t.Errorf("a check finds (-want +got):\n%s", diff)
	}
	if err := store.Delete(t.Context(), spec.Bucket, storecheck.Object(spec.Prefix, "uid")); err != nil {
		t.Error(err)
	}
	if names, err := store.List(t.Context(), spec.Bucket); err != nil || !slices.Equal(names, []string{expected.Object}) {
		t.Errorf("in the bucket is %v, %v", names, err)
	}
}

// policyOf reads the statements of a policy, and knows all that they say.
func policyOf(t *testing.T, text []byte) []s3.Statement {
	t.Helper()
	var policy struct {
		Version   string
		Statement []s3.Statement
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policy); err != nil {
		t.Fatal(err)
	}
	return policy.Statement
}

// example reads a file of docs/examples/store, which its page shows as it is.
func example(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "examples", "store", name))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "backup-stores.md"))
	if err != nil || !bytes.Contains(page, content) {
		t.Errorf("the page does not show %s: %v", name, err)
	}
	return content
}

func TestThePolicyOfAWriterIsEnoughForAStoreOfBackupsAndNoMore(t *testing.T) {
	const bucket, prefix = "example-peer-backups", "clusters/eu-1"
	statements := policyOf(t, example(t, "writer.json"))
	store := s3.Start(t)
	if err := store.CreateLockedBucket(t.Context(), bucket, "COMPLIANCE", 30); err != nil {
		t.Fatal(err)
	}
	writer := store.Stranger(t, "writer")
	if err := store.SetPolicy(t.Context(), bucket, "writer", statements...); err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.BackupStoreFindings{
		WritesOnce: "Yes", MultipartOnce: "Yes", ReadsBack: "Yes", Lists: "Yes", Versioning: "Enabled", Encryption: "None", ObjectLock: "Compliance", ObjectLockPeriod: "720h",
		MayOverwrite: "Unknown", MayDelete: "No",
	}
	if diff := cmp.Diff(want, newCheck(t, writer, "--bucket", bucket, "--prefix", prefix).found()); diff != "" {
		t.Errorf("a check finds (-want +got):\n%s", diff)
	}
	for what, err := range map[string]error{
		"deletes what is there":      writer.Delete(t.Context(), bucket, storecheck.Object(prefix, "uid")),
		"lists all clusters":         second(writer.List(t.Context(), bucket)),
		"writes for another cluster": writer.Put(t.Context(), bucket, "clusters/eu-2/a", nil),
		"changes the policy":         writer.SetPolicy(t.Context(), bucket, "writer", statements...),
		"changes how it is set up":   writer.KeepVersions(t.Context(), bucket),
	} {
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("a writer %s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
