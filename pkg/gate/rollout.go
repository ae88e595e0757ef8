// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
)

// Peer is what the gates of a rollout know of one peer of a fleet.
type Peer struct {
	Name string
	// Wanted is false for a peer on its way out.
	Wanted bool
	// Absent is true for a peer that does not exist, or not as one of the fleet's.
	Absent bool
	// Unbudgeted is true for a peer whose pod the fleet's PodDisruptionBudget does not see yet.
	Unbudgeted bool
	// Parked is true for a peer that is suspended on purpose, and so can neither be down nor prove anything.
	Parked bool
	// Updated is true when the peer has the newest template.
	Updated bool
	// Up is true when the peer serves and nothing is about to restart it.
	Up bool
	// Fresh is true when the peer serves, and has not done so without a break for as long as it has to.
	Fresh bool
	// Refused is true when the operator cannot carry out the peer's spec, even if the peer still runs as it was.
	Refused bool
	// Busy says what is going on at the peer that a restart would disturb, "" when nothing is.
	Busy string
	// Why says why the peer is not up, fresh, or refused.
	Why string
}

// Restart is what is known when a peer is about to be restarted on purpose.
type Restart struct {
	// Peer is the candidate, one of Peers.
	Peer *Peer
	// Peers are all peers of the fleet.
	Peers []*Peer
	// Canary is the peer that goes first, nil where no peer can.
	Canary *Peer
	// MaxUnavailable is how many running peers may be down at a time.
	MaxUnavailable int
	// Opens is when the maintenance window opens next, the zero time while it is open.
	Opens time.Time
	// Evictable is how many more pods the API server would let a drain evict now, by the fleet's
	// PodDisruptionBudget; negative while it has not been counted for the present fleet.
	Evictable int
}

// Gate is a question that stands before a restart.
type Gate struct {
	// Name is what users look up.
	Name string
	// Reason is told in conditions while the gate is closed.
	Reason string
	// closed says what speaks against the restart, "" when nothing does.
	closed func(Restart) string
}

// Refusal is what a closed gate says.
type Refusal struct {
	Gate, Reason, Message string
}

// Restarts are the gates before a restart, in the order in which they are asked.
func Restarts() []Gate {
	return []Gate{
		{"WindowOpen", v1alpha1.ReasonOutsideWindow, windowOpen},
		{"PeerIdle", v1alpha1.ReasonPeerBusy, peerIdle},
		{"CanaryReady", v1alpha1.ReasonCanaryNotReady, canaryReady},
		{"UpdatedPeersReady", v1alpha1.ReasonUpdatedPeersNotReady, updatedPeersReady},
		{"BudgetKept", v1alpha1.ReasonBudgetExhausted, budgetKept},
	}
}

// MayRestart asks the gates in their order and returns the first refusal, nil when all are open. A parked peer runs
// nothing that could be restarted.
func MayRestart(r Restart) *Refusal {
	if r.Peer.Parked {
		return nil
	}
	for _, g := range Restarts() {
		if message := g.closed(r); message != "" {
			return &Refusal{Gate: g.Name, Reason: g.Reason, Message: message}
		}
	}
	return nil
}

// Canary chooses the peer that goes first: the one with the name preferred, once it is updated or while nothing
// is down. A peer that is down and waits for the update goes before it, because it has nothing to lose, and because
// a peer that an earlier update took down has to get the cure whatever the others do. One that cannot be updated now
// because it is busy goes first only where it is preferred. nil where no peer can go first.
func Canary(peers []*Peer, preferred string) *Peer {
	var canary, down *Peer
	for _, p := range peers {
		switch {
		case !p.Wanted || p.Parked || p.Absent && !p.Updated || p.waits() && p.Name != preferred:
			continue
		case canary == nil || canary.Name != preferred:
			canary = p
		}
		if !p.Up && !p.Updated && !p.waits() && (down == nil || down.Name != preferred) {
			down = p
		}
	}
	if down != nil && !canary.Updated {
		return down
	}
	return canary
}

func windowOpen(r Restart) string {
	if !r.Peer.Up || r.Opens.IsZero() {
		return ""
	}
	return "the maintenance window opens at " + r.Opens.Format(time.RFC3339)
}

func peerIdle(r Restart) string {
	if r.Peer.Busy == "" {
		return ""
	}
	return r.Peer.Name + " is not to be disturbed: " + r.Peer.Busy
}

func canaryReady(r Restart) string {
	c := r.Canary
	switch {
	case c == nil || c == r.Peer:
		return ""
	case !c.Updated:
		return c.Name + " goes first and has not been updated yet"
	case !c.proves():
		return fmt.Sprintf("%s was updated first and is not available yet: %s", c.Name, c.Why)
	}
	return ""
}

func updatedPeersReady(r Restart) string {
	onTheirWay, first := count(r.Peers, func(p *Peer) bool { return p.Updated && !p.proves() })
	if onTheirWay < r.MaxUnavailable {
		return ""
	}
	return fmt.Sprintf("%d updated peers are not available yet, maxUnavailable is %d; the first is %s: %s", onTheirWay, r.MaxUnavailable, first.Name, first.Why)
}

func budgetKept(r Restart) string {
	if !r.Peer.Up {
		return ""
	}
	// A candidate that is not available itself is one of those that may be unavailable, before its restart and after.
	others, first := count(r.Peers, func(p *Peer) bool { return p != r.Peer && !p.available() })
	switch {
	case others >= r.MaxUnavailable:
		return fmt.Sprintf("%d peers are unavailable, maxUnavailable is %d; the first is %s: %s", others, r.MaxUnavailable, first.Name, first.Why)
	case r.Peer.Unbudgeted:
		return ""
	case r.Evictable < 0:
		return "the PodDisruptionBudget of the fleet has not been counted yet"
	case r.Evictable == 0:
		return "the PodDisruptionBudget of the fleet allows no disruption now; a drain may be using it"
	}
	return ""
}

// waits reports whether what is going on at a peer keeps it from being updated.
func (p *Peer) waits() bool { return p.Busy != "" && !p.Updated }

// available reports whether a peer can be counted on. One that has just come up may go down again by itself.
func (p *Peer) available() bool { return p.Up && !p.Fresh }

// proves reports whether an updated peer shows that the update works.
func (p *Peer) proves() bool { return p.available() && !p.Refused }

// count counts the peers that run on purpose and are as asked, and returns the first of them.
func count(peers []*Peer, as func(*Peer) bool) (n int, first *Peer) {
	for _, p := range peers {
		if !p.Wanted || p.Parked || !as(p) {
			continue
		}
		if n++; first == nil {
			first = p
		}
	}
	return n, first
}
