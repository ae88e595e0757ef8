// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
)

// machine is one decision in the making.
type machine struct {
	State
	Policy
	Requests
	Facts

	now time.Time
}

// Next decides. A key that somebody else may have comes before everything; otherwise the next key is finished before the
// one of before is let go, and only then another is begun.
func Next(s State, p Policy, r Requests, f Facts, now time.Time) Decision {
	s.Epochs = slices.Clone(s.Epochs)
	m := &machine{State: s, Policy: p, Requests: r, Facts: f, now: now}
	wait, until := m.step()
	m.Epochs = m.remembered()
	return Decision{State: m.State, Wait: wait, Until: until, Due: due(m.State, p)}
}

func (m *machine) step() (Wait, time.Time) {
	active, ok := m.Active()
	if !ok || m.compromise(m.Requests.Compromised) {
		return Rests, time.Time{}
	}
	if m.State.Compromised() {
		return m.replace(active), time.Time{}
	}
	if e, ok := m.at(v1alpha1.KeyPending); ok {
		return m.publish(e)
	}
	if e, ok := m.at(v1alpha1.KeyPublished); ok {
		return m.switchTo(e, active)
	}
	if e, ok := m.at(v1alpha1.KeyRetiring); ok {
		return m.retire(e)
	}
	return m.begin()
}

// compromise gives up an epoch, and reports whether that changes anything. The active one cannot be let go before there
// is another: it is not handed out any more, and all that came before it goes with it.
func (m *machine) compromise(number int64) bool {
	i := slices.IndexFunc(m.Epochs, func(e Epoch) bool { return e.Number == number })
	if i < 0 || number < m.Minimum || m.Epochs[i].Stage == v1alpha1.KeyRevoked {
		return false
	}
	if m.Epochs[i].Stage != v1alpha1.KeyActive {
		m.set(number, v1alpha1.KeyRevoked)
		return true
	}
	m.Minimum = number + 1
	if e, ok := m.at(v1alpha1.KeyRetiring); ok {
		m.set(e.Number, v1alpha1.KeyRevoked)
	}
	return true
}

// replace leaves the compromised active key for the next one as soon as that is there, without an overlap.
func (m *machine) replace(active Epoch) Wait {
	next, published := m.at(v1alpha1.KeyPublished)
	pending, ordered := m.at(v1alpha1.KeyPending)
	switch {
	case published:
	case ordered && m.Unusable:
		m.skip(pending)
		return ForKey
	case ordered && m.Stored:
		next = pending
	case ordered:
		return ForKey
	default:
		m.order()
		return ForKey
	}
	m.set(active.Number, v1alpha1.KeyRevoked)
	m.set(next.Number, v1alpha1.KeyActive)
	return ForProof
}

func (m *machine) publish(e Epoch) (Wait, time.Time) {
	switch {
	case m.Unusable:
		m.skip(e)
	case m.Stored:
		m.set(e.Number, v1alpha1.KeyPublished)
		return ForPropagation, m.now.Add(m.Propagation)
	}
	return ForKey, time.Time{}
}

// switchTo makes the published key the active one when nothing speaks against it.
func (m *machine) switchTo(e, active Epoch) (Wait, time.Time) {
	known := later(e.Since, m.Watching).Add(m.Propagation)
	switch {
	case m.Pinned:
		return ForPin, time.Time{}
	case m.now.Before(known):
		return ForPropagation, known
	case m.Manual && m.Approved != e.Number:
		return ForApproval, time.Time{}
	case m.Held != "":
		return ForPeer, time.Time{}
	case m.Turns && m.Turn != e.Number:
		return ForTurn, time.Time{}
	}
	m.set(active.Number, v1alpha1.KeyRetiring)
	m.set(e.Number, v1alpha1.KeyActive)
	return ForProof, time.Time{}
}

// retire lets the key of before go when the overlap is over, and never before the new one is in use.
func (m *machine) retire(e Epoch) (Wait, time.Time) {
	ends := e.Since.Add(m.Overlap)
	switch {
	case !m.Proven:
		return ForProof, time.Time{}
	case m.now.Before(ends):
		return ForOverlap, ends
	}
	m.set(e.Number, v1alpha1.KeyRevoked)
	return Rests, time.Time{}
}

// begin orders another key when one is asked for, or due. A peer that does not run with its key gets no other: the key
// may be lost, and the peer would come back as somebody else.
func (m *machine) begin() (Wait, time.Time) {
	due := due(m.State, m.Policy)
	asked := m.Rotate != "" && m.Rotate != m.LastRequest
	switch {
	case !asked && due.IsZero():
		return Rests, time.Time{}
	case !asked && m.now.Before(due):
		return Rests, due
	case m.Pinned:
		return ForPin, time.Time{}
	case !m.Proven:
		return ForProof, time.Time{}
	}
	if asked {
		m.LastRequest = m.Rotate
	}
	m.order()
	return ForKey, time.Time{}
}

func (m *machine) order() {
	m.Epochs = append(m.Epochs, Epoch{Number: m.Epochs[len(m.Epochs)-1].Number + 1, Stage: v1alpha1.KeyPending, Since: m.now})
}

// skip goes on to the next number.
func (m *machine) skip(e Epoch) {
	m.set(e.Number, v1alpha1.KeyRevoked)
	m.order()
}

func (m *machine) set(number int64, stage v1alpha1.KeyStage) {
	for i := range m.Epochs {
		if m.Epochs[i].Number == number {
			m.Epochs[i].Stage, m.Epochs[i].Since = stage, m.now
		}
	}
}

const (
	// memory is how many revoked epochs stay on record.
	memory = 3
	// backlog is how many more do while nobody removes the Secrets that need not be kept.
	backlog = 20
)

// remembered forgets the oldest revoked epochs. Those above the active one stay, because numbers are not used twice.
func (m *machine) remembered() []Epoch {
	epochs, revoked := m.Epochs, 0
	for _, e := range epochs {
		if e.Stage == v1alpha1.KeyRevoked {
			revoked++
		}
	}
	for len(epochs) > 0 && epochs[0].Stage == v1alpha1.KeyRevoked && revoked > m.room(epochs[0]) {
		epochs, revoked = epochs[1:], revoked-1
	}
	return epochs
}

// room is for how many revoked epochs there is on record, with the oldest of them. Only of an epoch on record is it known that its
// Secret is the peer's, so one whose Secret is still to be removed is not forgotten, unless nobody comes for it.
func (m *machine) room(oldest Epoch) int {
	if m.Keeps == nil || oldest.Number <= m.Removed {
		return memory
	}
	return max(memory, *m.Keeps+backlog)
}

// due is when the active key is to be followed by another, somewhat late: peers that were made together do not change
// their keys together.
func due(s State, p Policy) time.Time {
	active, ok := s.Active()
	switch {
	case !ok:
	case p.Every > 0:
		return active.Since.Add(p.Every + jitter(p.Every, p.Spread))
	case p.Schedule != nil:
		next := p.Schedule.Next(active.Since)
		if next.IsZero() {
			break
		}
		interval := maxDelay * 10
		if then := p.Schedule.Next(next); !then.IsZero() {
			interval = min(interval, then.Sub(next))
		}
		return next.Add(jitter(interval, p.Spread)).UTC()
	}
	return time.Time{}
}

// maxDelay is how long after a time of the calendar a key may be due.
const maxDelay = time.Hour

// jitter is up to a tenth of an interval.
func jitter(interval time.Duration, spread string) time.Duration {
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, spread)
	const parts = 1 << 20
	return interval / 10 / parts * time.Duration(hash.Sum64()%parts)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
