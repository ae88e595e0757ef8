// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/test/s3"
)

// steering is what a thief tries so that who removes old backups removes good ones.
var steering = []act{
	{"forges records that end in a hundred years", func(th *thief) error {
		r := th.last
		r.Started, r.Finished = time.Now().AddDate(100, 0, 0), time.Now().AddDate(100, 0, 1)
		return errors.Join(th.put(th.record(400), th.signed(th.own(), r, 400)), th.put(th.record(401), th.signed(th.own(), r, 401)), th.put(th.record(402), th.signed(th.own(), r, 402)))
	}},
	{"puts old records under newer names", func(th *thief) error {
		var errs []error
		for i := range int64(20) {
			text, err := get(th.Context(), th.Client, th.record(1+i%2), "")
			errs = append(errs, err, th.put(th.record(500+i), text))
		}
		return errors.Join(errs...)
	}},
	{"writes records over themselves, as they were and damaged", func(th *thief) error {
		var errs []error
		for _, sequence := range []int64{1, 2, 3} {
			text, err := get(th.Context(), th.Client, th.record(sequence), "")
			errs = append(errs, err, th.put(th.record(sequence), text), th.put(th.record(sequence), text[1:]))
		}
		return errors.Join(errs...)
	}},
	{"writes over everything that he can list", func(th *thief) error {
		out, err := th.ListObjectsV2(th.Context(), &awss3.ListObjectsV2Input{Bucket: &th.bucket, Prefix: aws.String(alphas)})
		if err != nil {
			return err
		}
		var errs []error
		for i := range out.Contents {
			errs = append(errs, th.put(aws.ToString(out.Contents[i].Key), garbage))
		}
		return errors.Join(errs...)
	}},
	{"has old records name nothing", func(th *thief) error {
		r := th.last
		r.Manifest.Name = strings.Repeat("z", 26)
		return errors.Join(th.put(th.record(2), th.signed(th.own(), r, 2)), th.put(th.record(3), th.signed(th.own(), r, 3)))
	}},
	{"plants objects", func(th *thief) error {
		var errs []error
		for i := range 26 {
			errs = append(errs, th.put(alphas+"data/"+strings.Repeat(string(rune('a'+i)), 26), garbage))
		}
		return errors.Join(errs...)
	}},
	{"deletes the records of the newest backups", func(th *thief) error {
		return errors.Join(th.deletes(th.record(2), "", false), th.deletes(th.record(3), "", false))
	}},
	{"puts a record there that is as large as any may be", func(th *thief) error {
		return th.put(th.record(700), []byte(`{"manifest": {"name": "`+strings.Repeat("x", backup.MaxRecord)+`"}}`))
	}},
	{"nests a record deeply", func(th *thief) error {
		return th.put(th.record(701), []byte(`{"segments": `+strings.Repeat("[", 1<<20)))
	}},
	{"forges newer records by the hundred", func(th *thief) error {
		own, errs := th.own(), []error(nil)
		for sequence := range int64(100) {
			errs = append(errs, th.put(th.record(100+sequence), th.signed(own, th.last, 100+sequence)))
		}
		return errors.Join(errs...)
	}},
}

// withKey are acts of who can have records signed as well.
var withKey = []act{
	{"signs newer records by the dozen", func(th *thief) error {
		var errs []error
		for sequence := range int64(50) {
			errs = append(errs, th.put(th.record(1000+sequence), th.signed(th.signing, th.first, 1000+sequence)))
		}
		return errors.Join(errs...)
	}},
	{"signs old records anew, which name other objects", func(th *thief) error {
		return errors.Join(th.put(th.record(2), th.signed(th.signing, th.first, 2)), th.put(th.record(3), th.signed(th.signing, th.first, 3)))
	}},
}

// stays are the backups from before he came that would stay.
func (th *thief) stays() (out []int64) {
	th.Helper()
	fates := th.fates()
	for _, sequence := range []int64{1, 2, 3} {
		if fates[sequence] == "stays" {
			out = append(out, sequence)
		}
	}
	return out
}

