// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peernode/operator/pkg/backup"
)

// template is a record of the peer, for others like it.
func (h *history) template() backup.Record {
	h.Helper()
	text, err := h.server.Get(h.Context(), backups, alphas+backup.RecordName(1))
	if err != nil {
		h.Fatal(err)
	}
	return h.opened(text, 1)
}

func (h *history) opened(text []byte, sequence int64) backup.Record {
	h.Helper()
	trust, err := backup.ParseTrust("peers", "alpha", h.public)
	if err != nil {
		h.Fatal(err)
	}
	trusted, err := trust.Open(text, sequence)
	if err != nil {
		h.Fatal(err)
	}
	return trusted.Record
}

// whole fails unless each record that is there has all its objects, and returns how many records and objects there are.
func (h *history) whole() (records, objects int) {
	h.Helper()
	names, err := h.server.List(h.Context(), backups)
	if err != nil {
		h.Fatal(err)
	}
	for _, name := range names {
		sequence, ok := backup.ParseRecordName(strings.TrimPrefix(name, alphas))
		if !ok {
			objects++
			continue
		}
		records++
		text, err := h.server.Get(h.Context(), backups, name)
		if err != nil {
			h.Fatal(err)
		}
		for _, object := range backup.Named(text) {
			if !slices.Contains(names, alphas+"data/"+object) {
				h.Fatalf("backup %d has lost object %s", sequence, object)
			}
		}
	}
	return records, objects
}

// PEER_PRUNE_KILLS says how often it is tried.
func TestARunThatIsKilledLeavesEveryBackupWholeAndTheNextGoesOn(t *testing.T) {
	h := newHistory(t, true)
	h.backUpAnd(0)
	private, err := os.ReadFile(h.path("signing"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := backup.ParseSigner(string(private), "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	random, w := rand.New(rand.NewPCG(11, 12)), &window{200 * time.Millisecond}
	first, inTheMidst, like := int64(2), 0, h.template()
	for range times(t, "PEER_PRUNE_KILLS", 10) {
		h.signedBackups(signer, like, first, 12)
		first += 12
		h.server.Age(t, 40*days)
		records, objects := h.whole()
		done := h.killed(w.any(random), h.pruneArgs()...)
		r, o := h.whole()
		w.aim(done)
		if !done && (r < records || o < objects) {
			inTheMidst++
		}
		for h.prunes().Removed > 0 {
		}
		if r, _ = h.whole(); r != 2 {
			t.Fatalf("in the end %d backups are there", r)
		}
	}
	if p := h.prunes(); p.Removed+p.Objects > 0 || p.Kept != 2 {
		t.Errorf("in the end it did %+v", p)
	}
	if _, objects := h.whole(); objects != 9 {
		t.Errorf("in the end there are %d objects", objects)
	}
	t.Logf("killed in the midst %d times", inTheMidst)
	if inTheMidst == 0 {
		t.Error("it was never killed in the midst")
	}
}
