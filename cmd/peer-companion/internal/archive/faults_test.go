// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/cmd/peer-companion/internal/bucket"
	"github.com/peernode/operator/pkg/backup"
)

// records are the names of those that lie in a bucket.
func (m *memory) records() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.Contains(name, "/records/") {
			out = append(out, name)
		}
	}
	return out
}

// nothing fails if there is a backup.
func (m *memory) nothing(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.records()) > 0 {
		t.Errorf("there are %v", m.records())
	}
}

// recovers makes a backup when all is well again. Nothing is left then of what was begun before, not even where the
// answer came too late to say what it was.
func (p *peer) recovers(m *memory) {
	p.Helper()
	m.has(nil)
	p.must()
	p.exact()
	if len(m.uploads) > 0 {
		p.Errorf("%d uploads are unfinished still", len(m.uploads))
	}
}

// exact fails unless the newest backup is that of the tree as it is.
func (p *peer) exact() {
	p.Helper()
	to, err := p.restore(p.Archive, archive.Choice{})
	if err != nil {
		p.Fatal(err)
	}
	if diff := cmp.Diff(tree(p, p.order.Folder), tree(p, to)); diff != "" {
		p.Errorf("restored (-was +is):\n%s", diff)
	}
}

// meanwhile does something before the store takes any part of the data. Of segments of 1 MiB, 11 MiB at the most have been
// read by then.
func meanwhile(m *memory, do func()) {
	var once sync.Once
	m.has(func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("partNumber") {
			once.Do(do)
		}
		return false
	})
}

const longerThanThat = 14 << 20

func TestDataThatChangeWhileTheyAreReadMakeNoBackup(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"It grows.": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("more")
			return err
		},
		"It shrinks.":            func(path string) error { return os.Truncate(path, 1000) },
		"It shrinks to nothing.": func(path string) error { return os.Truncate(path, 0) },
		"It vanishes.":           os.Remove,
		"It becomes another file.": func(path string) error {
			return replace(path, func(p string) error { return os.WriteFile(p, []byte("x"), 0o600) })
		},
		"It becomes a link.": func(path string) error {
			return replace(path, func(p string) error { return os.Symlink("/etc/passwd", p) })
		},
		"It becomes a pipe.": func(path string) error {
			return replace(path, func(p string) error { return syscall.Mkfifo(p, 0o600) })
		},
		"It becomes a folder.":      func(path string) error { return replace(path, func(p string) error { return os.Mkdir(p, 0o700) }) },
		"It is written to.":         func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("y"), 3<<20), 0o600) },
		"It is somebody's to read.": func(path string) error { return os.Chmod(path, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			p := newPeer(t, m, "alpha")
			p.file("a", 1, 1000)
			p.file("z", 2, longerThanThat)
			p.order.SegmentSize = 1 << 20
			meanwhile(m, func() {
				if err := change(filepath.Join(p.order.Folder, "z")); err != nil {
					t.Error(err)
				}
			})
			if _, err := p.write(); err == nil || !strings.Contains(err.Error(), `"z": it changed while it was copied`) {
				t.Errorf("got %v", err)
			}
			m.nothing(t)
			if left, err := filepath.Glob(p.order.State + "*"); err != nil || len(left) > 0 {
				t.Errorf("of the state is left %v, %v", left, err)
			}
			p.recovers(m)
		})
	}
}

func replace(path string, with func(path string) error) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return with(path)
}

// Who looks for the newest backup has to find it, or to hear that it cannot be told.
func TestARecordThatCannotBeReadIsNotPassedOver(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 1000)
	p.must()
	p.file("a", 2, 1000)
	p.must()
	for code, status := range map[string]int{"InternalError": 500, "SlowDown": 503, "AccessDenied": 403, "InvalidAccessKeyId": 403} {
		m.has(func(w http.ResponseWriter, r *http.Request, key string) bool {
			if r.Method != http.MethodGet || !strings.HasSuffix(key, backup.RecordName(2)) {
				return false
			}
			fails(w, status, code)
			return true
		})
		to, err := p.restore(p.Archive, archive.Choice{})
		if err == nil {
			t.Errorf("%s: an older backup was restored", code)
		}
		empty(t, to)
		if _, err := p.write(); err == nil {
			t.Errorf("%s: a backup was made without knowing what is there", code)
		}
	}
	m.has(nil)
	m.objects["berlin/backups/peers/alpha/"+backup.RecordName(3)] = []byte("garbage")
	p.exact()
	if w := p.must(); w.Sequence != 4 {
		t.Errorf("backup %d was made beside garbage", w.Sequence)
	}
}

