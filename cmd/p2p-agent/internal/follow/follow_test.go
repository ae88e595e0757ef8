// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// volume imitates a ConfigMap volume: files are links into ..data, which is
// swapped as a whole.
type volume struct {
	dir  string
	revs int
}

func (v *volume) publish(t *testing.T, content string) {
	t.Helper()
	v.revs++
	rev := filepath.Join(v.dir, "..rev"+strings.Repeat("x", v.revs))
	next, data, link := filepath.Join(v.dir, "..next"), filepath.Join(v.dir, "..data"), filepath.Join(v.dir, "file.yaml")
	if err := errors.Join(os.Mkdir(rev, 0o755), os.WriteFile(filepath.Join(rev, "file.yaml"), []byte(content), 0o644),
		os.Symlink(filepath.Base(rev), next), os.Rename(next, data)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..data/file.yaml", link); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
}

func TestAConfigMapVolumeIsFollowed(t *testing.T) {
	cases := map[string]time.Duration{
		"by events alone":  time.Hour,
		"by polling alone": 20 * time.Millisecond,
	}
	for name, poll := range cases {
		t.Run(name, func(t *testing.T) {
			v := &volume{dir: t.TempDir()}
			v.publish(t, "one")
			var last atomic.Value
			var failures atomic.Int64
			is := func(want string) func() bool { return func() bool { return last.Load() == want } }
			f := &File{
				What: "test", Path: filepath.Join(v.dir, "file.yaml"), Poll: poll, Log: slog.New(slog.DiscardHandler),
				Load: func(content []byte) error {
					if string(content) == "bad" {
						return errors.New("bad")
					}
					last.Store(string(content))
					return nil
				},
				OnFailure: func() { failures.Add(1) },
			}
			if poll < time.Second {
				// The folder above does not change when ..data is swapped, so
				// no event says it did.
				f.Path = filepath.Join(hideBehindLink(t, v.dir), "file.yaml")
			}
			done := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { defer close(done); f.Run(ctx) }()
			defer func() { cancel(); <-done }()

			waitFor(t, "the first content", is("one"))
			v.publish(t, "two")
			waitFor(t, "the second content", is("two"))
			v.publish(t, "bad")
			waitFor(t, "the failure", func() bool { return failures.Load() == 1 })
			if !is("two")() {
				t.Error("a bad file replaced the last good one")
			}
			v.publish(t, "three")
			waitFor(t, "the third content", is("three"))
		})
	}
}

// hideBehindLink returns a folder whose file.yaml is a link into dir.
func hideBehindLink(t *testing.T, dir string) string {
	t.Helper()
	outer := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "file.yaml"), filepath.Join(outer, "file.yaml")); err != nil {
		t.Fatal(err)
	}
	return outer
}

func TestAMissingFileIsReportedOncePerTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.yaml")
	var loads, failures int
	f := &File{
		What: "test", Path: path, Log: slog.New(slog.DiscardHandler),
		Load: func([]byte) error { loads++; return nil }, OnFailure: func() { failures++ },
	}
	write := func() {
		if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f.Check()
	f.Check()
	write()
	f.Check()
	f.Check()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.Check()
	f.Check()
	write()
	f.Check()
	if loads != 1 || failures != 2 {
		t.Errorf("%d loads, %d failures, want 1 and 2", loads, failures)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s did not come", what)
}
