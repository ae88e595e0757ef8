// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
)

var today = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// ago is a backup that the store took so many days before today.
func ago(sequence int64, days int) backup.Listed {
	return backup.Listed{Sequence: sequence, Good: true, Written: today.Add(-time.Duration(days)*24*time.Hour - time.Minute)}
}

// strange is something else under the name of a record.
func strange(sequence int64, days int) backup.Listed {
	l := ago(sequence, days)
	l.Good = false
	return l
}

const day = 24 * time.Hour

// fates writes what becomes of each in one line.
func fates(verdicts []backup.Verdict) (out []string) {
	for _, v := range verdicts {
		fate := "stays"
		if v.Goes {
			fate = "goes"
		}
		out = append(out, fmt.Sprintf("%d %s: %s", v.Sequence, fate, v.Why))
	}
	return out
}

func TestWhichBackupsGo(t *testing.T) {
	month := backup.Retention{KeepFor: 30 * day, KeepLast: 2}
	for name, c := range map[string]struct {
		rules   backup.Retention
		records []backup.Listed
		want    []string
	}{
		"Old ones go, the newest two do not.": {
			month, []backup.Listed{ago(4, 32), ago(1, 80), ago(3, 40), ago(2, 60)},
			[]string{"1 goes: old", "2 goes: old", "3 stays: among the newest", "4 stays: among the newest"},
		},
		"None goes before its time.": {
			month, []backup.Listed{ago(1, 29), ago(2, 20), ago(3, 10), ago(4, 1)},
			[]string{"1 stays: not old enough", "2 stays: not old enough", "3 stays: among the newest", "4 stays: among the newest"},
		},
		"One that is asked for stays.": {
			backup.Retention{KeepFor: 30 * day, KeepLast: 1, Keep: []int64{1}}, []backup.Listed{ago(1, 80), ago(2, 70), ago(3, 60), ago(4, 50)},
			[]string{"1 stays: asked for", "2 goes: old", "3 goes: old", "4 stays: among the newest"},
		},
		"Half go at once, the oldest first.": {
			backup.Retention{KeepFor: 30 * day, KeepLast: 1}, []backup.Listed{ago(1, 80), ago(2, 70), ago(3, 60), ago(4, 50)},
			[]string{"1 goes: old", "2 goes: old", "3 stays: old, and left to the next run, since half of them go in one", "4 stays: among the newest"},
		},
		"What is forged counts for nothing.": {
			month, []backup.Listed{ago(1, 80), ago(2, 70), ago(3, 60), strange(4, 1), strange(5, 1), strange(9_999_999_999, 1)},
			[]string{"1 goes: old", "2 stays: among the newest", "3 stays: among the newest", "4 stays: not old enough", "5 stays: not old enough", "9999999999 stays: not old enough"},
		},
		"What is forged goes in its time, unless it is newer than what is good.": {
			month, []backup.Listed{strange(1, 80), strange(2, 20), ago(3, 60), strange(4, 80), ago(5, 50), strange(6, 80)},
			[]string{"1 goes: not good, and old", "2 stays: not old enough", "3 stays: among the newest", "4 stays: not good, and not older than what is kept", "5 stays: among the newest", "6 stays: not good, and not older than what is kept"},
		},
		"Where not enough is good, what looks forged may be good as well.": {
			backup.Retention{KeepFor: 30 * day, KeepLast: 5}, []backup.Listed{strange(1, 80), strange(3, 80), ago(2, 80)},
			[]string{"1 stays: not good, and not older than what is kept", "2 stays: among the newest", "3 stays: not good, and not older than what is kept"},
		},
		"Who signs newer ones by the hundred has to wait eight days.": {
			month, []backup.Listed{ago(1, 80), ago(2, 70), ago(3, 60), ago(4, 7), ago(5, 6), ago(6, 5)},
			[]string{"1 goes: old", "2 stays: among the newest of eight days ago", "3 stays: among the newest of eight days ago", "4 stays: not old enough", "5 stays: among the newest", "6 stays: among the newest"},
		},
		"A key was replaced, and numbers began anew.": {
			month, []backup.Listed{ago(1, 50), ago(2, 45), ago(7, 90), ago(8, 80), ago(9, 70)},
			[]string{"1 stays: among the newest", "2 stays: among the newest", "7 goes: old", "8 stays: among the newest", "9 stays: among the newest"},
		},
		"Old records were written over themselves.": {
			backup.Retention{KeepFor: 30 * day, KeepLast: 1}, []backup.Listed{ago(1, 9), ago(2, 60), ago(3, 50)},
			[]string{"1 stays: among the newest", "2 goes: old", "3 stays: among the newest"},
		},
		"A record of tomorrow is young.": {
			month, []backup.Listed{strange(1, -1), ago(2, 70), ago(3, 60), ago(4, 50)},
			[]string{"1 stays: not old enough", "2 goes: old", "3 stays: among the newest", "4 stays: among the newest"},
		},
	} {
		verdicts, err := c.rules.Judge(c.records, today)
		if diff := cmp.Diff(c.want, fates(verdicts)); diff != "" || err != nil {
			t.Errorf("%s (-want +got): %v\n%s", name, err, diff)
		}
	}
}

