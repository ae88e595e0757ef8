// SPDX-License-Identifier: Apache-2.0

package sealingkey_test

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/sealingkey/sealingkeytest"
)

func TestTheNewestKeyIsInUseAndAllOpen(t *testing.T) {
	r := sealingkeytest.Ring(t, now, 2, 10, 1)
	var numbers []int
	for i, opener := range r.Openers() {
		if opener.Recipient().String() != r[i].Recipient().String() {
			t.Errorf("opener %d is that of another key", i)
		}
		numbers = append(numbers, r[i].Number())
	}
	if diff := cmp.Diff([]int{10, 2, 1}, numbers); diff != "" || r.InUse().Number() != 10 {
		t.Errorf("the key in use is %d; the order (-want +got):\n%s", r.InUse().Number(), diff)
	}
	for want, recipients := range map[int][]seal.Recipient{
		10: {r[2].Recipient(), r[0].Recipient()},
		2:  {r[1].Recipient()},
		0:  {read(t, secret(t, 10)).Recipient()},
	} {
		if got := r.Opens(header(t, recipients)); got != want {
			t.Errorf("opened by key %d, want %d", got, want)
		}
	}
}

func header(t *testing.T, recipients []seal.Recipient) seal.Header {
	t.Helper()
	key, err := identity.Parse("Ed25519", []byte("0123456789abcdefghijklmnopqrstuv"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal.Seal(key, seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}, recipients)
	if err != nil {
		t.Fatal(err)
	}
	return e.Header()
}

func TestARingThatIsNone(t *testing.T) {
	key := read(t, secret(t, 1))
	for says, keys := range map[string][]sealingkey.Key{
		"there is no sealing key":      nil,
		"there are two sealing keys 1": {key, read(t, secret(t, 2)), key},
	} {
		if _, err := sealingkey.NewRing(keys...); err == nil || err.Error() != says {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// An unsealer that lacks the newest key must not make the others forget it.
func TestWhoLacksTheNewestKeyIsBehind(t *testing.T) {
	for name, c := range map[string]struct {
		has       []int
		published int
		want      bool
	}{
		"A key more than is published.":                 {[]int{1, 2}, 1, false},
		"The one that is published.":                    {[]int{2}, 2, false},
		"All but the one that is published.":            {[]int{1}, 2, true},
		"One that is newer, and not the published one.": {[]int{3}, 2, false},
	} {
		if got := sealingkeytest.Ring(t, now, c.has...).Behind(sealingkey.Published{Number: c.published}); got != c.want {
			t.Errorf("%s Behind = %v, want %v", name, got, c.want)
		}
	}
}

func TestWhichSealingKeysAreToBeMade(t *testing.T) {
	for name, c := range map[string]struct {
		wanted    []int
		published *sealingkey.Published
		want      []int
	}{
		"Nothing is published.":             {[]int{1, 2}, nil, []int{1, 2}},
		"The only one is published.":        {[]int{1}, &sealingkey.Published{Number: 1}, nil},
		"One more is wanted.":               {[]int{1, 2}, &sealingkey.Published{Number: 1}, []int{2}},
		"One of before is gone.":            {[]int{3, 2, 4}, &sealingkey.Published{Number: 3}, []int{4}},
		"A newer one is published already.": {[]int{1}, &sealingkey.Published{Number: 2}, nil},
	} {
		if diff := cmp.Diff(c.want, sealingkey.ToMake(c.wanted, c.published)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// While keys are exchanged, some replicas have the new key and others do not, and peers know the authorities of before or of
// now. Each of them has to know each replica.
func TestPeersKnowEveryReplicaWhileSealingKeysChange(t *testing.T) {
	both := sealingkeytest.Ring(t, now, 1, 2)
	before, after := both[1:], both[:1]
	host := sealingkey.Host("peernode-system")
	knows := func(peer, replica sealingkey.Ring) error {
		serving, err := replica.Serving(sealingkey.Hosts("peernode-system"), now)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(peer.Published().CA)
		_, err = serving.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: now})
		return err
	}
	for name, c := range map[string]struct{ peer, replica sealingkey.Ring }{
		"A peer of before, a replica that has both.": {before, both},
		"A peer of between, a replica of before.":    {both, before},
		"A peer of between, a replica of after.":     {both, after},
		"A peer of after, a replica of after.":       {after, after},
	} {
		if err := knows(c.peer, c.replica); err != nil {
			t.Errorf("%s %v", name, err)
		}
	}
	if knows(after, before) == nil {
		t.Error("who was told of the new authority alone knows a replica with the old one")
	}
	data := both.Published().Data()
	got, err := sealingkey.ReadPublished(data)
	if err != nil || got.Number != 2 || !bytes.Equal(got.CA, slices.Concat(both[0].CA(), both[1].CA())) {
		t.Errorf("what is published of both reads back as %v, %v", got, err)
	}
	data["ca.crt"] += "x"
	if _, err := sealingkey.ReadPublished(data); err == nil || !strings.Contains(err.Error(), "ca.crt: this is not one block of PEM") {
		t.Errorf("with something else behind the certificates: got %v", err)
	}
}

// The oldest authority vouches for the unsealer as long as it is good for what it vouches for.
func TestAnAuthorityThatRunsOutHandsOver(t *testing.T) {
	old, err := sealingkey.NewSecret("peernode-system", 1, now.AddDate(-10, 0, 3)) // It runs out in half a day or so.
	if err != nil {
		t.Fatal(err)
	}
	r, err := sealingkey.NewRing(read(t, old), read(t, secret(t, 2)))
	if err != nil {
		t.Fatal(err)
	}
	serving, err := r.Serving(sealingkey.Hosts("peernode-system"), now)
	if err != nil {
		t.Fatal(err)
	}
	if issuer := serving.Leaf.Issuer.CommonName; issuer != "peernode-unsealer sealing key 2" {
		t.Errorf("vouched for by %q", issuer)
	}
}
