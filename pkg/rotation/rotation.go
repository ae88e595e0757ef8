// SPDX-License-Identifier: Apache-2.0

// Package rotation decides when a peer changes its key. It is a state machine without a clock, a cluster or a key of its
// own: what is on record leads to the next record, and what is done about it follows from what is on record alone. So an
// operator that is killed between two steps goes on where it was.
package rotation

import (
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/timezone"
)

// State is what is on record of the keys of a peer.
type State struct {
	// Epochs are the keys, by number. One of them is active.
	Epochs []Epoch
	// Minimum is the first epoch that is not compromised.
	Minimum int64
	// LastRequest is the last request that was acted on.
	LastRequest string
	// Removed is the epoch up to which the Secrets of revoked keys were removed on purpose.
	Removed int64
}

// Epoch is one key.
type Epoch struct {
	Number int64
	Stage  v1alpha1.KeyStage
	// Since is when it came to its stage.
	Since time.Time
}

// Policy is what the owner of the peer, and its software, want.
type Policy struct {
	// Every is how long a key is active before the next is due, 0 for ever.
	Every time.Duration
	// Schedule says when the next key is due by the calendar, nil where only Every does.
	Schedule timezone.Schedule
	// Spread tells peers apart whose keys were made together, so that they do not all change at once.
	Spread string
	// Overlap is how long the key of before is let in beside the new one.
	Overlap time.Duration
	// Manual waits for an approval before the switch.
	Manual bool
	// Turns waits for the turn of the peer before the switch: it is one of several of which few may be down at a time.
	Turns bool
	// Pinned keeps the peer at its key.
	Pinned bool
	// Keeps is how many revoked keys keep their Secret where others are to be removed, nil where all keep it.
	Keeps *int
}

// Requests are what people, and the fleet of the peer, ask for by annotations.
type Requests struct {
	// Rotate asks for another key when it is not State.LastRequest and not "".
	Rotate string
	// Approved is the epoch to which the peer may switch, 0 for none.
	Approved int64
	// Turn is the epoch to which it is the peer's turn to switch, 0 for none.
	Turn int64
	// Compromised is an epoch that somebody else may have the key of, 0 for none.
	Compromised int64
}

// Facts are what is seen.
type Facts struct {
	// Stored is true once the key of the pending epoch is stored, and is known.
	Stored bool
	// Unusable is true when the pending epoch can never have a key: its Secret is somebody else's, or was lost.
	Unusable bool
	// Proven is true when the process that runs has shown that it holds the active key.
	Proven bool
	// Held says why the peer must not be restarted now, "" when it may.
	Held string
	// Watching is since when the operator that decides has been running: those who declare the peer learn of its keys from
	// an operator that runs.
	Watching time.Time
	// Propagation is how long it takes until everybody who declares the peer knows a key that was published.
	Propagation time.Duration
}

// Wait is what keeps a rotation from its next step.
type Wait string

// The waits.
const (
	// Rests: nothing is to be done now.
	Rests Wait = ""
	// ForKey: the next key is being made.
	ForKey Wait = "ForKey"
	// ForPropagation: others have to learn of the next key.
	ForPropagation Wait = "ForPropagation"
	// ForApproval: somebody has to approve of the switch.
	ForApproval Wait = "ForApproval"
	// ForPeer: the peer is held, and must not be restarted.
	ForPeer Wait = "ForPeer"
	// ForTurn: everybody is ready, and it is not the peer's turn yet.
	ForTurn Wait = "ForTurn"
	// ForProof: the process that runs has not shown yet that it holds the active key.
	ForProof Wait = "ForProof"
	// ForOverlap: the key of before is still let in.
	ForOverlap Wait = "ForOverlap"
	// ForPin: the spec keeps the peer at its key.
	ForPin Wait = "ForPin"
)

// Decision is where the keys of a peer come to, and what the next step waits for.
type Decision struct {
	// State is to be put on record. It is at most one step away from that which is.
	State State
	// Wait is what the next step waits for, Rests where none is in sight; Until is when that ends, the zero time where no
	// clock says.
	Wait  Wait
	Until time.Time
	// Due is when the next key is due, the zero time where none is.
	Due time.Time
}

// Active is the epoch with which the peer runs, false where none is on record.
func (s State) Active() (Epoch, bool) { return s.at(v1alpha1.KeyActive) }

// Accepts reports whether a key of an epoch may be used.
func (s State) Accepts(number int64) bool {
	for _, e := range s.Epochs {
		if e.Number == number {
			return number >= s.Minimum && (e.Stage == v1alpha1.KeyActive || e.Stage == v1alpha1.KeyRetiring)
		}
	}
	return false
}

// Compromised reports whether the peer still runs with a key that somebody else may have.
func (s State) Compromised() bool {
	active, ok := s.Active()
	return ok && active.Number < s.Minimum
}

// at is the epoch that is at a stage, false where none is. Of the stages other than Revoked each has one at most.
func (s State) at(stage v1alpha1.KeyStage) (Epoch, bool) {
	for _, e := range s.Epochs {
		if e.Stage == stage {
			return e, true
		}
	}
	return Epoch{}, false
}
