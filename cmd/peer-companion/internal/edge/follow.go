// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"context"
	"log/slog"
	"time"
)

// source is something outside that is read again while the edge runs.
type source struct {
	what string
	// load takes what is there now. changed is false if that is what was there before.
	load func(context.Context) (changed bool, err error)
	// every is how often it is looked at; now asks for it at once.
	every time.Duration
	now   <-chan struct{}
}

// await takes the source for the first time, false if ctx ends before it can be taken. Why it cannot is logged once.
func (s source) await(ctx context.Context, log *slog.Logger, m *metrics) bool {
	var last string
	for {
		_, err := s.load(ctx)
		if err == nil {
			return true
		}
		m.reload(s.what, err)
		if err.Error() != last {
			last = err.Error()
			log.Warn("waiting for what cannot be taken yet", "what", s.what, "error", last)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(s.every):
		}
	}
}

// follow keeps to a source until ctx ends. Looking every few seconds sees all ways in which a kubelet, or anybody else,
// exchanges files, which watching does not. What cannot be taken leaves in force what was there before, and is logged
// once, not at every look.
func (s source) follow(ctx context.Context, log *slog.Logger, m *metrics) {
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.now:
		}
		changed, err := s.load(ctx)
		switch {
		case err != nil:
			m.reload(s.what, err)
			if err.Error() != last {
				last = err.Error()
				log.Error("what was there before stays in force", "what", s.what, "error", last)
			}
		case changed || last != "":
			last = ""
			m.reload(s.what, nil)
			log.Info("taken", "what", s.what)
		}
	}
}
