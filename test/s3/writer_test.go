// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"os"
	"testing"

	"github.com/peernode/operator/test/s3"
)

// writerActions are all that a peer's credentials need to do with its own backups, in a bucket that keeps no versions.
var writerActions = []string{"s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"}

// writerPolicy lets somebody do things with what lies in a folder, and list it.
func writerPolicy(bucket, folder string, actions ...string) []s3.Statement {
	return []s3.Statement{
		{Effect: "Allow", Action: actions, Resource: "arn:aws:s3:::" + bucket + "/" + folder + "/*"},
		{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: "arn:aws:s3:::" + bucket, Condition: map[string]map[string][]string{"StringLike": {"s3:prefix": {folder + "/*"}}}},
		{Effect: "Allow", Action: []string{"s3:ListBucketMultipartUploads"}, Resource: "arn:aws:s3:::" + bucket},
	}
}

// credentials are what the program is given from now on.
func (v *vault) credentials(of s3.Store) {
	v.Helper()
	v.store.AccessKey, v.store.SecretKey = of.AccessKey, of.SecretKey
	v.file("credentials/accessKeyID", []byte(of.AccessKey))
	v.file("credentials/secretAccessKey", []byte(of.SecretKey))
}

func TestTheRightsOfAWriterAreEnough(t *testing.T) {
	store := s3.Start(t, backups)
	writer := store.Stranger(t, "writer")
	if err := store.SetPolicy(t.Context(), backups, "writer", writerPolicy(backups, "berlin/backups/peers/alpha", writerActions...)...); err != nil {
		t.Fatal(err)
	}
	v := newVault(t, store.Store)
	v.credentials(writer)
	if err := os.WriteFile(v.path("data/file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	v.backUp()
	v.backUp()
	v.exact(0)
}
