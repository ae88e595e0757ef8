// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/peernode/operator/test/cluster"
)

// Server is a store of a test, with all its rights.
type Server struct {
	Store

	server *cluster.S3
}

// Start starts a store that lives as long as the test, and gives it buckets.
func Start(t testing.TB, buckets ...string) *Server {
	t.Helper()
	server, err := cluster.StartS3(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Store{Endpoint: server.Endpoint, CA: server.CA, AccessKey: server.AccessKey, SecretKey: server.SecretKey}, server}
	t.Cleanup(func() { s.Stop(t) })
	for _, bucket := range buckets {
		if err := s.CreateBucket(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// Stop ends the store.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.server.Stop(); err != nil {
		t.Error(err)
	}
}

// Restart starts it again where it was.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Age makes everything that the store keeps older by its own account.
func (s *Server) Age(t testing.TB, by time.Duration) {
	t.Helper()
	if err := s.server.Age(by); err != nil {
		t.Fatal(err)
	}
}

// User makes the one user beside root who may do anything with the objects of a bucket: these things, such as
// s3:PutObject.
func (s *Server) User(t testing.TB, name, bucket string, actions ...string) Store {
	t.Helper()
	user := s.Stranger(t, name)
	if err := s.Allow(t.Context(), bucket, name, actions...); err != nil {
		t.Fatal(err)
	}
	return user
}

// Stranger makes a user who may do nothing.
func (s *Server) Stranger(t testing.TB, name string) Store {
	t.Helper()
	user := s.As(name, rand.Text())
	if err := s.server.AddUser(t.Context(), user.AccessKey, user.SecretKey); err != nil {
		t.Fatal(err)
	}
	return user
}
