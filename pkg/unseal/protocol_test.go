// SPDX-License-Identifier: Apache-2.0

package unseal_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

func TestWhatAPeerSendsIsUnderstood(t *testing.T) {
	sealing, ephemeral := opener(t), opener(t)
	e := sealed(t, sealing)
	asked, refusal := unseal.ReadRequest(bytes.NewReader(unseal.Request{Envelope: string(e.Text()), Recipient: ephemeral.Recipient().String()}.Text()))
	if refusal != nil {
		t.Fatal(refusal)
	}
	if !bytes.Equal(asked.Envelope.Text(), e.Text()) || asked.Recipient.String() != ephemeral.Recipient().String() {
		t.Errorf("got %+v", asked)
	}
}

func TestRequestsThatMakeNoSenseAreRefusedWithoutRepeatingThem(t *testing.T) {
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sealing := opener(t)
	good := unseal.Request{Envelope: string(sealed(t, sealing).Text()), Recipient: opener(t).Recipient().String()}
	with := func(change func(*unseal.Request)) string {
		r := good
		change(&r)
		return string(r.Text())
	}
	for name, c := range map[string]struct {
		text   string
		reason unseal.Reason
		says   string
	}{
		"Nothing.":                  {"", unseal.RequestMalformed, "not a JSON object"},
		"No JSON.":                  {sealing.Secret(), unseal.RequestMalformed, "not a JSON object"},
		"A field that is unknown.":  {`{"envelope":"x","recipient":"y","token":"z"}`, unseal.RequestMalformed, "not a JSON object"},
		"A field that comes twice.": {`{"envelope":"x","envelope":"y"}`, unseal.RequestMalformed, "not a JSON object"},
		"Far too much.":             {strings.Repeat(" ", unseal.MaxRequest+1), unseal.RequestMalformed, "larger than"},
		"A long recipient.":         {with(func(r *unseal.Request) { r.Recipient = strings.Repeat("a", 5000) }), unseal.RequestMalformed, "recipient is too long"},
		"No recipient.":             {with(func(r *unseal.Request) { r.Recipient = "" }), unseal.RequestMalformed, "no recipient of age"},
		"A private key as one.":     {with(func(r *unseal.Request) { r.Recipient = sealing.Secret() }), unseal.RequestMalformed, "this is a private key"},
		"A recipient of X25519.":    {with(func(r *unseal.Request) { r.Recipient = x25519.Recipient().String() }), unseal.RecipientNotHybrid, "of the family x25519"},
		"No envelope.":              {with(func(r *unseal.Request) { r.Envelope = "" }), unseal.EnvelopeDamaged, "this is no envelope"},
		"A cut envelope.":           {with(func(r *unseal.Request) { r.Envelope = r.Envelope[:500] }), unseal.EnvelopeDamaged, "cut off"},
		"A changed envelope.":       {with(func(r *unseal.Request) { r.Envelope = strings.Replace(r.Envelope, "12D3", "13D3", 1) }), unseal.EnvelopeDamaged, "peerID"},
	} {
		_, refusal := unseal.ReadRequest(strings.NewReader(c.text))
		if refusal == nil || refusal.Reason != c.reason || !strings.Contains(refusal.Message, c.says) {
			t.Errorf("%s got %v, want %s and %q", name, refusal, c.reason, c.says)
			continue
		}
		if found := canary.Find(refusal.Text(), []byte(sealing.Secret()[len("AGE-SECRET-KEY-PQ-1"):])); len(found) > 0 {
			t.Errorf("%s the refusal shows a private key (%v)", name, found)
		}
	}
}

// The largest envelope that there is fits, however it is escaped.
func TestARequestOfTheLargestEnvelopeFits(t *testing.T) {
	var all []seal.Opener
	for range seal.MaxRecipients {
		all = append(all, opener(t))
	}
	text := unseal.Request{Envelope: string(sealed(t, all...).Text()), Recipient: all[0].Recipient().String()}.Text()
	if _, refusal := unseal.ReadRequest(bytes.NewReader(text)); refusal != nil {
		t.Errorf("%d bytes: %s", len(text), refusal)
	}
}

func TestTheAnswerOpensForTheEphemeralKeyAlone(t *testing.T) {
	old, sealing, recovery, ephemeral := opener(t), opener(t), opener(t), opener(t)
	asked := unseal.Asked{Envelope: sealed(t, sealing, recovery), Recipient: ephemeral.Recipient()}
	answer, refusal := unseal.Rewrap(asked, []seal.Opener{sealing, old})
	if refusal != nil {
		t.Fatal(refusal)
	}
	opened, err := answer.Open(alpha, ephemeral)
	if err != nil || !opened.Key.Equal(key(t)) {
		t.Errorf("the ephemeral key opens it: %v, %v", opened.Key, err)
	}
	for name, other := range map[string]seal.Opener{"sealing key": sealing, "recovery key": recovery} {
		if _, err := answer.Open(alpha, other); err == nil {
			t.Errorf("the %s opens the answer", name)
		}
	}
}

