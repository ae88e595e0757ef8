// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
)

// under sets the umask for a test.
func under(t *testing.T, umask int) {
	t.Helper()
	before := syscall.Umask(umask)
	t.Cleanup(func() { syscall.Umask(before) })
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestModesDoNotDependOnTheUmask(t *testing.T) {
	for _, umask := range []int{0o000, 0o022, 0o077, 0o277, 0o777} {
		dir := t.TempDir()
		under(t, umask)
		file, folder := filepath.Join(dir, "envelope"), filepath.Join(dir, "keys")
		if err := errors.Join(disk.Create(file, 0o600, []byte("x")), disk.WriteFolder(folder, map[string][]byte{"identity.key": []byte("k")})); err != nil {
			t.Fatalf("umask %04o: %v", umask, err)
		}
		got := []fs.FileMode{mode(t, file), mode(t, folder), mode(t, filepath.Join(folder, "identity.key"))}
		if diff := cmp.Diff([]fs.FileMode{0o600, 0o700, 0o400}, got); diff != "" {
			t.Errorf("umask %04o (-want +got):\n%s", umask, diff)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"link": precious, "dangling": filepath.Join(dir, "made-by-link")} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"precious", "link", "dangling"} {
		if err := disk.Create(filepath.Join(dir, name), 0o600, []byte("other")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if text, _ := os.ReadFile(precious); string(text) != "precious" {
		t.Errorf("the file holds %q now", text)
	}
	if _, err := os.Lstat(filepath.Join(dir, "made-by-link")); err == nil {
		t.Error("a file was made through a link")
	}
}

func TestAFolderHoldsAllFilesOrNone(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"a": []byte("1"), "b/c": []byte("2")} // b does not exist
	for _, folder := range []string{empty, filepath.Join(dir, "made")} {
		if err := disk.WriteFolder(folder, bad); err == nil {
			t.Errorf("%s: written", folder)
		}
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
		t.Error("the folder was left behind")
	}
	if err := disk.WriteFolder(empty, map[string][]byte{"a": []byte("1"), "b": []byte("2")}); err != nil {
		t.Errorf("an empty folder of the right mode: %v", err)
	}
}

// A Secret volume shows its files as links into a hidden folder.
func TestAFolderIsReadAsASecretVolumeShowsIt(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(
		os.Mkdir(filepath.Join(dir, "..1"), 0o700),
		os.WriteFile(filepath.Join(dir, "..1", "identity.key"), []byte("k"), 0o600),
		os.Symlink("..1", filepath.Join(dir, "..data")),
		os.Symlink("..data/identity.key", filepath.Join(dir, "identity.key")),
		os.WriteFile(filepath.Join(dir, ".hidden"), []byte("h"), 0o600),
		os.Mkdir(filepath.Join(dir, "folder"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	got, err := disk.ReadFolder(dir)
	if diff := cmp.Diff(map[string][]byte{"identity.key": []byte("k")}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAFolderThatHoldsNoKeysIsNotReadThrough(t *testing.T) {
	large, many := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(large, "disk.img"), make([]byte, 65<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 101 {
		if err := os.WriteFile(filepath.Join(many, strings.Repeat("x", i+1)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for folder, says := range map[string]string{large: "larger than 65536 bytes", many: "more than 100 files", filepath.Join(many, "x"): "not a directory"} {
		if _, err := disk.ReadFolder(folder); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an error that says %q", err, says)
		}
	}
}
