// SPDX-License-Identifier: Apache-2.0

package keys_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/cmd/peernode-unsealer/internal/keys"
	"github.com/peernode/operator/pkg/sealingkey"
)

// mount lays a key as the kubelet shows a Secret, and returns its recipient.
func mount(t *testing.T, folder string, number int) string {
	t.Helper()
	secret, err := sealingkey.NewSecret("peernode-system", number, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range secret.Data {
		write(t, filepath.Join(folder, strconv.Itoa(number), name), content)
	}
	key, err := sealingkey.Read(secret.Data)
	if err != nil {
		t.Fatal(err)
	}
	return key.Recipient().String()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryKeyIsReadFromTheFolderOfItsNumber(t *testing.T) {
	folder := t.TempDir()
	want := map[int]string{}
	for _, number := range []int{2, 10, 1} {
		want[number] = mount(t, folder, number)
	}
	write(t, filepath.Join(folder, "..data", "x"), nil)
	write(t, filepath.Join(folder, "01", "x"), nil)
	ring, err := keys.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(ring) != len(want) {
		t.Errorf("read %d keys", len(ring))
	}
	for _, key := range ring {
		if key.Recipient().String() != want[key.Number()] {
			t.Errorf("key %d is another one", key.Number())
		}
	}
}

func TestKeysThatCannotBeReadAreAnError(t *testing.T) {
	empty, cut, large, mixed := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	mount(t, mixed, 1)
	if err := os.Rename(filepath.Join(mixed, "1"), filepath.Join(mixed, "2")); err != nil {
		t.Fatal(err)
	}
	mount(t, cut, 1)
	mount(t, cut, 2)
	if err := os.Remove(filepath.Join(cut, "1", "ca.key")); err != nil {
		t.Fatal(err)
	}
	mount(t, large, 1)
	write(t, filepath.Join(large, "1", "ca.crt"), make([]byte, 65<<10))
	for folder, says := range map[string]string{
		empty:                        "mount the Secret peernode-sealing-key-1 as " + filepath.Join(empty, "1"),
		cut:                          "sealing key 1: there is no ca.key",
		mixed:                        "sealing key 2: this is the Secret of sealing key 1; mount peernode-sealing-key-2 here",
		large:                        "larger than 65536 bytes",
		filepath.Join(empty, "none"): "no such file or directory",
	} {
		if _, err := keys.Read(folder); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error that says %q", err, says)
		}
	}
}
