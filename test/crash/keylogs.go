// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"github.com/go-logr/logr"

	"github.com/peernode/operator/test/testenv"
)

// logLevel is more than any operator logs in production: what controller-runtime says of every reconcile.
const logLevel = slog.Level(-5)

// Logger logs as the operator does, into the search, and to writers besides.
func (s *KeySearch) Logger(whose string, to ...io.Writer) logr.Logger {
	all := io.MultiWriter(append(to, &searchedLog{search: s, whose: whose})...)
	return logr.FromSlogHandler(slog.NewJSONHandler(all, &slog.HandlerOptions{Level: logLevel}))
}

// searchedLog is what somebody logs.
type searchedLog struct {
	search *KeySearch
	whose  string
	lines  atomic.Int64
}

// Write takes one line.
func (l *searchedLog) Write(line []byte) (int, error) {
	n := l.lines.Add(1)
	l.search.look(line, func() string { return fmt.Sprintf("line %d of the log of %s", n, l.whose) })
	return len(line), nil
}

// readFiles looks through what was logged to files since the last time.
func (s *KeySearch) readFiles() error {
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.files.Read(s.lookIntoFile)
}

func (s *KeySearch) lookIntoFile(l testenv.Logged) {
	name, at := filepath.Base(l.File), l.Offset
	for line := range bytes.Lines(l.Text) {
		s.look(line, func() string { return fmt.Sprintf("%s, the line at byte %d", name, at) })
		at += int64(len(line))
	}
}
