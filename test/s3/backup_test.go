// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/test/s3"
)

// vault is a peer with data on a volume, and a bucket for its backups.
type vault struct {
	*testing.T

	binary, dir, data string
	// public is by which its records are known, and recipient to whom the data are sealed.
	public, recipient string
	// store is how the peer sees it, owner how who may do everything does.
	store, owner s3.Store
}

const backups = "backups"

// newVault makes keys, and an empty volume.
func newVault(t *testing.T, store s3.Store) *vault {
	t.Helper()
	binary, err := programs.Path("cmd/peer-companion")
	if err != nil {
		t.Fatal(err)
	}
	v := &vault{T: t, binary: binary, dir: t.TempDir(), store: store, owner: store}
	v.data = v.path("data")
	for _, dir := range []string{v.data, v.path("credentials")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	v.file("credentials/accessKeyID", []byte(store.AccessKey))
	v.file("credentials/secretAccessKey", []byte(store.SecretKey))
	v.file("ca.crt", store.CA)
	v.public = strings.TrimSpace(v.must("signing-key", "-n", "peers", "--peernode", "alpha", "-o", v.path("signing")))
	v.recipient = strings.TrimSpace(v.must("recovery-key", "-o", v.path("recovery")))
	return v
}

func (v *vault) path(name string) string { return filepath.Join(v.dir, name) }

func (v *vault) file(name string, content []byte) {
	v.Helper()
	if err := os.WriteFile(v.path(name), content, 0o600); err != nil {
		v.Fatal(err)
	}
}

// run calls the program and returns what it says on both outputs.
func (v *vault) run(args ...string) (out, said string, err error) {
	cmd := exec.CommandContext(v.Context(), v.binary, args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

func (v *vault) must(args ...string) string {
	v.Helper()
	out, said, err := v.run(args...)
	if err != nil {
		v.Fatalf("%s: %v\n%s", args[0], err, said)
	}
	return out
}

// bucketArgs say whose backups they are, and where.
func (v *vault) bucketArgs() []string {
	return []string{
		"-n", "peers", "--peernode", "alpha", "--endpoint", v.store.Endpoint, "--region", s3.Region, "--bucket", backups, "--prefix", "berlin",
		"--credentials-dir", v.path("credentials"), "--ca-file", v.path("ca.crt"),
	}
}

func (v *vault) backupArgs(more ...string) []string {
	return append(append([]string{
		"backup", "--data", v.data, "--name", "daily", "-r", v.recipient, "--signing-key", v.path("signing"),
		"--state", v.path("state"),
	}, v.bucketArgs()...), more...)
}

func (v *vault) readArgs(command string, more ...string) []string {
	return append(append([]string{command, "--trust", v.public, "--identity", v.path("recovery")}, v.bucketArgs()...), more...)
}

// backUp makes a backup, which has to be verified.
func (v *vault) backUp(more ...string) backup.Receipt {
	v.Helper()
	r, err := backup.ParseReceipt(strings.TrimSpace(v.must(v.backupArgs(more...)...)))
	if err != nil || r.Verified == nil {
		v.Fatalf("the receipt: %v, %+v", err, r)
	}
	return r
}

// restored restores into a new folder, and leaves a receipt, as in a pod.
func (v *vault) restored(more ...string) string {
	v.Helper()
	to := v.TempDir()
	v.file("restored", nil)
	v.must(v.readArgs("restore", append([]string{"--to", to, "--termination-log", v.path("restored")}, more...)...)...)
	word, err := os.ReadFile(v.path("restored"))
	if err != nil {
		v.Fatal(err)
	}
	if r, err := backup.ParseRestored(string(word)); err != nil || r.Namespace != "peers" || r.PeerNode != "alpha" || r.Tree.Folders == 0 {
		v.Fatalf("the receipt: %v, %q", err, word)
	}
	return to
}

// looks is what can be seen of a tree.
func looks(t testing.TB, root string) map[string]string {
	t.Helper()
	out, first := map[string]string{}, map[uint64]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || strings.HasPrefix(name, ".peernode-") {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		line := fmt.Sprintf("%v %d:%d %s", info.Mode(), stat.Uid, stat.Gid, info.ModTime().UTC().Format(time.RFC3339Nano))
		switch info.Mode().Type() {
		case fs.ModeSymlink:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			line += " -> " + target
		case 0:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %x", len(content), sha256.Sum256(content))
			if stat.Nlink > 1 {
				if first[stat.Ino] == "" {
					first[stat.Ino] = name
				}
				line += " same as " + first[stat.Ino]
			}
		}
		out[name] = line
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill puts in the volume what a volume may hold.
func (v *vault) fill(random *rand.Rand) {
	v.Helper()
	must := func(err error) {
		if err != nil {
			v.Fatal(err)
		}
	}
	at := time.Unix(1700000000, 123456789)
	for _, dir := range []string{"empty", "deep/er/still", "a", "closed"} {
		must(os.MkdirAll(filepath.Join(v.data, dir), 0o755))
	}
	noise := make([]byte, 3<<20+777)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, content := range map[string][]byte{
		"deep/er/still/noise": noise, "a/text": bytes.Repeat([]byte("the same again and again\n"), 200000), "a.b": []byte("after the folder a"),
		"nothing": {}, "a/zeros": make([]byte, 2<<20), "closed/secret": []byte("x"), "name\nwith \xff\xfe bytes": []byte("odd"), "-rf": noise[:4096], "block+1": noise[:4097],
	} {
		must(os.WriteFile(filepath.Join(v.data, name), content, 0o640))
	}
	sparse, err := os.Create(filepath.Join(v.data, "sparse"))
	must(err)
	for _, place := range []int64{5 << 20, 300 << 20} {
		_, err = sparse.WriteAt(noise[:10000], place)
		must(err)
	}
	must(sparse.Truncate(400 << 20))
	must(sparse.Close())
	must(os.Symlink("../../a/text", filepath.Join(v.data, "deep/er/link")))
	must(os.Symlink("/nowhere/at all", filepath.Join(v.data, "dangling")))
	must(os.Link(filepath.Join(v.data, "a/text"), filepath.Join(v.data, "deep/another")))
	must(syscall.Mkfifo(filepath.Join(v.data, "pipe"), 0o600))
	must(os.Chmod(filepath.Join(v.data, "-rf"), 0o4711|fs.ModeSetuid))
	must(os.Chmod(filepath.Join(v.data, "closed"), 0o500))
	must(os.Chmod(filepath.Join(v.data, "nothing"), 0))
	if os.Geteuid() == 0 {
		must(os.Lchown(filepath.Join(v.data, "a/text"), 1234, 5678))
		must(os.Lchown(filepath.Join(v.data, "dangling"), 1, 2))
	}
	must(os.Chtimes(filepath.Join(v.data, "a/text"), at, at))
	must(os.Chtimes(filepath.Join(v.data, "empty"), at, at))
	must(os.Chmod(v.data, 0o2750|fs.ModeSetgid))
}

func TestATreeComesBackAsItWas(t *testing.T) {
	v := newVault(t, s3.Start(t, backups).Store)
	v.fill(rand.New(rand.NewPCG(1, 2)))
	want := looks(t, v.data)
	r := v.backUp()
	if diff := cmp.Diff(want, looks(t, v.restored())); diff != "" {
		t.Errorf("restored (-was +is):\n%s", diff)
	}
	if r.Sequence != 1 || r.Base != 1 || r.Uploaded > 8<<20 {
		t.Errorf("the receipt: %+v", r)
	}
	v.must(v.readArgs("verify", "--record-sha256", r.SHA256.String(), "--sequence", strconv.FormatInt(r.Sequence, 10))...)
}
