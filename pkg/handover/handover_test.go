// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
)

// The longest binding that there is, of names that do not compress.
var longest = seal.Binding{
	Namespace: "q7x0zk3v9b1m5n8c2j6h4g-a0s9d8f7g6h5j4k3l2p1o0i9u8y7t6r5e4w3q2z1",
	PeerNode:  "m1n2b3v4c5x6z7l8k9j0h-g1f2d3s4a5p6o7i8u9y0t1r2e3w4q5",
	Role:      seal.RoleIdentity,
	Epoch:     math.MaxInt64,
}

// secret is the private key of these tests; it belongs to a public key of the longer kind.
var secret = []byte("0123456789abcdefghijklmnopqrstuv")

// openers makes so many of each family.
func openers(t testing.TB, hybrid, x25519 int) []seal.Opener {
	t.Helper()
	var out []seal.Opener
	for range hybrid {
		o, err := seal.NewOpener()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	for range x25519 {
		i, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		o, err := seal.ParseOpener(i.String())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func recipients(openers []seal.Opener) []seal.Recipient {
	var out []seal.Recipient
	for _, o := range openers {
		out = append(out, o.Recipient())
	}
	return out
}

func sealed(t testing.TB, to []seal.Recipient) seal.Envelope {
	t.Helper()
	key, err := identity.Parse(v1alpha1.IdentitySecp256k1, secret)
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal.Seal(key, longest, to)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func split(t testing.TB, e seal.Envelope, parts int) []string {
	t.Helper()
	messages, err := handover.Split(e, parts)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestWhatWasHandedOverOpens(t *testing.T) {
	for name, c := range map[string]struct{ hybrid, x25519, parts int }{
		"The operator alone.":                    {1, 0, 1},
		"With one recovery key.":                 {2, 0, 2},
		"With a recovery key of X25519.":         {1, 1, 2},
		"With as many recovery keys as can be.":  {handover.MaxRecipients, 0, 3},
		"As many, of which one is of X25519.":    {handover.MaxRecipients - 1, 1, 3},
		"In more parts than it takes.":           {1, 0, 3},
		"Recovery keys of X25519 and no others.": {0, 4, 1},
	} {
		all := openers(t, c.hybrid, c.x25519)
		e := sealed(t, recipients(all))
		messages := split(t, e, c.parts)
		slices.Reverse(messages)
		messages[0] += "\n"
		got, err := handover.Join(messages)
		if err != nil {
			t.Errorf("%s %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(e.Text()), string(got.Text())); diff != "" || len(messages) != c.parts {
			t.Errorf("%s %d parts (-before +after):\n%s", name, len(messages), diff)
		}
		for _, o := range all {
			if opened, err := got.Open(longest, o); err != nil || !bytes.Equal(opened.Key.Secret(), secret) {
				t.Errorf("%s %s cannot open it: %v", name, o.Recipient().Info(), err)
			}
		}
	}
}

func TestMessagesSayWhatTheyAre(t *testing.T) {
	messages := split(t, sealed(t, recipients(openers(t, 2, 0))), 2)
	for i, m := range messages {
		if begin := []string{"peernode.dev/key-handover v1 part 1/2 sha256:", "peernode.dev/key-handover v1 part 2/2 sha256:"}[i]; !strings.HasPrefix(m, begin) || strings.Contains(m, "\n") {
			t.Errorf("part %d is %q", i+1, m)
		}
		if err := handover.Check(m); err != nil {
			t.Errorf("part %d: %v", i+1, err)
		}
	}
}

func TestWhatIsNoMessageIsFound(t *testing.T) {
	if err := handover.Check("error: no entropy"); err == nil || !strings.Contains(err.Error(), "it holds no part of a key") {
		t.Errorf("got %v", err)
	}
}

func TestAnEnvelopeThatDoesNotFitIsRefused(t *testing.T) {
	e := sealed(t, recipients(openers(t, 2, 0)))
	for parts, says := range map[int]string{
		-1: "in 1 to 3 parts, not in -1",
		0:  "in 1 to 3 parts, not in 0",
		1:  "the envelope for 2 recipients does not fit into termination messages",
		4:  "in 1 to 3 parts, not in 4",
	} {
		if _, err := handover.Split(e, parts); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d parts: got %v, want an error that says %q", parts, err, says)
		}
	}
	if _, err := handover.Split(sealed(t, recipients(openers(t, handover.MaxRecipients+1, 0))), handover.MaxParts); err == nil {
		t.Errorf("%d hybrid recipients fit: MaxRecipients is smaller than it needs to be", handover.MaxRecipients+1)
	}
}
