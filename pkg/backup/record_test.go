// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/backup"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
)

// keys are a signer and who trusts it. The key is always the same one: that of these tests.
func keys(t testing.TB, who ...string) (backup.Signer, backup.Trust) {
	t.Helper()
	seed, name := bytes.Repeat([]byte{42}, 64), "alpha"
	if len(who) > 0 {
		name = who[0]
		seed = bytes.Repeat([]byte(name), 64)
	}
	private, public, err := backup.NewSigningKey(bytes.NewReader(seed), "peers", name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := backup.ParseSigner(private+"\n", "peers", name)
	if err != nil || s.Public() != public {
		t.Fatalf("%v, %q and %q", err, s.Public(), public)
	}
	trust, err := backup.ParseTrust("peers", name, public)
	if err != nil {
		t.Fatal(err)
	}
	return s, trust
}

func object(letter string, size int64) backup.Object {
	return backup.Object{Name: strings.Repeat(letter, 26), Size: size, Digest: sha256.Sum256([]byte(letter))}
}

// increment is the record of an incremental backup.
func increment() backup.Record {
	manifest := object("m", 999)
	manifest.Version = "01KAAAAAAAAAAAAAAAAAAAAAAA"
	return backup.Record{
		Namespace: "peers", PeerNode: "alpha", Sequence: 7, Name: "daily", Method: backup.MethodStopped, Base: 3,
		Started: time.Date(2026, 11, 27, 1, 2, 3, 4, time.UTC), Finished: time.Date(2026, 11, 27, 1, 3, 0, 0, time.UTC),
		Parent:     &backup.Parent{Sequence: 5, SHA256: sha256.Sum256([]byte("parent"))},
		Recipients: []seal.RecipientInfo{{Family: seal.Hybrid, Fingerprint: "sha256:" + strings.Repeat("0", 64)}},
		Manifest:   manifest,
		Segments:   []backup.Segment{{Object: object("a", 5), Sequence: 3}, {Object: object("b", 9<<20), Sequence: 7}, {Object: object("c", 7), Sequence: 7, Number: 1}},
		Tree:       backup.TreeInfo{Files: 3, Folders: 2, Links: 1, Bytes: 1000, Stored: 900},
	}
}

func sign(t testing.TB, s backup.Signer, r backup.Record) []byte {
	t.Helper()
	text, err := s.Sign(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARecordIsReadAsItWasSigned(t *testing.T) {
	signer, trust := keys(t)
	text := sign(t, signer, increment())
	golden(t, "v1.record.note", text)
	got, err := trust.Open(text, 7)
	if err != nil {
		t.Fatal(err)
	}
	want := increment()
	want.Format, want.Version = backup.FormatRecord, backup.VersionRecord
	if diff := cmp.Diff(want, got.Record); diff != "" {
		t.Errorf("(-signed +read):\n%s", diff)
	}
	if got.SHA256 != sha256.Sum256(text) || got.Full() || len(got.Own()) != 2 || got.Own()[0].Parts() != 2 {
		t.Errorf("read is %+v", got)
	}
}

func TestRecordsThatThePeerHasNotSignedAsThatAreRefused(t *testing.T) {
	signer, trust := keys(t)
	stranger, _ := keys(t, "beta")
	text := string(sign(t, signer, increment()))
	foreign := increment()
	foreign.PeerNode = "beta"
	other, err := backup.ParseSigner(otherKey(t), "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	body, signature, _ := strings.Cut(text, "\n\n")
	_, second, _ := strings.Cut(string(sign(t, other, increment())), "\n\n")
	for name, c := range map[string]struct {
		text, says string
		sequence   int64
	}{
		"Nothing.":                           {"", "damaged, or forged", 7},
		"Something else.":                    {"hello\n", "damaged, or forged", 7},
		"No signature.":                      {body + "\n", "damaged, or forged", 7},
		"A signature that is cut off.":       {text[:len(text)-5], "damaged, or forged", 7},
		"Another digit.":                     {strings.Replace(text, `"size": 999`, `"size": 998`, 1), "damaged, or forged", 7},
		"Another sequence, still signed.":    {strings.Replace(text, `"sequence": 7`, `"sequence": 8`, 1), "damaged, or forged", 8},
		"A space more.":                      {strings.Replace(text, "{", "{ ", 1), "damaged, or forged", 7},
		"The signature of another key.":      {body + "\n\n" + second, "signed by none of the keys of peers/alpha", 7},
		"The signature of another peer.":     {string(sign(t, stranger, foreign)), "signed by none of the keys of peers/alpha", 7},
		"A second signature after the first": {text + second, "more than one signature", 7},
		"A second signature before it.":      {body + "\n\n" + second + signature, "more than one signature", 7},
		"The signature twice.":               {text + signature, "more than one signature", 7},
		"Something before it.":               {"\n" + text, "damaged, or forged", 7},
		"Something after it.":                {text + "\n", "damaged, or forged", 7},
		"Another line break.":                {strings.ReplaceAll(text, "\n", "\r\n"), "damaged, or forged", 7},
		"The place of another backup.":       {text, "lies where that of 6 should", 6},
	} {
		if _, err := trust.Open([]byte(c.text), c.sequence); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
	for i := range text {
		for _, bit := range []byte{1, 32, 128} {
			flipped := []byte(text)
			flipped[i] ^= bit
			if _, err := trust.Open(flipped, 7); err == nil {
				t.Fatalf("bit %d of byte %d makes no difference", bit, i)
			}
		}
	}
}

func otherKey(t *testing.T) string {
	t.Helper()
	private, _, err := backup.NewSigningKey(rand.Reader, "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// A key that is trusted can sign nonsense as well. What the program does with it has to be nothing.
func TestRecordsThatMakeNoSenseAreRefusedBySignerAndReader(t *testing.T) {
	signer, _ := keys(t)
	for name, c := range map[string]struct {
		change func(r *backup.Record)
		says   string
	}{
		"Nobody's.":                       {func(r *backup.Record) { r.PeerNode = "" }, "cannot sign"},
		"Another peer's.":                 {func(r *backup.Record) { r.PeerNode = "beta" }, "cannot sign"},
		"Another namespace's.":            {func(r *backup.Record) { r.Namespace = "others" }, "cannot sign"},
		"Sequence zero.":                  {func(r *backup.Record) { r.Sequence = 0 }, "sequence 0 is none"},
		"A sequence with no name for it.": {func(r *backup.Record) { r.Sequence = 10_000_000_000 }, "is none"},
		"A base after it.":                {func(r *backup.Record) { r.Base = 8 }, "neither a full backup"},
		"No base.":                        {func(r *backup.Record) { r.Base = 0 }, "neither a full backup"},
		"A full one with a parent.":       {func(r *backup.Record) { r.Base = 7 }, "neither a full backup"},
		"An increment without a parent.":  {func(r *backup.Record) { r.Parent = nil }, "neither a full backup"},
		"A parent before its chain.":      {func(r *backup.Record) { r.Parent.Sequence = 2 }, "its parent is not of its chain"},
		"Itself as its parent.":           {func(r *backup.Record) { r.Parent.Sequence = 7 }, "its parent is not of its chain"},
		"No recipient.":                   {func(r *backup.Record) { r.Recipients = nil }, "no recipient"},
		"A manifest with a path.":         {func(r *backup.Record) { r.Manifest.Name = "../records/0000000001.note" }, "is not one that is given"},
		"A segment without a name.":       {func(r *backup.Record) { r.Segments[1].Name = "" }, "is not one that is given"},
		"A segment of no size.":           {func(r *backup.Record) { r.Segments[1].Size = 0 }, "has no size"},
		"A segment of less than nothing.": {func(r *backup.Record) { r.Segments[1].Size = -1 }, "has no size"},
		"A version longer than any.":      {func(r *backup.Record) { r.Manifest.Version = strings.Repeat("v", 1025) }, "has a version that no store gives"},
		"A segment from before the chain": {func(r *backup.Record) { r.Segments[0].Sequence = 2 }, "not of its chain"},
		"A segment from the future.":      {func(r *backup.Record) { r.Segments[0].Sequence = 8 }, "not of its chain"},
		"A segment under two numbers.":    {func(r *backup.Record) { r.Segments[2].Object = r.Segments[1].Object }, "is there twice"},
		"Two segments of one number.":     {func(r *backup.Record) { r.Segments[2].Number = 0 }, "is there twice"},
		"The manifest as a segment.":      {func(r *backup.Record) { r.Segments[2].Object = r.Manifest }, "is there twice"},
	} {
		r := increment()
		c.change(&r)
		if _, err := signer.Sign(r); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestWhatIsNoKeyIsRefusedAndNotRepeated(t *testing.T) {
	private, public, err := backup.NewSigningKey(rand.Reader, "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(private[len(private)-30:])
	for name, text := range map[string]string{
		"nothing": "", "a public key": public, "half a key": private[:len(private)-10], "two keys": private + "\n" + private, "a word more": private + " x",
	} {
		_, err := backup.ParseSigner(text, "peers", "alpha")
		if err == nil {
			t.Errorf("%s is taken", name)
		} else if len(canary.Find([]byte(err.Error()), secret)) > 0 {
			t.Errorf("%s: the error tells the key: %v", name, err)
		}
	}
	if _, err := backup.ParseSigner(private, "peers", "beta"); err == nil || !strings.Contains(err.Error(), "it is the key of peers/alpha, and the records are those of peers/beta") {
		t.Errorf("the key of another peer: %v", err)
	}
	s, err := backup.ParseSigner(private, "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s)} {
		if len(canary.Find([]byte(text), secret)) > 0 {
			t.Errorf("the key is printed: %s", text)
		}
	}
	for name, trusted := range map[string][]string{
		"none": nil, "a private key": {private}, "a word": {"alpha"}, "one good and one bad": {public, "peers/alpha+00000000+AAAA"},
	} {
		if _, err := backup.ParseTrust("peers", "alpha", trusted...); err == nil {
			t.Errorf("%s is trusted", name)
		}
	}
	if _, err := backup.ParseTrust("peers", "beta", public); err == nil {
		t.Error("the key of another peer is trusted")
	}
}

func TestRecordsOfAReplacedKeyAreStillKnown(t *testing.T) {
	old, _ := keys(t)
	fresh, err := backup.ParseSigner(otherKey(t), "peers", "alpha")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := backup.ParseTrust("peers", "alpha", old.Public(), fresh.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []backup.Signer{old, fresh} {
		if _, err := trust.Open(sign(t, s, increment()), 7); err != nil {
			t.Error(err)
		}
	}
}

func receipt() backup.Receipt {
	at := time.Date(2026, 11, 27, 1, 4, 0, 0, time.UTC)
	r := backup.Trusted{Record: increment(), SHA256: sha256.Sum256([]byte("record"))}.Receipt()
	r.Uploaded, r.Verified, r.Read, r.Asked, r.Unknown, r.SignedBy = 1, &at, 2, 3, 4, "peers/alpha+1f9b2c3d+AYxH3mxP1Qq1j4W4mCk0r8h6J0m5o0o1bF3sU5u2C9Wk"
	return r
}

func TestAReceiptIsReadAsItWasLeft(t *testing.T) {
	r := receipt()
	golden(t, "v1.receipt.json", []byte(r.Message()))
	got, err := backup.ParseReceipt(r.Message())
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("%v (-left +read):\n%s", err, diff)
	}
	if n := len(r.Message()); n > backup.MaxReceipt/2 {
		t.Errorf("it has %d bytes", n)
	}
}

func TestWhatIsNoReceiptIsRefusedAndNotRepeated(t *testing.T) {
	good := receipt().Message()
	for name, c := range map[string]struct{ text, says string }{
		"Nothing.":                {"", "no receipt"},
		"Words.":                  {"error: S3CRET", "no receipt"},
		"Half of one.":            {good[:len(good)/2], "no receipt"},
		"More than fits.":         {good + strings.Repeat(" ", backup.MaxReceipt), "no receipt"},
		"Another form.":           {strings.Replace(good, "/v1", "/v2", 1), "use operator and companion of one release"},
		"A field that is unknown": {strings.Replace(good, "{", `{"S3CRET":1,`, 1), "damaged"},
		"A field twice.":          {strings.Replace(good, "{", `{"name":"S3CRET",`, 1), "damaged"},
		"A digest that is none.":  {strings.Replace(good, `"sha256":"`, `"sha256":"S3CRET`, 1), "damaged"},
		"A digest in capitals.":   {strings.Replace(good, receipt().SHA256.String(), strings.ToUpper(receipt().SHA256.String()), 1), "damaged"},
		"A number below nothing.": {strings.Replace(good, `"uploaded":1`, `"uploaded":-1`, 1), "less than nothing"},
		"Segments below nothing.": {strings.Replace(good, `"segments":3`, `"segments":-3`, 1), "less than nothing"},
		"A backup 0.":             {strings.Replace(good, `"sequence":7`, `"sequence":0`, 1), "no backup"},
		"A base after it.":        {strings.Replace(good, `"base":3`, `"base":8`, 1), "no backup"},
		"A base of nothing.":      {strings.Replace(good, `"base":3`, `"base":0`, 1), "no backup"},
	} {
		if _, err := backup.ParseReceipt(c.text); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func FuzzRecord(f *testing.F) {
	signer, trust := keys(f)
	text := sign(f, signer, increment())
	full, err := os.ReadFile("testdata/v1.record.note")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{text, full, text[:len(text)/2], append(text, text...), nil, []byte("\n\n— peers/alpha AAAA\n")} {
		f.Add(seed, int64(7))
	}
	f.Fuzz(func(t *testing.T, got []byte, sequence int64) {
		if _, err := trust.Open(got, sequence); err == nil && !bytes.Equal(got, text) {
			t.Fatalf("a record that was never signed: %q", got)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	for _, seed := range []string{receipt().Message(), "", "{}", `{"format":"` + backup.FormatReceipt + `","sequence":1,"base":1}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := backup.ParseReceipt(text)
		if err != nil {
			return
		}
		again, err := backup.ParseReceipt(r.Message())
		if err != nil || !cmp.Equal(r, again) {
			t.Fatalf("what was read is not read again: %v", err)
		}
	})
}
