// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/test/s3"
)

const days = 24 * time.Hour

// pruneArgs remove what is older than 30 days, but for the newest two.
func (v *vault) pruneArgs(more ...string) []string {
	args := v.bucketArgs()[4:] // the key says whose backups they are
	return append(append([]string{"prune", "--trust", v.public, "--keep-for", "720h", "--keep-last", "2"}, args...), more...)
}

// prunes does so, and returns what the pod of a Job would tell.
func (v *vault) prunes(more ...string) backup.Pruned {
	v.Helper()
	log := v.path("termination-log")
	v.must(v.pruneArgs(append(more, "--termination-log", log)...)...)
	text, err := os.ReadFile(log)
	if err != nil {
		v.Fatal(err)
	}
	p, err := backup.ParsePruned(string(text))
	if err != nil {
		v.Fatal(err)
	}
	p.Format = ""
	return p
}

var ofTable = regexp.MustCompile(`(?m)^peers/alpha +(backup|record) (\d+) +\S+ +(stays|goes|locked)`)

// fates are what would become of records now: by their numbers, with a sign for those that are no good backups.
func (v *vault) fates() map[int64]string {
	v.Helper()
	out := map[int64]string{}
	for _, line := range ofTable.FindAllStringSubmatch(v.must(v.pruneArgs("--dry-run")...), -1) {
		n, err := strconv.ParseInt(line[2], 10, 64)
		if err != nil {
			v.Fatal(err)
		}
		if out[n] = line[3]; line[1] == "record" {
			out[n] += ", not good"
		}
	}
	return out
}

// history is a peer with backups of many days.
type history struct {
	*vault

	server *s3.Server
	trees  map[int64]map[string]string
}

// backUpAnd lets some time pass.
func (h *history) backUpAnd(passes time.Duration, more ...string) {
	h.Helper()
	h.noise(rand.New(rand.NewPCG(uint64(len(h.trees)), 3)), fmt.Sprintf("more/%d", len(h.trees)%3), 300<<10)
	r := h.backUp(more...)
	h.trees[r.Sequence] = looks(h, h.data)
	h.server.Age(h, passes)
}

// left restores every backup that is there, which are to be these.
func (h *history) left(sequences ...int64) {
	h.Helper()
	var there []int64
	for _, name := range h.records() {
		sequence, _ := backup.ParseRecordName(strings.TrimPrefix(name, alphas))
		there = append(there, sequence)
	}
	if diff := cmp.Diff(sequences, there); diff != "" {
		h.Fatalf("backups (-want +there):\n%s", diff)
	}
	for _, sequence := range sequences {
		to := h.restored("--sequence", strconv.FormatInt(sequence, 10))
		if diff := cmp.Diff(h.trees[sequence], looks(h, to)); diff != "" {
			h.Errorf("backup %d, restored (-was +is):\n%s", sequence, diff)
		}
	}
}

// newHistory is in a bucket that keeps versions, or in one that does not.
func newHistory(t *testing.T, versions bool) *history {
	t.Helper()
	server := s3.Start(t, backups)
	if versions {
		if err := server.KeepVersions(t.Context(), backups); err != nil {
			t.Fatal(err)
		}
	}
	return &history{newVault(t, server.Store), server, map[int64]map[string]string{}}
}

