// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"fmt"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Store follows etcd itself, which keeps for a while what was overwritten or deleted.
type Store struct {
	client *clientv3.Client

	mu   sync.Mutex
	seen int64
	err  error
	// moved is closed, and replaced, when seen or err changes.
	moved chan struct{}
}

// Stored is something that was written to etcd.
type Stored struct {
	Key      string
	Value    []byte
	Revision int64
}

// FollowStore shows everything that was written since etcd was started, and all that is, in its order, until ctx ends.
func (e *Env) FollowStore(ctx context.Context, see func(Stored)) (*Store, error) {
	client, err := clientv3.New(clientv3.Config{Context: ctx, Endpoints: []string{e.EtcdEndpoint()}, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("connect to etcd: %w", err)
	}
	s := &Store{client: client, moved: make(chan struct{})}
	written := client.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(1))
	go func() {
		for response := range written {
			for _, e := range response.Events {
				see(Stored{Key: string(e.Kv.Key), Value: e.Kv.Value, Revision: e.Kv.ModRevision})
			}
			if n := len(response.Events); n > 0 {
				s.move(response.Events[n-1].Kv.ModRevision, nil)
			}
			if err := response.Err(); err != nil {
				s.move(0, fmt.Errorf("not all that is written to etcd was seen: %w", err))
			}
		}
		s.move(0, context.Cause(ctx))
		_ = client.Close()
	}()
	return s, nil
}

func (s *Store) move(seen int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = max(s.seen, seen)
	if s.err == nil {
		s.err = err
	}
	close(s.moved)
	s.moved = make(chan struct{})
}

// CatchUp waits until everything was shown that has been written by now.
func (s *Store) CatchUp(ctx context.Context) error {
	now, err := s.client.Get(ctx, "/", clientv3.WithCountOnly())
	if err != nil {
		return fmt.Errorf("ask etcd how far it is: %w", err)
	}
	for {
		s.mu.Lock()
		seen, err, moved := s.seen, s.err, s.moved
		s.mu.Unlock()
		if err != nil || seen >= now.Header.Revision {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("revision %d of %d was seen: %w", seen, now.Header.Revision, ctx.Err())
		}
	}
}