func TestWhatTheSealingKeysDoNotOpenIsRefused(t *testing.T) {
	sealing, recovery := opener(t), opener(t)
	refused := func(e seal.Envelope) *unseal.Refusal {
		_, refusal := unseal.Rewrap(unseal.Asked{Envelope: e, Recipient: recovery.Recipient()}, []seal.Opener{sealing})
		return refusal
	}
	for name, c := range map[string]struct {
		newest, published int
		want              unseal.Reason
		says              string
	}{
		"An envelope of another cluster.":               {2, 2, unseal.EnvelopeForeign, "seal the key again with a recovery key"},
		"A replica that has a key before all others.":   {3, 2, unseal.EnvelopeForeign, "seal the key again with a recovery key"},
		"A replica that lacks what others have by now.": {1, 2, unseal.SealingKeyNotMounted, "sealing key 2 is in use, and the newest one of this replica of the unsealer is 1"},
	} {
		if r := unseal.Foreign(c.newest, c.published); r.Reason != c.want || !strings.Contains(r.Message, c.says) {
			t.Errorf("%s got %v, want %s", name, r, c.want)
		}
	}
	// Everybody can read the header and write another one around what is sealed.
	text := strings.Replace(string(sealed(t, sealing).Text()), `"peerNode": "alpha"`, `"peerNode": "beta"`, 1)
	changed, err := seal.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if r := refused(changed); r == nil || r.Reason != unseal.EnvelopeDamaged || !strings.Contains(r.Message, "was changed") {
		t.Errorf("an envelope with another header: got %v", r)
	}
}

func TestARefusalReadsBack(t *testing.T) {
	for _, r := range []*unseal.Refusal{unseal.NewRefusal(unseal.EpochRevoked, "m"), unseal.NewRefusal(unseal.Busy, "m")} {
		got, ok := unseal.ReadRefusal(r.Text())
		if !ok || got != *r {
			t.Errorf("got %v, %t", got, ok)
		}
	}
	for _, text := range []string{"", "Bad Gateway", `{"reason":"Teapot","message":"m"}`, `{}`, `{"reason":"Unsealed"}`} {
		if got, ok := unseal.ReadRefusal([]byte(text)); ok {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}

func TestWhatMayPassIsAskedAgainAndTheRestIsNot(t *testing.T) {
	for reason, want := range map[unseal.Reason]int{
		unseal.NotUnsealing: 409, unseal.AddressUnknown: 409, unseal.EpochNotInUse: 409,
		unseal.Busy: 503, unseal.Undecided: 503,
		unseal.EpochRevoked: 403, unseal.TokenInvalid: 403, unseal.PodChanged: 403, unseal.WrongAddress: 403,
	} {
		r := unseal.NewRefusal(reason, "")
		if r.Status() != want || r.ForGood() != (want == 403) {
			t.Errorf("%s is answered with %d, for good: %t", reason, r.Status(), r.ForGood())
		}
	}
}

// Every reason is declared once, with a comment, has a status, and is called what it says.
func TestEveryReasonIsDocumentedAndAnswered(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/unsealer.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || spec.Type == nil {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); !ok || ident.Name != "Reason" {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || value != spec.Names[0].Name {
			t.Errorf("%s is called %q", spec.Names[0].Name, value)
		}
		if value == string(unseal.Unsealed) || value == string(unseal.Signed) {
			return true
		}
		count++
		if !strings.HasPrefix(spec.Doc.Text(), value+": ") {
			t.Errorf("%s has no comment that says what it means", value)
		}
		if unseal.NewRefusal(unseal.Reason(value), "").Status() == 0 {
			t.Errorf("%s has no status", value)
		}
		if !bytes.Contains(manual, []byte("| `"+value+"` |")) {
			t.Errorf("%s is missing in docs/unsealer.md", value)
		}
		return true
	})
	if count < 20 {
		t.Errorf("found %d reasons", count)
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"envelope":"{}","recipient":"age1"}`))
	f.Add([]byte(`{"envelope":"{\"format\":\"peernode.dev/key-envelope\",\"version\":1}","recipient":"age1pq1"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		asked, refusal := unseal.ReadRequest(bytes.NewReader(text))
		if refusal == nil {
			if asked.Recipient.Family() != seal.Hybrid || asked.Envelope.Header().Binding.Validate() != nil {
				t.Errorf("taken: %+v", asked)
			}
			return
		}
		if !refusal.ForGood() || refusal.Message == "" {
			t.Errorf("got %v", refusal)
		}
		if !json.Valid(refusal.Text()) {
			t.Errorf("no JSON: %s", refusal.Text())
		}
	})
}