func TestNothingIsJudgedWhereNobodyKnowsWhatIsGood(t *testing.T) {
	for name, c := range map[string]struct {
		rules   backup.Retention
		records []backup.Listed
		says    string
	}{
		"A key is missing.":        {backup.Retention{KeepFor: 8 * day, KeepLast: 1}, []backup.Listed{strange(1, 80), strange(2, 70)}, "see whether a key is missing"},
		"There are no records.":    {backup.Retention{KeepFor: 8 * day, KeepLast: 1}, nil, "see whether a key is missing"},
		"Not even one is kept.":    {backup.Retention{KeepFor: 8 * day}, []backup.Listed{ago(1, 80)}, "at least the newest"},
		"They are kept for a week": {backup.Retention{KeepFor: 7 * day, KeepLast: 1}, []backup.Listed{ago(1, 80)}, "each for eight days"},
	} {
		verdicts, err := c.rules.Judge(c.records, today)
		if err == nil || !strings.Contains(err.Error(), c.says) || len(verdicts) > 0 {
			t.Errorf("%s %v: %v", name, fates(verdicts), err)
		}
	}
}

// written is any history of a peer: full backups and increments, each with objects of its own and some of before.
func written(r *rand.Rand) (records []backup.Listed, objects []backup.Stored) {
	var chain []string
	days := 0
	for range r.IntN(12) + 1 {
		days += r.IntN(15)
	}
	for sequence := int64(1); days >= 0 && sequence <= 12; sequence++ {
		if r.IntN(4) == 0 {
			chain = nil
		}
		chain = slices.DeleteFunc(slices.Clone(chain), func(string) bool { return r.IntN(5) == 0 })
		for range r.IntN(3) + 1 {
			name := fmt.Sprintf("object-%d", len(objects))
			objects = append(objects, backup.Stored{Name: name, Written: ago(0, days).Written})
			chain = append(chain, name)
		}
		l := ago(sequence, days)
		l.Objects = slices.Clone(chain)
		records = append(records, l)
		days -= r.IntN(15)
	}
	return records, objects
}

func someRules(r *rand.Rand) backup.Retention {
	return backup.Retention{KeepFor: time.Duration(8+r.IntN(50)) * day, KeepLast: 1 + r.IntN(4)}
}

func split(verdicts []backup.Verdict) (staying, going []backup.Listed) {
	for _, v := range verdicts {
		if v.Goes {
			going = append(going, v.Listed)
		} else {
			staying = append(staying, v.Listed)
		}
	}
	return staying, going
}

func TestWhatStaysHasAllItsObjectsAndTheNewestStay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	went, freed := 0, 0
	for range 20_000 {
		records, objects := written(random)
		rules := someRules(random)
		verdicts, err := rules.Judge(records, today)
		if err != nil {
			t.Fatal(err)
		}
		staying, going := split(verdicts)
		unneeded := map[string]bool{}
		for _, o := range backup.Unneeded(staying, objects, today) {
			unneeded[o.Name] = true
			if today.Sub(o.Written) <= backup.Grace {
				t.Fatalf("%v takes object %s of %s", rules, o.Name, o.Written)
			}
		}
		for _, l := range staying {
			for _, name := range l.Objects {
				if unneeded[name] {
					t.Fatalf("%v leaves backup %d without %s: %v", rules, l.Sequence, name, fates(verdicts))
				}
			}
		}
		newest := records[max(0, len(records)-rules.KeepLast):]
		for _, l := range going {
			if today.Sub(l.Written) <= rules.KeepFor || slices.ContainsFunc(newest, func(n backup.Listed) bool { return n.Sequence == l.Sequence }) {
				t.Fatalf("%v takes backup %d of %s: %v", rules, l.Sequence, l.Written, fates(verdicts))
			}
		}
		went, freed = went+len(going), freed+len(unneeded)
	}
	if went < 20_000 || freed < 20_000 {
		t.Errorf("only %d backups and %d objects went", went, freed)
	}
}

