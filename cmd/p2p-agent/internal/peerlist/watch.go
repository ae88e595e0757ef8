// SPDX-License-Identifier: Apache-2.0

package peerlist

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// DefaultPoll is how often the file is read when no event says it changed:
// events are lost on some volumes, and a directory may be replaced as a whole.
const DefaultPoll = 3 * time.Second

// Watcher follows one file. A file that cannot be read or parsed leaves the
// last good list in force.
type Watcher struct {
	// Path is the file to follow.
	Path string
	// Poll is the time between two unprompted reads.
	Poll time.Duration
	// Log receives one line per change, good or bad.
	Log *slog.Logger
	// OnList is called with each new good list.
	OnList func(List)
	// OnFailure is called once per bad version of the file.
	OnFailure func()

	lastData []byte
	readErr  string
	loaded   bool
}

// Run reads the file at once and then on every change until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	w.Check()
	events, failures, stop := w.subscribe()
	defer stop()
	ticker := time.NewTicker(w.Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
		case err := <-failures:
			w.Log.Warn("watching the peer list", "path", w.Path, "error", err)
		case <-ticker.C:
		}
		w.Check()
	}
}

// subscribe watches the folder, not the file: Kubernetes swaps the symlink
// ..data, and a watch on the file would stay with the old inode.
func (w *Watcher) subscribe() (<-chan fsnotify.Event, <-chan error, func()) {
	notify, err := fsnotify.NewWatcher()
	if err == nil {
		if err = notify.Add(filepath.Dir(w.Path)); err == nil {
			return notify.Events, notify.Errors, func() { notify.Close() }
		}
		notify.Close()
	}
	w.Log.Warn("cannot watch the folder of the peer list, polling only", "path", w.Path, "error", err)
	return nil, nil, func() {}
}

// Check reads the file and acts when it differs from the last time, so that a
// bad file is reported once and not at every poll.
func (w *Watcher) Check() {
	data, err := read(w.Path)
	if err != nil {
		if err.Error() != w.readErr {
			w.readErr = err.Error()
			w.fail(err)
		}
		return
	}
	w.readErr = ""
	if w.loaded && bytes.Equal(data, w.lastData) {
		return
	}
	w.loaded, w.lastData = true, data
	list, err := Parse(data)
	if err != nil {
		w.fail(err)
		return
	}
	w.Log.Info("peer list loaded", "path", w.Path,
		"allowed", len(list.Allowed), "bootstrap", len(list.Bootstrap), "siblings", len(list.Siblings), "fleets", len(list.Fleets))
	w.OnList(list)
}

func (w *Watcher) fail(err error) {
	w.Log.Error("peer list not loaded, the last good one stays in force", "path", w.Path, "error", err)
	w.OnFailure()
}