func TestTimesOfClocksThatAreWrongOrderNothing(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	for i, skew := range []time.Duration{48 * time.Hour, -48 * time.Hour, 0} {
		p.file("a", uint64(i), 300<<10)
		p.order.Now = func() time.Time { return time.Now().Add(skew) }
		w := p.must()
		if w.Sequence != int64(i+1) || w.Base != 1 || i > 0 && w.Parent.Sequence != int64(i) {
			t.Errorf("backup %d is %d, with the base %d", i, w.Sequence, w.Base)
		}
		if off := time.Since(w.Finished) + skew; off.Abs() > time.Minute {
			t.Errorf("it is said to have finished at %s", w.Finished)
		}
		p.exact()
	}
	found, err := p.Find(t.Context(), archive.Choice{At: time.Now().Add(-24 * time.Hour)}, func(string) {})
	if err != nil || found.Sequence != 2 {
		t.Errorf("the newest that says it was there yesterday is %d, %v", found.Sequence, err)
	}
}

func TestABusyStoreIsWaitedFor(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 1<<20)
	var n atomic.Int32
	m.has(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		if n.Add(1)%3 != 0 {
			return false
		}
		fails(w, 503, "SlowDown")
		return true
	})
	p.must()
	p.exact()
}

// The store has taken the record, and its answer is lost: to the next try it says that something is there.
func TestARecordWhoseAnswerWasLostIsThere(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 200<<10)
	p.must()
	p.file("b", 2, 200<<10)
	first := true
	m.has(func(_ http.ResponseWriter, r *http.Request, key string) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Method == http.MethodPut && strings.HasSuffix(key, ".note") && first {
			first = false
			m.mu.Lock()
			defer m.mu.Unlock()
			m.objects[key] = body
			panic(http.ErrAbortHandler)
		}
		return false
	})
	if w := p.must(); w.Sequence != 2 {
		t.Errorf("it is backup %d", w.Sequence)
	}
	p.exact()
}

func TestWhatAnEarlierRunBeganIsGivenUp(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 1000)
	for _, name := range []string{"berlin/backups/peers/alpha/data/x", "berlin/backups/peers/alpha/data/y", "berlin/backups/peers/beta/data/z"} {
		if _, err := p.Bucket.Upload(t.Context(), bucket.NewLanes(1), name); err != nil {
			t.Fatal(err)
		}
	}
	p.must()
	if len(m.uploads) != 1 || !p.heard("gave up 2 uploads that an earlier run had left unfinished") {
		t.Errorf("%d uploads are left, said is %q", len(m.uploads), p.said)
	}
}

func TestAStateThatDoesNotFitMakesAFullBackup(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	other := newPeer(t, m, "beta")
	other.file("a", 1, 1000)
	other.must()
	p.file("a", 1, 300<<10)
	p.must()
	good, err := os.ReadFile(p.order.State)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(other.order.State)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 1
	for says, state := range map[string][]byte{
		"the state is damaged": damaged, "the state is cut off": good[:10], "not written with this signing key": foreign, "making a full backup": {},
	} {
		if err := os.WriteFile(p.order.State, state, 0o600); err != nil {
			t.Fatal(err)
		}
		p.said = nil
		w := p.must()
		if !w.Full() || !p.heard(says) {
			t.Errorf("%s: it goes on from %v, and says %q", says, w.Parent, p.said)
		}
		p.exact()
	}
	// The record from which it would go on is another now.
	w := p.must()
	if w.Full() {
		t.Error("with a state that fits it is a full one")
	}
	m.objects["berlin/backups/peers/alpha/"+backup.RecordName(w.Sequence)] = m.objects["berlin/backups/peers/alpha/"+backup.RecordName(1)]
	if w := p.must(); !w.Full() {
		t.Error("it goes on from a record that is another")
	}
}