// ruled are the sequences that go in the end, when as many runs are made as it takes.
func ruled(t *testing.T, rules backup.Retention, records []backup.Listed) (gone []int64) {
	t.Helper()
	for {
		verdicts, err := rules.Judge(records, today)
		if err != nil {
			return gone
		}
		staying, going := split(verdicts)
		if len(going) == 0 {
			return gone
		}
		for _, l := range going {
			gone = append(gone, l.Sequence)
		}
		records = staying
	}
}

// meddled is what who may write, and not sign, makes of a bucket: things under other names of records, old and new, naming
// what they like; good records that he has destroyed, where the bucket keeps no versions; and more objects.
func meddled(r *rand.Rand, records []backup.Listed, objects []backup.Stored) ([]backup.Listed, []backup.Stored) {
	out := slices.Clone(records)
	taken := map[int64]bool{}
	for i := range out {
		taken[out[i].Sequence] = true
		if r.IntN(6) == 0 {
			out[i].Good, out[i].Written = false, ago(0, r.IntN(3)).Written
		} else if r.IntN(6) == 0 { // written over itself
			if again := ago(0, r.IntN(20)).Written; again.After(out[i].Written) {
				out[i].Written = again
			}
		}
	}
	for range r.IntN(20) {
		forged := strange([]int64{int64(r.IntN(40) + 1), 9_999_999_999}[r.IntN(2)], r.IntN(100)-1)
		if taken[forged.Sequence] {
			continue
		}
		taken[forged.Sequence] = true
		for range r.IntN(5) {
			forged.Objects = append(forged.Objects, objects[r.IntN(len(objects))].Name)
		}
		out = append(out, forged)
	}
	all := slices.Clone(objects)
	for range r.IntN(5) {
		all = append(all, backup.Stored{Name: fmt.Sprintf("planted-%d", r.IntN(9)), Written: ago(0, r.IntN(100)).Written})
	}
	for range r.IntN(5) { // written over
		all[r.IntN(len(all))].Written = today
	}
	return out, all
}

func TestNothingThatAWriterDoesMakesAGoodBackupGoEarlier(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	went := 0
	for range 5_000 {
		records, objects := written(random)
		rules := someRules(random)
		before := ruled(t, rules, records)
		after, all := meddled(random, records, objects)
		verdicts, err := rules.Judge(after, today)
		if err != nil {
			continue
		}
		staying, going := split(verdicts)
		for _, l := range going {
			if l.Good && !slices.Contains(before, l.Sequence) {
				t.Fatalf("%v takes backup %d after something else was done to the bucket: %v", rules, l.Sequence, fates(verdicts))
			}
		}
		went += len(going)
		unneeded := backup.Unneeded(staying, all, today)
		for _, l := range staying {
			for _, name := range l.Objects {
				if slices.ContainsFunc(unneeded, func(o backup.Stored) bool { return o.Name == name }) {
					t.Fatalf("backup %d stays without %s", l.Sequence, name)
				}
			}
		}
	}
	if went < 5_000 {
		t.Errorf("only %d went", went)
	}
}

