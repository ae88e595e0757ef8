// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/rotation"
)

const (
	pending   = v1alpha1.KeyPending
	published = v1alpha1.KeyPublished
	active    = v1alpha1.KeyActive
	retiring  = v1alpha1.KeyRetiring
	revoked   = v1alpha1.KeyRevoked
)

// on has keys on these stages, from epoch 1, for an age.
func on(age time.Duration, stages ...v1alpha1.KeyStage) situation {
	return situation{
		state:  stateOf(stages, 0, age),
		policy: rotation.Policy{Overlap: overlap},
		facts:  rotation.Facts{Proven: true, Propagation: minute},
	}
}

func (s situation) with(change func(*situation)) situation { change(&s); return s }

func asked(s *situation)    { s.requests.Rotate = "please" }
func hourly(s *situation)   { s.policy.Every = hour }
func manual(s *situation)   { s.policy.Manual = true }
func inTurns(s *situation)  { s.policy.Turns = true }
func pinned(s *situation)   { s.policy.Pinned = true }
func unproven(s *situation) { s.facts.Proven = false }
func stored(s *situation)   { s.facts.Stored = true }

func compromised(epoch int64) func(*situation) {
	return func(s *situation) { s.requests.Compromised = epoch }
}

func below(minimum int64) func(*situation) {
	return func(s *situation) { s.state.Minimum = minimum }
}

