// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/peernode/operator/test/s3"
)

// times is how often something is done: as often as a variable says, for who has more time than every run of the tests.
func times(t *testing.T, variable string, usual int) int {
	t.Helper()
	text, ok := os.LookupEnv(variable)
	if !ok {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// killed runs the program and kills it after a while, unless it was done before.
func (v *vault) killed(after time.Duration, args ...string) (done bool) {
	v.Helper()
	return v.killedOnce(func() bool { return true }, after, args...)
}

// killedOnce does so after something has come about.
func (v *vault) killedOnce(about func() bool, after time.Duration, args ...string) (done bool) {
	v.Helper()
	cmd := exec.CommandContext(v.Context(), v.binary, args...)
	if err := cmd.Start(); err != nil {
		v.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		for !about() {
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
		select {
		case <-ended:
		case <-time.After(after):
			_ = cmd.Process.Kill()
		}
	}()
	err := cmd.Wait()
	close(ended)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() != -1 {
		v.Fatalf("%s fails by itself: %v", args[0], err)
	}
	return err == nil
}

// window is the time in which to kill something. It finds out by itself where half of all tries come too early.
type window struct{ time.Duration }

func (w *window) any(random *rand.Rand) time.Duration {
	return time.Duration(random.Int64N(int64(w.Duration)))
}

func (w *window) aim(late bool) {
	if late {
		w.Duration = max(time.Millisecond, w.Duration*7/10)
	} else {
		w.Duration = w.Duration * 13 / 10
	}
}

// noise writes a file of random bytes.
func (v *vault) noise(random *rand.Rand, name string, size int) {
	v.Helper()
	content := make([]byte, size)
	for i := 0; i+8 <= len(content); i += 8 {
		for j, bits := 0, random.Uint64(); j < 8; j, bits = j+1, bits>>8 {
			content[i+j] = byte(bits)
		}
	}
	path := filepath.Join(v.data, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o640)); err != nil {
		v.Fatal(err)
	}
}

// records are the names of those that lie in the bucket.
func (v *vault) records() []string {
	v.Helper()
	names, err := v.owner.List(v.Context(), backups)
	if err != nil {
		v.Fatal(err)
	}
	var out []string
	for _, name := range names {
		if strings.Contains(name, "/records/") {
			out = append(out, name)
		}
	}
	return out
}

// unfinished is how many uploads were begun and not ended.
func (v *vault) unfinished() int {
	v.Helper()
	client, err := v.owner.Client()
	if err != nil {
		v.Fatal(err)
	}
	bucket := backups
	out, err := client.ListMultipartUploads(v.Context(), &awss3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		v.Fatal(err)
	}
	return len(out.Uploads)
}

// exact fails unless a backup restores to what is in the volume now, the newest one if none is named.
func (v *vault) exact(sequence int64) {
	v.Helper()
	to, err := os.MkdirTemp(v.dir, "restored")
	if err != nil {
		v.Fatal(err)
	}
	args := []string{"--to", to}
	if sequence > 0 {
		args = append(args, "--sequence", strconv.FormatInt(sequence, 10))
	}
	v.must(v.readArgs("restore", args...)...)
	if diff := cmp.Diff(looks(v, v.data), looks(v, to)); diff != "" {
		v.Errorf("backup %d, restored (-was +is):\n%s", sequence, diff)
	}
	if err := os.RemoveAll(to); err != nil {
		v.Fatal(err)
	}
}

// No moment is a bad one: what lies in the bucket is a backup that restores exactly, or nothing that counts, and the next
// run goes on from there. PEER_KILLS says how often it is tried.
func TestABackupThatIsKilledLeavesNothingThatIsNotWhole(t *testing.T) {
	v := newVault(t, s3.Start(t, backups).Store)
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 4 {
		v.noise(random, fmt.Sprintf("deep/%d", i), 3<<20)
	}
	v.backUp()
	windows := map[bool]*window{true: {time.Second}, false: {time.Second}}
	seen, published, early := len(v.records()), 0, 0
	for try := range times(t, "PEER_KILLS", 20) {
		v.noise(random, fmt.Sprintf("deep/%d", try%4), 3<<20)
		full, more := try%2 == 0, []string{}
		if full {
			more = []string{"--full"}
		}
		done := v.killed(windows[full].any(random), v.backupArgs(more...)...)
		after := v.records()
		windows[full].aim(len(after) > seen)
		switch len(after) - seen {
		case 0:
			early++
			if done {
				t.Errorf("try %d: it was done, and there is no backup", try)
			}
		case 1:
			published++
			v.exact(int64(len(after)))
		default:
			t.Fatalf("try %d: there are %v", try, after)
		}
		v.backUp()
		if n := v.unfinished(); n > 0 {
			t.Errorf("try %d: %d uploads are still unfinished after the next run", try, n)
		}
		v.exact(0)
		if seen = len(v.records()); seen != len(after)+1 || t.Failed() {
			t.Fatalf("try %d: there are %v", try, v.records())
		}
	}
	t.Logf("killed before there was a backup %d times, after that %d times", early, published)
}

// half fails if something of a restore is in its place though nobody says that all is there.
func half(t *testing.T, to string, want map[string]string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(to, ".peernode-restore-whole")); err == nil {
		return
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".peernode-") {
			got := looks(t, to)
			got["."] = want["."] // the last thing that is set
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("part of a tree is there as if it were all (-want +is):\n%s", diff)
			}
			return
		}
	}
}

// PEER_RESTORE_KILLS says how often it is tried.
func TestARestoreThatIsKilledIsTakenUp(t *testing.T) {
	v := newVault(t, s3.Start(t, backups).Store)
	random := rand.New(rand.NewPCG(7, 8))
	for i := range 600 { // so that there is much to bring to its place
		v.noise(random, fmt.Sprintf("%d/%d/%d", i%30, i%3, i), 1000+i)
	}
	v.noise(random, "large", 9<<20)
	if err := os.Chmod(filepath.Join(v.data, "7"), 0o500); err != nil {
		t.Fatal(err)
	}
	v.backUp()
	want := looks(t, v.data)
	whole, end := &window{time.Second}, &window{50 * time.Millisecond}
	moving, late := 0, 0
	for try := range times(t, "PEER_RESTORE_KILLS", 12) {
		to := t.TempDir()
		mark := filepath.Join(to, ".peernode-restore-whole")
		for range 1 + random.IntN(3) { // the one that takes it up may be killed as well
			about, w := func() bool { return true }, whole
			if try%2 == 0 { // most of the time nothing would be in its place yet
				about, w = func() bool { return fileExists(mark) }, end
			}
			done := v.killedOnce(about, w.any(random), v.readArgs("restore", "--to", to)...)
			if w.aim(done); done {
				late++
				break
			}
			if half(t, to, want); fileExists(mark) {
				moving++
			}
		}
		v.must(v.readArgs("restore", "--to", to)...)
		if diff := cmp.Diff(want, looks(t, to)); diff != "" {
			t.Fatalf("try %d (-was +is):\n%s", try, diff)
		}
		if left, err := filepath.Glob(filepath.Join(to, ".peernode-*")); err != nil || len(left) > 0 {
			t.Fatalf("try %d: left is %v, %v", try, left, err)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("killed %d times while things were brought to their place, and %d times too late", moving, late)
}

func fileExists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