// A thief who has records signed as well makes nothing go before its time, and nothing that was among the newest eight days ago.
func TestWhoSignsAsWellMakesNothingGoThatWasAmongTheNewest(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 2_000 {
		records, _ := written(random)
		rules := someRules(random)
		var kept []int64
		for _, l := range slices.Backward(records) {
			if len(kept) < rules.KeepLast && today.Sub(l.Written) > backup.Grace {
				kept = append(kept, l.Sequence)
			}
		}
		flooded := slices.Clone(records)
		for i := range random.IntN(100) {
			flooded = append(flooded, ago(100+int64(i), random.IntN(8)))
		}
		for _, sequence := range ruled(t, rules, flooded) {
			i := slices.IndexFunc(records, func(l backup.Listed) bool { return l.Sequence == sequence })
			if slices.Contains(kept, sequence) || i >= 0 && today.Sub(records[i].Written) <= rules.KeepFor {
				t.Fatalf("%v takes backup %d of %v", rules, sequence, fates(must(rules.Judge(records, today))))
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatNobodyNamesGoesAfterEightDays(t *testing.T) {
	staying := []backup.Listed{{Objects: []string{"a", "b"}}, {Objects: []string{"b", "c"}}}
	objects := []backup.Stored{
		{Name: "a", Written: ago(0, 90).Written}, {Name: "c", Written: ago(0, 90).Written},
		{Name: "old", Written: today.Add(-backup.Grace - time.Second)}, {Name: "young", Written: today.Add(-backup.Grace)}, {Name: "of tomorrow", Written: today.Add(day)},
	}
	if diff := cmp.Diff([]backup.Stored{objects[2]}, backup.Unneeded(staying, objects, today)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatARecordNamesIsReadWhoeverSignedIt(t *testing.T) {
	a, b := strings.Repeat("a", 26), strings.Repeat("b", 26)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"A record with a signature.":  {`{"manifest": {"name": "` + a + `", "size": 1}, "segments": [{"name": "` + b + `", "sequence": 1}]}` + "\n\n— peers/alpha AAAA\n", []string{b, a}},
		"A record of a later program": {`{"version": 7, "more": [1], "manifest": {"name": "` + a + `", "digest": "sha3"}, "segments": []}`, []string{a}},
		"Names that nobody gives.":    {`{"manifest": {"name": "../x"}, "segments": [{"name": ""}]}`, []string{}},
		"Garbage.":                    {"garbage", nil},
		"Nothing.":                    {"", nil},
	} {
		if diff := cmp.Diff(c.want, backup.Named([]byte(c.text))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAKeySaysWhoseRecordsItKnows(t *testing.T) {
	for name, ok := range map[string]bool{"peers/alpha": true, "../alpha": false, "peers/../x": false, "peers": false, "a/b/c": false, "peers/Alpha": false, "/": false} {
		namespace, peer, _ := strings.Cut(name, "/")
		_, public, err := backup.NewSigningKey(rand.NewChaCha8([32]byte{}), namespace, peer)
		if err != nil {
			t.Fatal(err)
		}
		n, p, err := backup.Whose(public + "\n")
		if (err == nil) != ok || ok && n+"/"+p != name {
			t.Errorf("%s is the key of %s/%s: %v", name, n, p, err)
		}
	}
	if _, _, err := backup.Whose("peers/alpha"); err == nil {
		t.Error("a name is a key")
	}
}

func TestAReportOfWhatWasRemovedComesBackAsItWas(t *testing.T) {
	p := backup.Pruned{Format: backup.FormatPruned, Peers: 3, Kept: 30, Removed: 2, Objects: 9, Freed: 1 << 40, Locked: 4, Strange: 1, Garbage: 1, Postponed: 2, Failed: 1, Refused: []backup.Refused{{Peer: "peers/alpha", Why: "why"}}}
	got, err := backup.ParsePruned(p.Message())
	if diff := cmp.Diff(p, got); diff != "" || err != nil {
		t.Errorf("(-want +got): %v\n%s", err, diff)
	}
	for range 100 {
		p = p.Plus(backup.Pruned{Peers: 1, Failed: 1, Refused: []backup.Refused{{Peer: "peers/other", Why: strings.Repeat("long ", 1000)}}})
	}
	got, err = backup.ParsePruned(p.Message())
	if err != nil || got.Peers != 103 || got.Failed != 101 || len(got.Refused) < 5 || len(got.Refused) > 50 {
		t.Errorf("of many, %v: %+v", err, got)
	}
	for name, text := range map[string]string{
		"Nothing.": "", "Something else.": `{"format": "a"}`, "One that counts less than nothing.": `{"format": "peernode.dev/prune/v1", "kept": -1}`,
		"One of a later program.": `{"format": "peernode.dev/prune/v1", "more": 1}`, "One that is too long.": strings.Repeat(" ", 5000) + p.Message(),
	} {
		if _, err := backup.ParsePruned(text); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}
