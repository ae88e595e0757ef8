// SPDX-License-Identifier: Apache-2.0

package edge

import (
	"container/list"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// Limiter remembers what each client has asked, and who is banned. Not for use by several at a time.
//
// What it remembers is bounded. Of clients, the one not seen for longest is forgotten, and with it at most a burst. Bans
// are kept apart, so that new clients push none out; only as many further bans do, each of which costs a burst of
// requests and the offences from another address.
type Limiter struct {
	rules   Clients
	clients map[netip.Prefix]*list.Element
	// seen has the client seen last at its front.
	seen *list.List
	bans map[netip.Prefix]time.Time
	// ending has the ban that ends first at its front. All last as long, so that is the order in which they began.
	ending []netip.Prefix
}

type client struct {
	group              netip.Prefix
	requests, offences *rate.Limiter
}

// NewLimiter begins without any client.
func NewLimiter(rules Clients) *Limiter {
	return &Limiter{
		rules:   rules,
		clients: map[netip.Prefix]*list.Element{}, seen: list.New(),
		bans: map[netip.Prefix]time.Time{},
	}
}

// Ask takes one request of a client into account, and says why it is refused and when to come again.
func (l *Limiter) Ask(group netip.Prefix, now time.Time) (Reason, time.Duration) {
	if until, banned := l.Banned(group, now); banned {
		return Banned, until.Sub(now)
	}
	c := l.client(group)
	if c.requests.AllowN(now, 1) {
		return "", 0
	}
	missing := 1 - c.requests.TokensAt(now)
	return RateLimited, time.Duration(missing / float64(c.requests.Limit()) * float64(time.Second))
}

// Offend takes one offence of a client into account, and says whether it leads to a ban.
func (l *Limiter) Offend(group netip.Prefix, now time.Time) bool {
	if _, banned := l.Banned(group, now); banned {
		return false
	}
	if c := l.client(group); c.offences.AllowN(now, 1) && c.offences.TokensAt(now) >= 1 {
		return false
	}
	l.ban(group, now)
	return true
}

// Banned says until when a client is refused.
func (l *Limiter) Banned(group netip.Prefix, now time.Time) (until time.Time, banned bool) {
	l.release(now)
	until, banned = l.bans[group]
	return until, banned
}

// Sizes are how many clients are remembered, and how many are banned.
func (l *Limiter) Sizes(now time.Time) (clients, bans int) {
	l.release(now)
	return len(l.clients), len(l.bans)
}

func (l *Limiter) client(group netip.Prefix) *client {
	if e, known := l.clients[group]; known {
		l.seen.MoveToFront(e)
		return at(e)
	}
	if len(l.clients) >= l.rules.Remembered {
		l.forget(l.seen.Back())
	}
	ban := l.rules.Ban
	c := &client{
		group:    group,
		requests: rate.NewLimiter(rate.Limit(float64(l.rules.RequestsPerMinute)/60), l.rules.Burst),
		offences: rate.NewLimiter(rate.Limit(float64(ban.Offences)/ban.Window.Seconds()), ban.Offences),
	}
	l.clients[group] = l.seen.PushFront(c)
	return c
}

// at is the client at a place of the list, in which there is nothing else.
func at(e *list.Element) *client { return e.Value.(*client) } //nolint:forcetypeassert // see above

func (l *Limiter) forget(e *list.Element) {
	delete(l.clients, at(e).group)
	l.seen.Remove(e)
}

// ban begins a ban, after which the client is a new one.
func (l *Limiter) ban(group netip.Prefix, now time.Time) {
	if e, known := l.clients[group]; known {
		l.forget(e)
	}
	if len(l.bans) >= l.rules.Remembered {
		l.pardon()
	}
	l.bans[group] = now.Add(l.rules.Ban.Duration.Duration)
	l.ending = append(l.ending, group)
}

// release ends the bans that are over.
func (l *Limiter) release(now time.Time) {
	for len(l.ending) > 0 && !now.Before(l.bans[l.ending[0]]) {
		l.pardon()
	}
}

// pardon ends the oldest ban.
func (l *Limiter) pardon() {
	delete(l.bans, l.ending[0])
	l.ending = l.ending[1:]
}
