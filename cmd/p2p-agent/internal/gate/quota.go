// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"
)

const (
	// An unknown peer under trust level moderate gets a tenth, but never so
	// little that a well-behaved agent's heartbeats would get it banned.
	unknownShare    = 10
	minUnknownRate  = 30
	minUnknownBurst = 10

	// sweepEvery bounds the memory that ever new peer IDs could take.
	sweepEvery = time.Minute
)

// Limits is the section security.ddos.
type Limits struct {
	Enabled   bool
	PerMinute int
	Burst     int
	BanFor    time.Duration
}

// quotas holds a token bucket per remote peer and the bans. Both live as long as
// the process.
type quotas struct {
	limits Limits

	mu      sync.Mutex
	buckets map[peer.ID]*bucket
	bans    map[peer.ID]time.Time
	swept   time.Time
}

type bucket struct {
	*rate.Limiter
	unknown bool
}

func newQuotas(limits Limits) *quotas {
	return &quotas{
		limits:  limits,
		buckets: map[peer.ID]*bucket{},
		bans:    map[peer.ID]time.Time{},
		swept:   time.Now(),
	}
}

func (q *quotas) take(p peer.ID, unknown bool) bool {
	if !q.limits.Enabled {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if now.Before(q.bans[p]) {
		return false // streams that were on their way when the ban fell
	}
	q.sweep(now)
	b, ok := q.buckets[p]
	if !ok || b.unknown != unknown {
		b = q.newBucket(unknown)
		q.buckets[p] = b
	}
	return b.Allow()
}

func (q *quotas) newBucket(unknown bool) *bucket {
	perMinute, burst := q.limits.PerMinute, q.limits.Burst
	if unknown {
		perMinute = min(perMinute, max(perMinute/unknownShare, minUnknownRate))
		burst = min(burst, max(burst/unknownShare, minUnknownBurst))
	}
	return &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(perMinute)/60), burst), unknown: unknown}
}

// ban returns the end of p's ban and whether it is a new one.
func (q *quotas) ban(p peer.ID) (time.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if until, ok := q.bans[p]; ok && now.Before(until) {
		return until, false
	}
	until := now.Add(q.limits.BanFor)
	q.bans[p] = until
	// After the ban the peer starts with a full bucket, or its first
	// connection would ban it again.
	delete(q.buckets, p)
	return until, true
}

func (q *quotas) banned(p peer.ID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return time.Now().Before(q.bans[p])
}

// sweep forgets bans that are over and buckets that are full again: a new one
// would be just the same.
func (q *quotas) sweep(now time.Time) {
	if now.Sub(q.swept) < sweepEvery {
		return
	}
	q.swept = now
	for p, until := range q.bans {
		if now.After(until) {
			delete(q.bans, p)
		}
	}
	for p, b := range q.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(q.buckets, p)
		}
	}
}
