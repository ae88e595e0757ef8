// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/test"
)

func TestTheStateSurvivesARestart(t *testing.T) {
	dir, self, other := t.TempDir(), somePeer(t), somePeer(t)
	first := open(t, dir, self)
	for range 3 {
		if _, err := first.Next(); err != nil {
			t.Fatal(err)
		}
	}
	when := time.Now().UTC()
	first.Seen(other, LastSeen{Name: "beta", Sequence: 7, Time: when})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, self)
	defer second.Close()
	if starts, sequence := second.Counters(); starts != 2 || sequence != 3 {
		t.Errorf("starts %d, sequence %d", starts, sequence)
	}
	if seen, ok := second.Last(other); !ok || seen.Name != "beta" || seen.Sequence != 7 || !seen.Time.Equal(when) {
		t.Errorf("seen %+v, %v", seen, ok)
	}
	if sequence, err := second.Next(); err != nil || sequence != 4 {
		t.Errorf("next is %d, %v", sequence, err)
	}
}

// A process that is killed closes nothing.
func TestTheSequenceIsDurableBeforeItIsUsed(t *testing.T) {
	dir, self := t.TempDir(), somePeer(t)
	killed := open(t, dir, self)
	sequence, err := killed.Next()
	if err != nil {
		t.Fatal(err)
	}
	killed.lock.Close() // all that the kernel does for a killed process
	again := open(t, dir, self)
	defer again.Close()
	if next, err := again.Next(); err != nil || next <= sequence {
		t.Errorf("%d after %d, %v", next, sequence, err)
	}
}

func TestCountersSurviveANewKey(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, somePeer(t))
	if _, err := first.Next(); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, somePeer(t))
	defer second.Close()
	if starts, sequence := second.Counters(); starts != 2 || sequence != 1 {
		t.Errorf("starts %d, sequence %d", starts, sequence)
	}
}

func TestOneStorageServesOneAgent(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, somePeer(t))
	defer first.Close()
	if _, err := Open(dir, somePeer(t)); err == nil || !strings.Contains(err.Error(), "in use by another p2p-agent") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesWhatItCannotContinue(t *testing.T) {
	cases := map[string]struct{ content, want string }{
		"a damaged file":      {"{", "is damaged"},
		"an emptied file":     {"", "is damaged"},
		"a format from later": {`{"version": 2}`, "format version 2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fileName)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, somePeer(t)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if left, _ := os.ReadFile(path); string(left) != c.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestTheFileStaysBounded(t *testing.T) {
	s := open(t, t.TempDir(), somePeer(t))
	defer s.Close()
	oldest, start := somePeer(t), time.Now()
	s.Seen(oldest, LastSeen{Time: start})
	for i := range maxPeers {
		s.Seen(somePeer(t), LastSeen{Time: start.Add(time.Duration(i+1) * time.Second)})
	}
	if len(s.state.Peers) != maxPeers {
		t.Errorf("%d peers", len(s.state.Peers))
	}
	if _, ok := s.Last(oldest); ok {
		t.Error("the oldest was kept")
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, somePeer(t))
	defer s.lock.Close()
	if err := s.Writable(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".writable-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Writable(); err == nil {
		t.Error("a folder that is gone is writable")
	}
	if _, err := s.Next(); err == nil {
		t.Error("a sequence that was not stored was given out")
	}
}

func open(t *testing.T, dir string, id peer.ID) *Store {
	t.Helper()
	s, err := Open(dir, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func somePeer(t *testing.T) peer.ID {
	t.Helper()
	id, err := test.RandPeerID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