// What lies in the bucket and is found wanting is built on no more.
func TestASegmentThatIsLostMakesTheBackupAfterItAFullOne(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 300<<10)
	full := p.must()
	p.file("b", 2, 100<<10)
	lost := data(full.Segments[0].Name)
	content := m.objects[lost]
	delete(m.objects, lost)
	if _, err := p.write(); err == nil || !strings.Contains(err.Error(), "is not there any more") {
		t.Errorf("got %v", err)
	}
	if w := p.must(); !w.Full() {
		t.Errorf("the next one goes on from %+v", w.Parent)
	}
	p.exact()
	// The store that could not be asked is no reason for that.
	m.objects[lost] = content
	p.file("c", 3, 100<<10)
	m.has(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != http.MethodHead {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	if _, err := p.write(); err == nil {
		t.Error("it was verified without an answer")
	}
	m.has(nil)
	if w := p.must(); w.Full() {
		t.Error("the next one is a full one because the store was away for a while")
	}
	p.exact()
}

func TestABackupThatIsToldToEndLeavesNothing(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, longerThanThat)
	p.order.SegmentSize = 1 << 20
	ctx, cancel := context.WithCancel(t.Context())
	meanwhile(m, cancel)
	if _, err := p.Write(ctx, p.order); err == nil {
		t.Error("it goes on")
	}
	m.nothing(t)
	p.recovers(m)
}

// small is a disk of so many bytes.
func small(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("NOT TESTED what happens when a disk is full, for which root has to run the tests: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}

func TestADiskThatIsFullLeavesNothingOfARestore(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a/b", 1, 3<<20)
	p.file("c", 2, 3<<20)
	p.must()
	to := small(t, 4<<20)
	err := p.restoreTo(p.Archive, to, archive.Choice{})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), `"`) {
		t.Errorf("got %v", err)
	}
	empty(t, to)
	p.exact()
}

func TestADiskThatIsFullForTheStateMakesNoBackup(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 1<<20)
	p.order.State = filepath.Join(small(t, 4096), "state")
	_, err := p.write()
	if err == nil || !strings.Contains(err.Error(), "write the state") || !strings.Contains(err.Error(), p.order.State) || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("got %v", err)
	}
	m.nothing(t)
	if left, err := filepath.Glob(p.order.State + "*"); err != nil || len(left) > 0 {
		t.Errorf("of the state is left %v, %v", left, err)
	}
	p.order.State = filepath.Join(t.TempDir(), "state")
	p.must()
	p.exact()
}

func TestAFolderThatHoldsSomethingIsNotRestoredInto(t *testing.T) {
	m := newMemory()
	p := newPeer(t, m, "alpha")
	p.file("a", 1, 100<<10)
	w := p.must()
	for name, kept := range map[string]string{"A file.": "a", "A hidden one.": ".keep", "Something of ours.": ".peernode-state"} {
		to := t.TempDir()
		if err := os.WriteFile(filepath.Join(to, kept), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := tree(t, to)
		if err := p.restoreTo(p.Archive, to, archive.Choice{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("it holds data already (%q)", kept)) {
			t.Errorf("%s got %v", name, err)
		}
		if diff := cmp.Diff(before, tree(t, to)); diff != "" {
			t.Errorf("%s (-was +is):\n%s", name, diff)
		}
	}
	to := t.TempDir()
	if err := os.WriteFile(filepath.Join(to, ".peernode-restore-whole"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.restoreTo(p.Archive, to, archive.Choice{Sequence: w.Sequence}); err == nil || !strings.Contains(err.Error(), "another backup is half moved into it") {
		t.Errorf("got %v", err)
	}
	to = t.TempDir()
	for _, left := range []string{"lost+found", ".peernode-restore/tree/half"} {
		if err := os.MkdirAll(filepath.Join(to, left), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.restoreTo(p.Archive, to, archive.Choice{}); err != nil {
		t.Errorf("a new file system on which a restore was interrupted: %v", err)
	}
	if _, err := os.Stat(filepath.Join(to, ".peernode-restore")); err == nil {
		t.Error("what an earlier restore has left is there still")
	}
}
