// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"sync"
	"time"

	"github.com/peernode/operator/test/cluster/audit"
)

// AuditLog is what the operator's user asked of the API server, by namespace. It reads the log once for all tests
// that share an environment, and may be used by all of them at a time.
type AuditLog struct {
	mu      sync.Mutex
	reader  *audit.Reader
	entries map[string][]audit.Entry
}

// NewAuditLog begins with what is written from now on.
func (e *Env) NewAuditLog() (*AuditLog, error) {
	l := &AuditLog{reader: audit.NewReader(e.AuditLogPath()), entries: map[string][]audit.Entry{}}
	return l, l.reader.SkipToEnd()
}

// Mark is a place in the log of one namespace.
type Mark int

// Mark is the place after everything that was answered until now.
func (l *AuditLog) Mark(namespace string) (Mark, error) {
	entries, err := l.Since(namespace, 0)
	return Mark(len(entries)), err
}

// Since returns the requests about a namespace after a mark; 0 is the beginning. Requests about objects without a
// namespace, or about all namespaces, are under "".
func (l *AuditLog) Since(namespace string, mark Mark) ([]audit.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh, err := l.reader.Read()
	if err != nil {
		return nil, err
	}
	for _, entry := range fresh {
		if entry.User == OperatorUser {
			l.entries[entry.Namespace] = append(l.entries[entry.Namespace], entry)
		}
	}
	return l.entries[namespace][mark:], nil
}

// Writes returns the mutating requests about a namespace after a mark.
func (l *AuditLog) Writes(namespace string, mark Mark) ([]audit.Entry, error) {
	entries, err := l.Since(namespace, mark)
	return audit.Mutations(entries), err
}

// During returns the mutating requests about a namespace in the time to come.
func (l *AuditLog) During(namespace string, d time.Duration) ([]audit.Entry, error) {
	mark, err := l.Mark(namespace)
	if err != nil {
		return nil, err
	}
	time.Sleep(d)
	return l.Writes(namespace, mark)
}
