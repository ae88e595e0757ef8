// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAStorageIsVerifiedWithoutBeingChanged(t *testing.T) {
	dir, self, other := t.TempDir(), somePeer(t), somePeer(t)
	agent := open(t, dir, self)
	if _, err := agent.Next(); err != nil {
		t.Fatal(err)
	}
	agent.Seen(other, LastSeen{Name: "beta", Sequence: 7, Time: time.Now()})
	if err := agent.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Verify(dir); err != nil || got != (Summary{PeerID: self, Starts: 1, Sequence: 1, Peers: 1}) {
		t.Errorf("it is said to hold %+v, %v", got, err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || string(after) != string(before) {
		t.Errorf("the check has changed the state to %s, %v", after, err)
	}
}

func TestAStorageOnWhichNoAgentCouldStartIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ state, want string }{
		"without a state":          {"", "no agent was ever started"},
		"cut off":                  {`{"version":1,"peerID":`, "is damaged"},
		"of another version":       {`{"version":9}`, "format version 9"},
		"of nobody":                {`{"version":1,"starts":3}`, "is damaged"},
		"of one that never was":    {`{"version":1,"peerID":"` + somePeer(t).String() + `"}`, "is damaged"},
		"with a peer of no key":    {`{"version":1,"starts":1,"peerID":"` + somePeer(t).String() + `","peers":{"beta":{}}}`, "no peer ID"},
		"with a peer ID of no key": {`{"version":1,"starts":1,"peerID":"beta"}`, "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.state != "" {
				if err := os.WriteFile(filepath.Join(dir, fileName), []byte(c.state), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Verify(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
