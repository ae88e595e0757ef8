// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/test/testenv"
)

// namedPlaces is how many of the places are named in which a key shows. Where it got out once, it mostly is in many.
const namedPlaces = 5

// KeySearch looks for the private keys of all runs in all that can be read of a cluster while they go on, and not only at their
// ends: in whatever is written to etcd, also what is overwritten at once, in the audit log with what every request says, and in
// the logs of the operators and of the control plane.
type KeySearch struct {
	store *testenv.Store

	reading sync.Mutex
	files   *testenv.LogFiles

	mu   sync.Mutex
	keys *testenv.Keys
	// known are the keys that are looked for, shows where those of them were found that nobody was told of yet.
	known []testenv.MadeKey
	set   canary.Set
	shows map[int][]string
	told  map[int]bool
	// looked is how much has been looked through.
	looked int64
}

// NewKeySearch has its loggers before there is anything that could be logged.
func NewKeySearch() *KeySearch {
	return &KeySearch{keys: &testenv.Keys{}, shows: map[int][]string{}, told: map[int]bool{}}
}

// Follow begins to look through what happens in an environment, from its start until ctx ends.
func (s *KeySearch) Follow(ctx context.Context, env *testenv.Env) (err error) {
	s.mu.Lock()
	s.keys = env.Keys
	s.mu.Unlock()
	s.files = env.LogFiles()
	s.store, err = env.FollowStore(ctx, func(w testenv.Stored) {
		s.look(slices.Concat([]byte(w.Key), w.Value), func() string { return fmt.Sprintf("etcd, %s at revision %d", w.Key, w.Revision) })
	})
	return err
}

// look searches a text. A key is known before anybody has it, so it cannot have been in any text of before.
func (s *KeySearch) look(text []byte, where func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.learn()
	s.looked += int64(len(text))
	for _, f := range s.set.Find(text) {
		if !s.told[f.Secret] {
			s.shows[f.Secret] = append(s.shows[f.Secret], fmt.Sprintf("as %s in %s", strings.Join(f.Forms, ", "), s.withhold(where())))
		}
	}
}

// learn takes in the keys that were made since.
func (s *KeySearch) learn() {
	for _, key := range s.keys.Since(len(s.known)) {
		if err := s.set.Add(key.Secret()); err != nil {
			panic(err) // No private key is as short.
		}
		s.known = append(s.known, key)
	}
}

// withhold keeps the search itself from showing a key.
func (s *KeySearch) withhold(text string) string {
	if len(s.set.Find([]byte(text))) > 0 {
		return "(not said, it would show a key)"
	}
	return text
}

// judge adds to what became of a run where its keys show.
func (s *KeySearch) judge(ctx context.Context, w *World, outcome error) error {
	ctx = context.WithoutCancel(ctx) // Also of a run that took too long.
	overlooked := s.overlooked(ctx, w)
	shown := s.found(ctx, func(key testenv.MadeKey) bool { return key.For.Namespace == w.Namespace })
	s.mu.Lock()
	defer s.mu.Unlock()
	if outcome != nil && s.withhold(outcome.Error()) != outcome.Error() {
		outcome = errors.New("what else became of it is not said, it would show a key")
	}
	return errors.Join(outcome, shown, overlooked)
}

// Rest is where keys show that no run was told of, because its end was before.
func (s *KeySearch) Rest(ctx context.Context) error {
	return s.found(ctx, func(testenv.MadeKey) bool { return true })
}

// found says where keys show by now, each key once.
func (s *KeySearch) found(ctx context.Context, whose func(testenv.MadeKey) bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := errors.Join(s.store.CatchUp(ctx), s.readFiles()); err != nil {
		return fmt.Errorf("look for keys: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, place := range slices.Sorted(maps.Keys(s.shows)) {
		if key := s.known[place]; whose(key) {
			errs = append(errs, fmt.Errorf("the private key of %s shows %s", key.For, listed(s.shows[place])))
			delete(s.shows, place)
			s.told[place] = true
		}
	}
	return errors.Join(errs...)
}

func listed(places []string) string {
	text := strings.Join(places[:min(namedPlaces, len(places))], "; ")
	if more := len(places) - namedPlaces; more > 0 {
		text += fmt.Sprintf("; and in %d more places", more)
	}
	return text
}

// String is how much has been looked for, and in how much.
func (s *KeySearch) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d private keys were looked for in %d MB", len(s.known), s.looked>>20)
}