func TestOldBackupsGoAndWhatStaysRestores(t *testing.T) {
	for name, versions := range map[string]bool{"in a bucket that keeps versions": true, "in one that keeps none": false} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t, versions)
			h.backUpAnd(10 * days)        // 1, 78 days ago
			h.backUpAnd(20 * days)        // 2, which goes on from 1, 68 days ago
			h.backUpAnd(5*days, "--full") // 3, 48 days ago
			h.backUpAnd(15 * days)        // 4, which goes on from 3, 43 days ago
			h.backUpAnd(19 * days)        // 5, which goes on from 4, 28 days ago
			h.backUpAnd(9*days, "--full") // 6, 9 days ago
			other := betas + "data/" + strings.Repeat("b", 26)
			for _, name := range []string{alphas + "data/" + strings.Repeat("o", 26), alphas + "data/of somebody", alphas + "notes", other} {
				if err := h.server.Put(t.Context(), backups, name, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			h.server.Age(t, time.Minute)
			h.backUpAnd(0) // 7, now
			before, err := h.server.Size(t.Context(), backups)
			if err != nil {
				t.Fatal(err)
			}
			want := map[int64]string{1: "goes", 2: "goes", 3: "goes", 4: "goes", 5: "stays", 6: "stays", 7: "stays"}
			if diff := cmp.Diff(want, h.fates()); diff != "" {
				t.Fatalf("what would become of them (-want +got):\n%s", diff)
			}
			if p := h.prunes("--dry-run"); p.Removed != 4 || p.Freed == 0 {
				t.Errorf("would do %+v", p)
			}
			h.left(1, 2, 3, 4, 5, 6, 7)
			p := h.prunes("--keep-sequence", "peers/alpha:3")
			h.left(3, 5, 6, 7)
			after, err := h.server.Size(t.Context(), backups)
			if err != nil {
				t.Fatal(err)
			}
			if p.Freed != before-after || p.Freed < 600<<10 || p.Removed != 3 || p.Kept != 4 || p.Objects < 4 || p.Locked+p.Strange+p.Failed > 0 {
				t.Errorf("it did %+v, and the bucket had %d bytes and has %d", p, before, after)
			}
			if diff := cmp.Diff(backup.Pruned{Peers: 1, Kept: 4}, h.prunes("--keep-sequence", "peers/alpha:3")); diff != "" {
				t.Errorf("again, it did (-want +got):\n%s", diff)
			}
			h.left(3, 5, 6, 7)
			h.prunes()
			h.left(5, 6, 7)
			h.server.Age(t, 9*days)
			h.prunes()
			names, err := h.server.List(t.Context(), backups)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(names, alphas+"data/"+strings.Repeat("o", 26)) {
				t.Error("an object that nobody names is still there")
			}
			for _, name := range []string{alphas + "data/of somebody", alphas + "notes", other} {
				if !slices.Contains(names, name) {
					t.Errorf("%s is gone", name)
				}
			}
			if versions {
				kept, marks, _, err := h.server.Leftovers(t.Context(), backups)
				if err != nil || kept != len(names) || marks > 0 {
					t.Errorf("of %d objects there are %d versions and %d marks, %v", len(names), kept, marks, err)
				}
			}
			h.left(6, 7)
			h.backUpAnd(0)
			h.left(6, 7, 8)
		})
	}
}

// Of what a store has locked nothing goes, also not in part, and that is no failure.
func TestWhatAStoreHasLockedIsLeftWholeAndCounted(t *testing.T) {
	server := s3.Start(t)
	if err := server.CreateLockedBucket(t.Context(), backups, "COMPLIANCE", 1); err != nil {
		t.Fatal(err)
	}
	h := &history{newVault(t, server.Store), server, map[int64]map[string]string{}}
	for range 4 {
		h.backUpAnd(20 * days)
	}
	for range 2 {
		if p := h.prunes(); p.Locked != 2 || p.Removed+p.Objects+p.Failed > 0 || p.Freed > 0 || p.Kept != 4 {
			t.Errorf("it did %+v", p)
		}
		h.left(1, 2, 3, 4)
	}
}

func TestWithoutAKeyThatKnowsTheRecordsNothingGoes(t *testing.T) {
	h := newHistory(t, true)
	for range 5 {
		h.backUpAnd(20 * days)
	}
	h.must("signing-key", "-n", "peers", "--peernode", "alpha", "-o", h.path("other-signing"))
	right := h.public
	h.public = strings.TrimSpace(h.must("signing-key", "-n", "peers", "--peernode", "alpha", "-o", h.path("another-signing")))
	p := h.prunes()
	if p.Failed != 1 || p.Removed+p.Objects+p.Garbage > 0 || len(p.Refused) != 1 || p.Refused[0].Peer != "peers/alpha" || !strings.Contains(p.Refused[0].Why, "see whether a key is missing") {
		t.Errorf("it did %+v", p)
	}
	h.public = right
	h.left(1, 2, 3, 4, 5)
}

// A key may be forgotten after it was replaced. What it has signed counts for nothing then, and is kept for its time and until
// enough that is known is newer, with all its objects.
func TestBackupsWhoseKeyWasForgottenStayUntilTheyWouldHaveGone(t *testing.T) {
	h := newHistory(t, true)
	for range 2 {
		h.backUpAnd(20 * days)
	}
	old := h.public
	h.public = strings.TrimSpace(h.must("signing-key", "-n", "peers", "--peernode", "alpha", "-o", h.path("next")))
	if err := os.Rename(h.path("next"), h.path("signing")); err != nil {
		t.Fatal(err)
	}
	h.backUpAnd(9 * days) // whoever backs up does not know the old key, and takes the next number
	h.prunes()
	both := h.public
	for _, sequence := range []int64{1, 2} {
		h.public = old
		if diff := cmp.Diff(h.trees[sequence], looks(t, h.restored("--sequence", strconv.FormatInt(sequence, 10)))); diff != "" {
			t.Errorf("backup %d (-was +is):\n%s", sequence, diff)
		}
	}
	h.public = both
	h.backUpAnd(9 * days)
	h.prunes()
	h.prunes()
	h.left(3, 4)
}
