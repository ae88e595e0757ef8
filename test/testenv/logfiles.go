// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"bytes"
	"os"
	"path/filepath"
)

// LogFiles are files to which lines are added, such as what the programs of a control plane log. Each line is read once. Not for
// several goroutines at a time.
type LogFiles struct {
	patterns []string
	read     map[string]int64
}

// Logged are whole lines of a log.
type Logged struct {
	File string
	// Offset is where in the file they begin.
	Offset int64
	Text   []byte
}

// LogFiles begins with what was logged first.
func (e *Env) LogFiles() *LogFiles {
	return NewLogFiles(e.AuditLogPath(), filepath.Join(e.Dir(), "logs", "*.log"))
}

// NewLogFiles begins with the first line of all files of these names, also of those that come to be.
func NewLogFiles(patterns ...string) *LogFiles {
	return &LogFiles{patterns: patterns, read: map[string]int64{}}
}

// Read shows what was logged since it was last called. A line that is still being written is left for the next time.
func (l *LogFiles) Read(see func(Logged)) error {
	for _, pattern := range l.patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := l.readOne(file, see); err != nil {
				return err
			}
		}
	}
	return nil
}

// atOnce is how much of a file is read at a time. No line is longer.
const atOnce = 16 << 20

func (l *LogFiles) readOne(path string, see func(Logged)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		text := make([]byte, min(info.Size()-l.read[path], atOnce))
		if _, err := file.ReadAt(text, l.read[path]); err != nil {
			return err
		}
		end := bytes.LastIndexByte(text, '\n') + 1
		if end == 0 {
			return nil
		}
		see(Logged{File: path, Offset: l.read[path], Text: text[:end]})
		l.read[path] += int64(end)
	}
}
