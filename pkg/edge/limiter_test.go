// SPDX-License-Identifier: Apache-2.0

package edge_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/edge"
)

// clock is the time of a test.
type clock struct{ now time.Time }

func newClock() *clock                  { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }
func (c *clock) passes(d time.Duration) { c.now = c.now.Add(d) }

// number is the nth client.
func number(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, byte(n >> 16), byte(n >> 8), byte(n)}), 32)
}

// served is how many of n requests at once are.
func served(l *edge.Limiter, who netip.Prefix, c *clock, n int) (served int) {
	for range n {
		if reason, _ := l.Ask(who, c.now); reason == "" {
			served++
		}
	}
	return served
}

func TestAClientHasItsBurstAndThenItsRate(t *testing.T) {
	l, c := edge.NewLimiter(edge.Default().Clients), newClock()
	if got := served(l, number(1), c, 500); got != 100 {
		t.Errorf("of 500 at once, %d", got)
	}
	reason, wait := l.Ask(number(1), c.now)
	if reason != edge.RateLimited || wait <= 0 || wait > time.Second {
		t.Errorf("%s, for %s", reason, wait)
	}
	if got := served(l, number(2), c, 100); got != 100 {
		t.Errorf("another client has %d", got)
	}
	total := 0
	for range 60 {
		c.passes(time.Second)
		total += served(l, number(1), c, 50)
	}
	if total < 999 || total > 1001 {
		t.Errorf("in a minute, %d", total)
	}
}

func TestWhoOffendsTooOftenIsBannedForAWhile(t *testing.T) {
	l, c := edge.NewLimiter(edge.Default().Clients), newClock()
	for i := range 99 {
		if l.Offend(number(1), c.now) {
			t.Fatalf("banned after %d offences", i+1)
		}
	}
	if !l.Offend(number(1), c.now) {
		t.Error("not banned after 100 offences")
	}
	if l.Offend(number(1), c.now) {
		t.Error("banned a second time meanwhile")
	}
	if reason, wait := l.Ask(number(1), c.now); reason != edge.Banned || wait != time.Hour {
		t.Errorf("%s, for %s", reason, wait)
	}
	if got := served(l, number(2), c, 1); got != 1 {
		t.Error("another client is banned, too")
	}
	c.passes(time.Hour - time.Nanosecond)
	if _, banned := l.Banned(number(1), c.now); !banned {
		t.Error("the ban ended early")
	}
	c.passes(time.Nanosecond)
	if got := served(l, number(1), c, 500); got != 100 {
		t.Errorf("after the ban, %d", got)
	}
	if _, bans := l.Sizes(c.now); bans != 0 {
		t.Errorf("%d bans are left", bans)
	}
}

func TestOffencesFarApartLeadToNoBan(t *testing.T) {
	l, c := edge.NewLimiter(edge.Default().Clients), newClock()
	for range 1000 {
		c.passes(700 * time.Millisecond)
		if l.Offend(number(1), c.now) {
			t.Fatal("banned")
		}
	}
}

func TestABanOfTheFirstOffence(t *testing.T) {
	rules := edge.Default().Clients
	rules.Ban.Offences = 1
	l, c := edge.NewLimiter(rules), newClock()
	if !l.Offend(number(1), c.now) {
		t.Error("not banned")
	}
}

func TestNoNumberOfNewClientsEndsABanOrFillsTheMemory(t *testing.T) {
	rules := edge.Default().Clients
	rules.Remembered = 1000
	l, c := edge.NewLimiter(rules), newClock()
	for range rules.Ban.Offences {
		l.Offend(number(0), c.now)
	}
	for n := 1; n < 100_000; n++ {
		l.Ask(number(n), c.now)
		l.Offend(number(n), c.now)
	}
	if _, banned := l.Banned(number(0), c.now); !banned {
		t.Error("the ban is gone")
	}
	if clients, bans := l.Sizes(c.now); clients != 1000 || bans != 1 {
		t.Errorf("%d clients, %d bans", clients, bans)
	}
}

// The one who asks all the time is not the one who is forgotten.
func TestWhoIsForgottenIsWhoWasNotSeenForLongest(t *testing.T) {
	rules := edge.Default().Clients
	rules.Remembered = 1000
	l, c := edge.NewLimiter(rules), newClock()
	total := 0
	for n := range 20_000 {
		total += served(l, number(1<<20), c, 1)
		l.Ask(number(n), c.now)
	}
	if total != rules.Burst {
		t.Errorf("%d requests at once were served", total)
	}
}

func TestBansAreBoundedAndTheOldestGoesFirst(t *testing.T) {
	rules := edge.Default().Clients
	rules.Remembered = 100
	l, c := edge.NewLimiter(rules), newClock()
	for n := range 101 {
		for range rules.Ban.Offences {
			l.Offend(number(n), c.now)
		}
		c.passes(time.Second)
	}
	_, first := l.Banned(number(0), c.now)
	_, second := l.Banned(number(1), c.now)
	if _, bans := l.Sizes(c.now); bans != 100 || first || !second {
		t.Errorf("%d bans, of the first %t, of the second %t", bans, first, second)
	}
}