// He has the peer's credentials, and not those of who removes old backups. Of three backups the first may go, and the others
// are the newest two, old as they are.
func TestWhoHasThePeersCredentialsMakesNoBackupGoEarlier(t *testing.T) {
	store := s3.Start(t, backups)
	if err := store.KeepVersions(t.Context(), backups); err != nil {
		t.Fatal(err)
	}
	owner, err := store.Client()
	if err != nil {
		t.Fatal(err)
	}
	th := steal(t, store, owner, func() { store.Age(t, 20*days) })
	store.Age(t, 20*days)
	writer, janitor := th.store, store.Stranger(t, "janitor")
	rights := map[string][]s3.Statement{"writer": rightsOfThief(), "janitor": janitorOf(t, backups, "berlin")}
	if err := store.SetPolicies(t.Context(), backups, rights); err != nil {
		t.Fatal(err)
	}
	th.credentials(janitor)
	want := th.stays()
	if !slices.Equal(want, []int64{2, 3}) {
		t.Fatalf("without him %v would stay", want)
	}
	happened := 0
	for _, acts := range [][]act{overwrites, deletions, forgeries, steering, withKey} {
		for _, act := range acts {
			th.credentials(writer)
			err := act.try(th)
			if err == nil {
				happened++
			}
			th.credentials(janitor)
			if got := th.stays(); !slices.Contains(got, 2) || !slices.Contains(got, 3) {
				t.Fatalf("after he %s (%s), %v would stay, want %v at least", act.name, brief(err), got, want)
			}
		}
	}
	if happened < 20 {
		t.Errorf("the store let only %d acts happen", happened)
	}
	p := th.prunes()
	if p.Failed+p.Locked > 0 || p.Strange < 150 {
		t.Errorf("it did %+v", p)
	}
	th.restores(2, 3)

	// What he left goes in its time, as far as it is older than what is good. All of it is seen.
	th.credentials(writer)
	for sequence := range int64(3) {
		if err := th.put(th.record(20_000+sequence), th.signed(th.signing, th.last, 20_000+sequence)); err != nil {
			t.Fatal(err)
		}
	}
	store.Age(t, 40*days)
	th.credentials(janitor)
	runs := 0
	for p = th.prunes(); p.Removed+p.Garbage+p.Objects > 0 && runs < 20; runs++ {
		p = th.prunes()
	}
	if p.Kept != 2 || p.Strange != 1 || p.Failed+p.Postponed+p.Locked > 0 { // that of the last sequence that there is
		t.Errorf("in the end, after %d runs, it did %+v", runs, p)
	}
	left, err := store.List(t.Context(), backups)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the store let him do %d things; after %d runs there is %v", happened, runs, left)
}

// restores all of them as they were, as who may read everything.
func (th *thief) restores(sequences ...int64) {
	th.Helper()
	th.credentials(th.owner)
	for _, sequence := range sequences {
		to := th.TempDir()
		th.must(th.readArgs("restore", "--to", to, "--sequence", strconv.FormatInt(sequence, 10), "--record-sha256", th.sums[sequence])...)
		if diff := gocmp.Diff(th.trees[sequence], looks(th, to)); diff != "" {
			th.Errorf("backup %d is another (-was +is):\n%s", sequence, diff)
		}
	}
}

// janitorOf are the rights of the manual for a bucket.
func janitorOf(t *testing.T, bucket, prefix string) []s3.Statement {
	t.Helper()
	text := strings.NewReplacer("example-peer-backups", bucket, "clusters/eu-1", prefix).Replace(string(example(t, "janitor.json")))
	return policyOf(t, []byte(text))
}

// signedBackups puts small backups there by a shorter way than by making them: each a manifest and two segments, of which the
// next three name one as well.
func (h *history) signedBackups(signer backup.Signer, r backup.Record, first, n int64) {
	h.Helper()
	object := func(kind string, sequence int64) backup.Object {
		content := fmt.Appendf(nil, "%s of %d", kind, sequence)
		name := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return 'a' + r - '0'
			}
			return r
		}, fmt.Sprintf("%s%0*d", kind, 26-len(kind), sequence))
		if err := h.server.Put(h.Context(), backups, alphas+"data/"+name, content); err != nil {
			h.Fatal(err)
		}
		return backup.Object{Name: name, Size: int64(len(content))}
	}
	var shared []backup.Segment
	for sequence := first; sequence < first+n; sequence++ {
		r.Sequence, r.Base, r.Parent = sequence, first, &backup.Parent{Sequence: sequence - 1}
		if sequence == first {
			r.Parent = nil
		}
		r.Manifest = object("manifest", sequence)
		shared = append(shared[max(0, len(shared)-3):], backup.Segment{Object: object("shared", sequence), Sequence: sequence})
		r.Segments = append(slices.Clone(shared), backup.Segment{Object: object("own", sequence), Sequence: sequence, Number: 1})
		text, err := signer.Sign(r)
		if err == nil {
			err = h.server.Put(h.Context(), backups, alphas+backup.RecordName(sequence), text)
		}
		if err != nil {
			h.Fatal(err)
		}
	}
}
