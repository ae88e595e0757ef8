// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"cmp"
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/cluster/audit"
)

// AuditLog is what the operator's user asked of the API server, by namespace. It reads the log once for all tests
// that share an environment, and may be used by all of them at a time.
type AuditLog struct {
	mu      sync.Mutex
	reader  *audit.Reader
	admin   client.Client
	entries map[string][]audit.Entry
	// holders are the namespaces of the PeerNodes that reservations name.
	holders map[string]string
}

// NewAuditLog begins with what is written from now on.
func (e *Env) NewAuditLog() (*AuditLog, error) {
	l := &AuditLog{reader: audit.NewReader(e.AuditLogPath()).Only(OperatorUser), admin: e.Admin, entries: map[string][]audit.Entry{}, holders: map[string]string{}}
	return l, l.reader.SkipToEnd()
}

// Mark is a place in the log of one namespace.
type Mark int

// Mark is the place after everything that was answered until now.
func (l *AuditLog) Mark(namespace string) (Mark, error) {
	entries, err := l.Since(namespace, 0)
	return Mark(len(entries)), err
}

// Since returns the requests about a namespace after a mark; 0 is the beginning. Requests about a reservation are under the
// namespace of the PeerNode that it names, those about other objects without a namespace, or about all namespaces, under "".
func (l *AuditLog) Since(namespace string, mark Mark) ([]audit.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh, err := l.reader.Read()
	if err != nil {
		return nil, err
	}
	for _, entry := range fresh {
		if entry.User == OperatorUser {
			about := cmp.Or(entry.Namespace, l.holder(entry))
			l.entries[about] = append(l.entries[about], entry)
		}
	}
	return l.entries[namespace][mark:], nil
}

// holder is where the PeerNode is that a reservation names, "" for any other object, and for one that was gone before
// anybody read of it.
func (l *AuditLog) holder(entry audit.Entry) string {
	if entry.Resource != "peeridentityreservations" || entry.Name == "" {
		return ""
	}
	if l.holders[entry.Name] == "" {
		r := &v1alpha1.PeerIdentityReservation{}
		if err := l.admin.Get(context.Background(), types.NamespacedName{Name: entry.Name}, r); err == nil {
			l.holders[entry.Name] = r.Spec.Holder.Namespace
		}
	}
	return l.holders[entry.Name]
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