func TestWhatFollowsAndWhatItWaitsFor(t *testing.T) {
	for name, c := range map[string]struct {
		situation situation
		stages    []v1alpha1.KeyStage
		wait      rotation.Wait
		until     time.Duration
	}{
		"A peer keeps its key.":                              {on(1000*hour, active), []v1alpha1.KeyStage{active}, "", 0},
		"A key is young.":                                    {on(minute, active).with(hourly), []v1alpha1.KeyStage{active}, "", 59*minute + jitter},
		"A key is old.":                                      {on(2*hour, active).with(hourly), []v1alpha1.KeyStage{active, pending}, rotation.ForKey, 0},
		"Somebody asks for another.":                         {on(0, active).with(asked), []v1alpha1.KeyStage{active, pending}, rotation.ForKey, 0},
		"Somebody has asked for it before.":                  {on(0, active).with(func(s *situation) { s.requests.Rotate = "last" }), []v1alpha1.KeyStage{active}, "", 0},
		"A peer that does not run keeps its key.":            {on(2*hour, active).with(hourly).with(unproven), []v1alpha1.KeyStage{active}, rotation.ForProof, 0},
		"A peer is kept at its key.":                         {on(0, active).with(asked).with(pinned), []v1alpha1.KeyStage{active}, rotation.ForPin, 0},
		"The next key is being made.":                        {on(0, active, pending), []v1alpha1.KeyStage{active, pending}, rotation.ForKey, 0},
		"The next key is made.":                              {on(0, active, pending).with(stored), []v1alpha1.KeyStage{active, published}, rotation.ForPropagation, minute},
		"The next key cannot be had.":                        {on(0, active, pending).with(func(s *situation) { s.facts.Unusable = true }), []v1alpha1.KeyStage{active, revoked, pending}, rotation.ForKey, 0},
		"Others learn of it.":                                {on(20*time.Second, active, published), []v1alpha1.KeyStage{active, published}, rotation.ForPropagation, 40 * time.Second},
		"The operator was away while others were to learn.":  {on(hour, active, published).with(func(s *situation) { s.facts.Watching = now.Add(-20 * time.Second) }), []v1alpha1.KeyStage{active, published}, rotation.ForPropagation, 40 * time.Second},
		"Others know it.":                                    {on(minute, active, published), []v1alpha1.KeyStage{retiring, active}, rotation.ForProof, 0},
		"Nobody has approved of the switch.":                 {on(minute, active, published).with(manual), []v1alpha1.KeyStage{active, published}, rotation.ForApproval, 0},
		"Somebody approved of another.":                      {on(minute, active, published).with(manual).with(func(s *situation) { s.requests.Approved = 1 }), []v1alpha1.KeyStage{active, published}, rotation.ForApproval, 0},
		"Somebody has approved of the switch.":               {on(minute, active, published).with(manual).with(func(s *situation) { s.requests.Approved = 2 }), []v1alpha1.KeyStage{retiring, active}, rotation.ForProof, 0},
		"It is not the peer's turn.":                         {on(minute, active, published).with(inTurns), []v1alpha1.KeyStage{active, published}, rotation.ForTurn, 0},
		"It was the peer's turn with a key of before.":       {on(minute, active, published).with(inTurns).with(func(s *situation) { s.requests.Turn = 1 }), []v1alpha1.KeyStage{active, published}, rotation.ForTurn, 0},
		"It is the peer's turn.":                             {on(minute, active, published).with(inTurns).with(func(s *situation) { s.requests.Turn = 2 }), []v1alpha1.KeyStage{retiring, active}, rotation.ForProof, 0},
		"A compromised key waits for no turn.":               {on(minute, active, published).with(inTurns).with(below(2)), []v1alpha1.KeyStage{revoked, active}, rotation.ForProof, 0},
		"The peer is held.":                                  {on(minute, active, published).with(func(s *situation) { s.facts.Held = "a copy" }), []v1alpha1.KeyStage{active, published}, rotation.ForPeer, 0},
		"The peer was pinned on the way.":                    {on(minute, active, published).with(pinned), []v1alpha1.KeyStage{active, published}, rotation.ForPin, 0},
		"The new process has not shown its key.":             {on(hour, retiring, active).with(unproven), []v1alpha1.KeyStage{retiring, active}, rotation.ForProof, 0},
		"Both keys are let in.":                              {on(minute, retiring, active), []v1alpha1.KeyStage{retiring, active}, rotation.ForOverlap, 9 * minute},
		"Somebody asks for a third key.":                     {on(minute, retiring, active).with(asked), []v1alpha1.KeyStage{retiring, active}, rotation.ForOverlap, 9 * minute},
		"The overlap is over.":                               {on(overlap, retiring, active), []v1alpha1.KeyStage{revoked, active}, "", 0},
		"The active key is compromised.":                     {on(0, active).with(compromised(1)), []v1alpha1.KeyStage{active}, "", 0},
		"There is no other than the compromised one.":        {on(0, active).with(below(2)), []v1alpha1.KeyStage{active, pending}, rotation.ForKey, 0},
		"That is so, and the peer is held, pinned and gone.": {on(0, active).with(below(2)).with(pinned).with(unproven), []v1alpha1.KeyStage{active, pending}, rotation.ForKey, 0},
		"The one in its place is made.":                      {on(0, active, pending).with(below(2)).with(stored).with(manual), []v1alpha1.KeyStage{revoked, active}, rotation.ForProof, 0},
		"The one in its place was published already.":        {on(0, active, published).with(below(2)).with(manual), []v1alpha1.KeyStage{revoked, active}, rotation.ForProof, 0},
		"The one in its place cannot be had.":                {on(0, active, pending).with(below(2)).with(func(s *situation) { s.facts.Unusable = true }), []v1alpha1.KeyStage{active, revoked, pending}, rotation.ForKey, 0},
		"The key of before is compromised.":                  {on(0, retiring, active).with(compromised(1)), []v1alpha1.KeyStage{revoked, active}, "", 0},
		"Both are: the active one is what is said.":          {on(0, retiring, active).with(compromised(2)), []v1alpha1.KeyStage{revoked, active}, "", 0},
		"The next key is compromised.":                       {on(0, active, published).with(compromised(2)), []v1alpha1.KeyStage{active, revoked}, "", 0},
		"A key that was given up is said to be compromised.": {on(0, revoked, active).with(compromised(1)), []v1alpha1.KeyStage{revoked, active}, "", 0},
		"A key that never was is said to be compromised.":    {on(0, active).with(compromised(7)), []v1alpha1.KeyStage{active}, "", 0},
		"Nothing is on record.":                              {situation{}, nil, "", 0},
	} {
		d := c.situation.next(now)
		if diff := cmp.Diff(c.stages, stages(d.State)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		until := time.Time{}
		if c.until > 0 {
			until = now.Add(c.until)
		}
		if d.Wait != c.wait || !d.Until.Equal(until) {
			t.Errorf("%s waits for %q until %s; want %q until %s", name, d.Wait, d.Until, c.wait, until)
		}
	}
}

// jitter is that of these tests' peer.
const jitter = 48_088_769_218 * time.Nanosecond

func TestPeersThatWereMadeTogetherChangeTheirKeysApart(t *testing.T) {
	seen := map[time.Time]bool{}
	first := now.Add(hour)
	for i := range 100 {
		s := on(0, active).with(hourly)
		s.policy.Spread = strconv.Itoa(i)
		due := s.next(now).Due
		if due.Before(first) || due.After(first.Add(hour/10)) {
			t.Errorf("peer %d is due at %s", i, due)
		}
		seen[due] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 peers are due at %d times", len(seen))
	}
}

func TestOldEpochsAreForgottenAndNumbersAreNot(t *testing.T) {
	d := on(0, revoked, revoked, revoked, revoked, active).next(now)
	if diff := cmp.Diff([]rotation.Epoch{{Number: 2, Stage: revoked, Since: now}, {Number: 3, Stage: revoked, Since: now}, {Number: 4, Stage: revoked, Since: now}, {Number: 5, Stage: active, Since: now}}, d.State.Epochs); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
	d = on(0, active, revoked, revoked, revoked, revoked).with(asked).next(now)
	if got := d.State.Epochs[len(d.State.Epochs)-1]; got.Number != 6 || got.Stage != pending {
		t.Errorf("the next is %+v", got)
	}
}

// rotatedTo are the keys of a peer that has rotated until its key had a number, and of which Secrets were removed.
func rotatedTo(number int, keeps *int, removed int64) rotation.State {
	s := on(0, active)
	s.policy.Keeps, s.state.Removed = keeps, removed
	for i := range number - 1 {
		s.requests.Rotate = strconv.Itoa(i)
		s.facts.Stored = true
		at := now
		for activeOf(s.state) != int64(i+2) || underway(s.state) {
			at = at.Add(overlap)
			s.state = s.next(at).State
		}
	}
	return s.state
}

func TestAnEpochIsNotForgottenBeforeItsSecretIsRemoved(t *testing.T) {
	for name, c := range map[string]struct {
		number  int
		keeps   *int
		removed int64
		first   int64
	}{
		"All are kept, and the latest three remembered.":        {10, nil, 0, 7},
		"None was removed yet.":                                 {10, new(0), 0, 1},
		"All that need not be kept were removed.":               {10, new(0), 9, 7},
		"Some were removed.":                                    {10, new(2), 4, 5},
		"More are kept than would be remembered.":               {10, new(5), 4, 5},
		"Nobody comes, and keys that are kept would be enough.": {10, new(100), 0, 1},
		"Nobody comes for a long time.":                         {30, new(2), 0, 8},
	} {
		got := rotatedTo(c.number, c.keeps, c.removed)
		if first := got.Epochs[0].Number; first != c.first || highest(got) != int64(c.number) {
			t.Errorf("%s On record are the epochs from %d to %d, want %d to %d", name, first, highest(got), c.first, c.number)
		}
	}
}
