// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
)

func TestAFolderOfKeysIsReplaced(t *testing.T) {
	for name, before := range map[string]func(folder string) error{
		"nothing":         func(string) error { return nil },
		"an empty folder": func(folder string) error { return os.Mkdir(folder, 0o755) },
		"a former run": func(folder string) error {
			return disk.ReplaceFolder(folder, map[string][]byte{"old.key": []byte("o"), "identity.key": []byte("o")})
		},
		"a run that ended while it wrote": func(folder string) error {
			return disk.WriteFolder(folder+".new", map[string][]byte{"half": []byte("h")})
		},
		"a run that ended while it replaced": func(folder string) error {
			return errors.Join(
				disk.WriteFolder(folder+".old", map[string][]byte{"old.key": []byte("o")}),
				disk.WriteFolder(folder+".new", map[string][]byte{"identity.key": []byte("k")}))
		},
		"a run that ended before it tidied up": func(folder string) error {
			return errors.Join(
				disk.WriteFolder(folder, map[string][]byte{"identity.key": []byte("o")}),
				disk.WriteFolder(folder+".old", map[string][]byte{"old.key": []byte("o")}))
		},
		"a file":                     func(folder string) error { return os.WriteFile(folder, []byte("f"), 0o600) },
		"a link to nowhere":          func(folder string) error { return os.Symlink("nowhere", folder) },
		"a link where it will write": func(folder string) error { return os.Symlink("..", folder+".new") },
	} {
		for _, umask := range []int{0o000, 0o022, 0o277} {
			dir := t.TempDir()
			folder := filepath.Join(dir, "files")
			if err := before(folder); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			under(t, umask)
			if err := disk.ReplaceFolder(folder, map[string][]byte{"identity.key": []byte("k")}); err != nil {
				t.Errorf("over %s: %v", name, err)
				continue
			}
			files, err := disk.ReadFolder(folder)
			if diff := cmp.Diff(map[string][]byte{"identity.key": []byte("k")}, files); diff != "" || err != nil {
				t.Errorf("over %s: %v (-want +got):\n%s", name, err, diff)
			}
			modes := []fs.FileMode{mode(t, folder), mode(t, filepath.Join(folder, "identity.key"))}
			if diff := cmp.Diff([]fs.FileMode{0o700, 0o400}, modes); diff != "" {
				t.Errorf("over %s, modes (-want +got):\n%s", name, diff)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("over %s, there is %v, %v", name, left, err)
			}
		}
	}
}

func TestWhatALinkPointsToIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := errors.Join(disk.WriteFolder(precious, map[string][]byte{"p": []byte("p")}), os.Symlink(precious, filepath.Join(dir, "files")),
		disk.ReplaceFolder(filepath.Join(dir, "files"), map[string][]byte{"identity.key": []byte("k")})); err != nil {
		t.Fatal(err)
	}
	files, err := disk.ReadFolder(precious)
	if diff := cmp.Diff(map[string][]byte{"p": []byte("p")}, files); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWhatCannotBeReplacedStays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "files")
	if err := disk.ReplaceFolder(folder, map[string][]byte{"identity.key": []byte("o")}); err != nil {
		t.Fatal(err)
	}
	if err := disk.ReplaceFolder(folder, map[string][]byte{"none/identity.key": []byte("k")}); err == nil {
		t.Error("no error")
	}
	files, err := disk.ReadFolder(folder)
	if diff := cmp.Diff(map[string][]byte{"identity.key": []byte("o")}, files); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
