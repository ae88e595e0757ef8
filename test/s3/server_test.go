// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"slices"
	"testing"

	"github.com/peernode/operator/test/s3"
)

// What other tests say of a store holds only if it keeps to its rules.
func TestAStoreKeepsToItsRules(t *testing.T) {
	store := s3.Start(t, "keys", "other")
	writer := store.User(t, "writer", "keys", "s3:PutObject")
	if err := writer.Put(t.Context(), "keys", "a/b", []byte("c")); err != nil {
		t.Error(err)
	}
	if _, err := writer.Get(t.Context(), "keys", "a/b"); err == nil {
		t.Error("who may write can read")
	}
	if _, err := writer.List(t.Context(), "keys"); err == nil {
		t.Error("who may write can list")
	}
	if err := writer.Put(t.Context(), "other", "a", nil); err == nil {
		t.Error("who may write to one bucket writes to another")
	}
	if err := writer.As(writer.AccessKey, "guessed").Put(t.Context(), "keys", "d", nil); err == nil {
		t.Error("a secret that is guessed lets in")
	}
	names, err := store.List(t.Context(), "keys")
	if err != nil || !slices.Equal(names, []string{"a/b"}) {
		t.Errorf("there is %v, %v", names, err)
	}
	if content, err := store.Get(t.Context(), "keys", "a/b"); err != nil || string(content) != "c" {
		t.Errorf("got %q, %v", content, err)
	}
	stranger := store.Store
	stranger.CA = s3.Start(t).CA
	if _, err := stranger.List(t.Context(), "keys"); err == nil {
		t.Error("a store of another authority is known")
	}
}
