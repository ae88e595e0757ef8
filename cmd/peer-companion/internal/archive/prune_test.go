// SPDX-License-Identifier: Apache-2.0

package archive_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/peernode/operator/cmd/peer-companion/internal/archive"
	"github.com/peernode/operator/pkg/backup"
)

// pruning keeps one, and whatever is younger than eight days.
func pruning() archive.Pruning {
	return archive.Pruning{Retention: backup.Retention{KeepFor: backup.Grace, KeepLast: 1}, Now: time.Now, Tell: func(archive.Fate) {}}
}

// withOld is a peer with three backups of long ago, in a store that does not know of versions.
func withOld(t *testing.T) (*peer, *memory) {
	t.Helper()
	m := newMemory()
	p := newPeer(t, m, "alpha")
	for seed := range uint64(3) {
		p.file("noise", seed, 200<<10)
		p.must()
	}
	return p, m
}

func TestInAStoreWithoutVersionsOldBackupsGoAndTheNewestIsWhole(t *testing.T) {
	p, m := withOld(t)
	before := len(m.objects)
	did, err := p.Prune(t.Context(), pruning())
	if err != nil || did.Removed != 2 || did.Kept != 1 || did.Objects < 2 || len(m.objects) != before-2-int(did.Objects) {
		t.Fatalf("%v: it did %+v, and %d of %d objects are left", err, did, len(m.objects), before)
	}
	if _, err := p.restore(p.Archive, archive.Choice{Sequence: 3}); err != nil {
		t.Error(err)
	}
}

// Whoever sets the clock of a node back keeps more, and the store's does not count where it is ahead.
func TestTheEarlierClockCounts(t *testing.T) {
	p, m := withOld(t)
	before := len(m.objects)
	slow := pruning()
	slow.Now = func() time.Time { return time.Date(2020, 1, 5, 0, 0, 0, 0, time.UTC) }
	if did, err := p.Prune(t.Context(), slow); err != nil || did.Removed > 0 || did.Kept != 3 || len(m.objects) != before {
		t.Errorf("%v: it did %+v", err, did)
	}
	m.has(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		w.Header()["Date"] = nil
		return false
	})
	if did, err := p.Prune(t.Context(), pruning()); err == nil || !strings.Contains(err.Error(), "does not say what time it is") || len(m.objects) != before {
		t.Errorf("%v: it did %+v", err, did)
	}
}

func TestNothingIsRemovedThatALaterProgramHasWritten(t *testing.T) {
	p, m := withOld(t)
	signed, err := note.Sign(&note.Note{Text: `{"format": "peernode.dev/backup", "version": 2}` + "\n"}, p.order.Notary.(own).Signer.Signer)
	if err != nil {
		t.Fatal(err)
	}
	m.objects["berlin/backups/peers/alpha/"+backup.RecordName(4)] = signed
	before := maps.Clone(m.objects)
	_, err = p.Prune(t.Context(), pruning())
	if _, refused := errors.AsType[archive.RefusedError](err); !refused || !strings.Contains(err.Error(), "version 2") || len(m.objects) != len(before) {
		t.Errorf("%v; %d of %d objects are left", err, len(m.objects), len(before))
	}
}

// Of a backup without some of its objects nobody counts on anything: those before it are kept in its place.
func TestABackupThatIsNotWholeCountsForNothing(t *testing.T) {
	p, m := withOld(t)
	newest, err := p.Record(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	m.objects["berlin/backups/peers/alpha/data/"+newest.Manifest.Name] = []byte("cut off")
	var fates []string
	looking := pruning()
	looking.Tell = func(f archive.Fate) { fates = append(fates, f.What+" "+f.Becomes+": "+f.Why) }
	did, err := p.Prune(t.Context(), looking)
	if err != nil || did.Removed != 1 || did.Kept != 1 || did.Strange != 1 {
		t.Errorf("%v: it did %+v", err, did)
	}
	if !slices.ContainsFunc(fates, func(f string) bool {
		return strings.HasPrefix(f, "record 3 stays: ") && strings.Contains(f, "object "+newest.Manifest.Name+" is not there")
	}) ||
		!slices.ContainsFunc(fates, func(f string) bool { return strings.HasPrefix(f, "backup 2 stays: among the newest") }) {
		t.Errorf("told is %q", fates)
	}
}

func TestAStoreThatFailsEndsARunThatTheNextOneGoesOnWith(t *testing.T) {
	p, m := withOld(t)
	left := 1
	m.has(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		if left--; left >= 0 {
			return false
		}
		fails(w, 403, "AccessDenied")
		return true
	})
	did, err := p.Prune(t.Context(), pruning())
	if err == nil || !strings.Contains(err.Error(), "the credentials may not delete there") || did.Removed != 1 {
		t.Errorf("%v: it did %+v", err, did)
	}
	m.has(nil)
	if did, err = p.Prune(t.Context(), pruning()); err != nil || did.Removed != 1 || did.Kept != 1 || did.Objects < 2 {
		t.Errorf("%v: it did %+v", err, did)
	}
}
