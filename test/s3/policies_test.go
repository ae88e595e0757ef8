// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/peernode/operator/test/s3"
)

// Three users share a bucket, each with the rights of the manual: who writes, who reads, and who removes what is old.
func TestThePoliciesOfVerifierAndJanitorAreEnoughAndNoMore(t *testing.T) {
	h := newHistory(t, true)
	of := func(name string) []s3.Statement {
		return policyOf(t, []byte(strings.NewReplacer("example-peer-backups", backups, "clusters/eu-1", "berlin").Replace(string(example(t, name)))))
	}
	writer, verifier, janitor := h.server.Stranger(t, "writer"), h.server.Stranger(t, "verifier"), h.server.Stranger(t, "janitor")
	policies := map[string][]s3.Statement{"writer": of("writer.json"), "verifier": of("verifier.json"), "janitor": of("janitor.json")}
	if err := h.server.SetPolicies(t.Context(), backups, policies); err != nil {
		t.Fatal(err)
	}
	h.credentials(writer)
	for range 4 {
		h.backUpAnd(20 * days)
	}
	h.credentials(verifier)
	if listed := h.must(append([]string{"backups", "--trust", h.public}, h.bucketArgs()...)...); strings.Count(listed, "\n") != 4 {
		t.Errorf("who reads lists %s", listed)
	}
	h.must(h.readArgs("verify")...)
	h.left(1, 2, 3, 4)
	if _, said, err := h.run(h.pruneArgs()...); err == nil || !strings.Contains(said, "the credentials may not delete there") {
		t.Errorf("who reads removes old backups: %v: %s", err, said)
	}
	h.credentials(janitor)
	if p := h.prunes(); p.Removed != 2 || p.Objects == 0 || p.Kept != 2 {
		t.Errorf("who removes old backups did %+v", p)
	}
	h.left(3, 4)

	record := alphas + "records/0000000004.note"
	if err := h.server.Put(t.Context(), backups, "berlin/keys/peers/alpha/1.json", nil); err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]s3.Store{"who reads": verifier, "who removes": janitor} {
		client, err := user.Client()
		if err != nil {
			t.Fatal(err)
		}
		acts := map[string]error{
			"writes a backup":            user.Put(t.Context(), backups, alphas+"records/0000000009.note", nil),
			"writes over a backup":       user.Put(t.Context(), backups, record, nil),
			"reads the copy of a key":    second(user.Get(t.Context(), backups, "berlin/keys/peers/alpha/1.json")),
			"deletes the copy of a key":  user.Delete(t.Context(), backups, "berlin/keys/peers/alpha/1.json"),
			"lists all of the bucket":    second(user.List(t.Context(), backups)),
			"deletes for others":         user.Delete(t.Context(), backups, "hamburg/backups/peers/alpha/records/0000000001.note"),
			"has no more versions kept":  user.KeepVersions(t.Context(), backups),
			"allows itself everything":   user.SetPolicies(t.Context(), backups, policies),
			"has a backup kept for less": second(client.PutObjectRetention(t.Context(), &awss3.PutObjectRetentionInput{Bucket: aws.String(backups), Key: &record, BypassGovernanceRetention: aws.Bool(true), Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: aws.Time(time.Now().Add(time.Hour))}})),
		}
		if name == "who reads" {
			acts["deletes a backup"] = user.Delete(t.Context(), backups, record)
		}
		for what, err := range acts {
			if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
	}
	h.left(3, 4)
}

// A lock that some users may pass by is none for who removes old backups: it never asks to.
func TestTheJanitorPassesByNoLock(t *testing.T) {
	server := s3.Start(t)
	if err := server.CreateLockedBucket(t.Context(), backups, "GOVERNANCE", 1); err != nil {
		t.Fatal(err)
	}
	h := &history{newVault(t, server.Store), server, map[int64]map[string]string{}}
	for range 3 {
		h.backUpAnd(30 * days)
	}
	janitor := server.Stranger(t, "janitor")
	if err := server.SetPolicy(t.Context(), backups, "janitor", janitorOf(t, backups, "berlin")...); err != nil {
		t.Fatal(err)
	}
	h.credentials(janitor)
	if p := h.prunes(); p.Locked != 1 || p.Removed > 0 {
		t.Errorf("it did %+v", p)
	}
	h.credentials(server.Store)
	h.left(1, 2, 3)
	client, err := janitor.Client()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: aws.String(backups), Prefix: aws.String(alphas + "records/")})
	if err != nil || len(listed.Versions) != 3 {
		t.Fatalf("%v, %v", listed, err)
	}
	_, err = client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String(backups), Key: listed.Versions[0].Key, VersionId: listed.Versions[0].VersionId, BypassGovernanceRetention: aws.Bool(true)})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("by hand, it passes by a lock: %v", err)
	}
}
