// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/peernode/operator/pkg/backup"
)

func TestAPeerHasAFolderOfItsOwn(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "backups/peers/alpha/", "/": "backups/peers/alpha/", "berlin": "berlin/backups/peers/alpha/", "/a/b/": "a/b/backups/peers/alpha/",
	} {
		if got := backup.Folder(prefix, "peers", "alpha"); got != want {
			t.Errorf("the folder under %q is %q, want %q", prefix, got, want)
		}
	}
}

func TestNamesOfRecordsAreReadAsTheyWereWritten(t *testing.T) {
	for _, sequence := range []int64{1, 2, 10, 4711, 9_999_999_999} {
		if got, ok := backup.ParseRecordName(backup.RecordName(sequence)); !ok || got != sequence {
			t.Errorf("%d is read as %d, %t", sequence, got, ok)
		}
	}
	for reason, name := range map[string]string{
		"it has no digits":           "records/.note",
		"it has nine digits":         "records/000000001.note",
		"it has eleven digits":       "records/00000000001.note",
		"there is no backup 0":       "records/0000000000.note",
		"it is negative":             "records/-000000001.note",
		"it ends otherwise":          "records/0000000001.note.bak",
		"it begins otherwise":        "a/records/0000000001.note",
		"it lies in another folder":  "data/0000000001.note",
		"it has a line break at end": "records/0000000001.note\n",
		"its digits are not ours":    "records/٠٠٠٠٠٠٠٠٠١.note",
	} {
		if sequence, ok := backup.ParseRecordName(name); ok {
			t.Errorf("%q is read as %d, though %s", name, sequence, reason)
		}
	}
}

func TestTheNextSequenceIsFreeAndAfterTheLatestThatHolds(t *testing.T) {
	for reason, c := range map[string]struct {
		latest int64
		taken  []int64
		want   int64
	}{
		"There is none.":    {0, nil, 1},
		"The latest holds.": {3, []int64{1, 2, 3}, 4},
		"The next names are taken by something else.":  {3, []int64{1, 2, 3, 4, 5, 7}, 8},
		"A name far away is taken.":                    {3, []int64{1, 2, 3, 100_004}, 4},
		"Nothing holds, and the first ones are gone.":  {0, []int64{7, 8}, 9},
		"Somebody has taken the last name there is.":   {3, []int64{1, 2, 3, 9_999_999_999}, 4},
		"Nothing holds, and the first name is taken.":  {0, []int64{1}, 2},
		"Names are taken in no order, and some twice.": {1, []int64{3, 2, 1, 3, 2}, 4},
	} {
		if got := backup.NextSequence(c.latest, c.taken); got != c.want {
			t.Errorf("%s it is %d, want %d", reason, got, c.want)
		}
	}
}

func TestNamesOfObjectsCannotBeForeseen(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		name, err := backup.NewObjectName(rand.Reader)
		if err != nil || len(name) != 26 || seen[name] {
			t.Fatalf("%q, %v", name, err)
		}
		seen[name] = true
	}
	if _, err := backup.NewObjectName(iotest.ErrReader(errors.New("no entropy"))); err == nil {
		t.Error("a name was made of nothing")
	}
	if _, err := backup.NewSalt(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a salt was made of too little")
	}
}
