// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"net/netip"
	"sync"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// guard keeps account of clients, for many requests at a time.
type guard struct {
	mu      sync.Mutex
	limiter *edge.Limiter
	// underway are the requests of each client that have begun and not ended, perClient how many may.
	underway  map[netip.Prefix]int
	perClient int
	// places are those for requests of all clients.
	places chan struct{}
}

func newGuard(c edge.Config) *guard {
	return &guard{
		limiter:   edge.NewLimiter(c.Clients),
		underway:  map[netip.Prefix]int{},
		perClient: c.Limits.RequestsPerClient,
		places:    make(chan struct{}, c.Limits.Requests),
	}
}

func (g *guard) ask(group netip.Prefix) (edge.Reason, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limiter.Ask(group, time.Now())
}

func (g *guard) offend(group netip.Prefix) (ban bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limiter.Offend(group, time.Now())
}

func (g *guard) banned(group netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, banned := g.limiter.Banned(group, time.Now())
	return banned
}

func (g *guard) sizes() (clients, bans int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limiter.Sizes(time.Now())
}

// enter takes one of the client's places, and one of all.
func (g *guard) enter(group netip.Prefix) edge.Reason {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.underway[group] >= g.perClient {
		return edge.ClientBusy
	}
	select {
	case g.places <- struct{}{}:
		g.underway[group]++
		return ""
	default:
		return edge.Busy
	}
}

// leave gives back what enter took.
func (g *guard) leave(group netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	<-g.places
	if g.underway[group]--; g.underway[group] == 0 {
		delete(g.underway, group)
	}
}
