// SPDX-License-Identifier: Apache-2.0

// Package follow reads a file whenever it changes, while the agent runs.
package follow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// DefaultPoll is how often the file is read when no event says it changed:
// events are lost on some volumes, and a directory may be replaced as a whole.
const DefaultPoll = 3 * time.Second

// maxSize is the largest file read: a ConfigMap cannot be larger.
const maxSize = 1 << 20

// File is a file that is followed. What cannot be read or parsed leaves what
// was last good in force.
type File struct {
	// What the file is, as the log calls it.
	What string
	// Path is the file to follow.
	Path string
	// Poll is the time between two unprompted reads.
	Poll time.Duration
	// Log receives one line per change, good or bad.
	Log *slog.Logger
	// Load is called with each new content, and refuses what is wrong.
	Load func([]byte) error
	// OnFailure is called once per bad version of the file.
	OnFailure func()

	lastData []byte
	readErr  string
	loaded   bool
}

// Run reads the file at once and then on every change until ctx ends.
func (f *File) Run(ctx context.Context) {
	f.Check()
	events, failures, stop := f.subscribe()
	defer stop()
	ticker := time.NewTicker(f.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
		case err := <-failures:
			f.Log.Warn("watching a file", "what", f.What, "path", f.Path, "error", err)
		case <-ticker.C:
		}
		f.Check()
	}
}

// subscribe watches the folder, not the file: Kubernetes swaps the symlink
// ..data, and a watch on the file would stay with the old inode.
func (f *File) subscribe() (<-chan fsnotify.Event, <-chan error, func()) {
	notify, err := fsnotify.NewWatcher()
	if err == nil {
		if err = notify.Add(filepath.Dir(f.Path)); err == nil {
			return notify.Events, notify.Errors, func() { notify.Close() }
		}
		notify.Close()
	}
	f.Log.Warn("cannot watch the folder of a file, polling only", "what", f.What, "path", f.Path, "error", err)
	return nil, nil, func() {}
}

// Check reads the file and acts when it differs from the last time, so that a
// bad file is reported once and not at every poll.
func (f *File) Check() {
	data, err := f.read()
	if err != nil {
		if err.Error() != f.readErr {
			f.readErr = err.Error()
			f.fail(err)
		}
		return
	}
	f.readErr = ""
	if f.loaded && bytes.Equal(data, f.lastData) {
		return
	}
	f.loaded, f.lastData = true, data
	if err := f.Load(data); err != nil {
		f.fail(err)
	}
}

func (f *File) fail(err error) {
	f.Log.Error(f.What+" not loaded, the last good one stays in force", "path", f.Path, "error", err)
	f.OnFailure()
}

// read refuses what no ConfigMap could hold.
func (f *File) read() ([]byte, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("open the %s: %w", f.What, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", f.What, err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("the %s %s is larger than %d bytes", f.What, f.Path, maxSize)
	}
	return data, nil
}
