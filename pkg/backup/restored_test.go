// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
)

func restored() backup.Restored {
	return backup.Trusted{Record: increment(), SHA256: sha256.Sum256([]byte("record"))}.Restored()
}

func TestTheReceiptOfARestoreIsReadAsItWasLeft(t *testing.T) {
	r := restored()
	golden(t, "v1.restored.json", []byte(r.Message()))
	got, err := backup.ParseRestored(r.Message())
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("%v (-left +read):\n%s", err, diff)
	}
	if n := len(r.Message()); n > backup.MaxReceipt/2 {
		t.Errorf("it has %d bytes", n)
	}
}

func TestWhatIsNoReceiptOfARestoreIsRefusedAndNotRepeated(t *testing.T) {
	good := restored().Message()
	for name, c := range map[string]struct{ text, says string }{
		"Nothing.":                   {"", "no receipt"},
		"Words.":                     {"error: S3CRET", "no receipt"},
		"Half of one.":               {good[:len(good)/2], "no receipt"},
		"More than fits.":            {good + strings.Repeat(" ", backup.MaxReceipt), "no receipt"},
		"The receipt of a backup.":   {receipt().Message(), "use operator and companion of one release"},
		"A field that is unknown.":   {strings.Replace(good, "{", `{"S3CRET":1,`, 1), "damaged"},
		"A digest that is none.":     {strings.Replace(good, `"sha256":"`, `"sha256":"S3CRET`, 1), "damaged"},
		"A number below nothing.":    {strings.Replace(good, `"files":`, `"files":-`, 1), "less than nothing"},
		"A backup 0.":                {strings.Replace(good, `"sequence":7`, `"sequence":0`, 1), "no backup"},
		"A namespace that is none.":  {strings.Replace(good, `"namespace":"`, `"namespace":"S3CRET `, 1), "no backup"},
		"A peer that is none.":       {strings.Replace(good, `"peerNode":"alpha"`, `"peerNode":""`, 1), "no backup"},
		"A peer that is a long one.": {strings.Replace(good, `"peerNode":"`, `"peerNode":"`+strings.Repeat("a", 63), 1), "no backup"},
	} {
		if _, err := backup.ParseRestored(c.text); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func FuzzRestored(f *testing.F) {
	for _, seed := range []string{restored().Message(), "", "{}", `{"format":"` + backup.FormatRestored + `","sequence":1,"namespace":"a","peerNode":"b"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := backup.ParseRestored(text)
		if err != nil {
			return
		}
		again, err := backup.ParseRestored(r.Message())
		if err != nil || !cmp.Equal(r, again) {
			t.Fatalf("what was read is not read again: %v", err)
		}
	})
}
