// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/unseal"
)

// directPod is what the kubelet has laid out for the init container of a peer that opens its key by itself.
type directPod struct {
	*pod
	opener seal.Opener
}

func newDirectPod(t *testing.T) *directPod {
	t.Helper()
	p := &directPod{pod: newPod(t, func(http.ResponseWriter, unseal.Asked) { t.Error("the unsealer was asked") })}
	p.opener = newOpener(t)
	p.sealTo(p.opener)
	p.lay("opener.age", []byte("# made for alpha\n"+p.opener.Secret()+"\n"))
	return p
}

func newOpener(t *testing.T) seal.Opener {
	t.Helper()
	opener, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return opener
}

// sealTo puts an envelope of the peer's key into the pod that opens for one.
func (p *directPod) sealTo(opener seal.Opener) {
	p.Helper()
	envelope, err := seal.Seal(keyOf(p.T, seed), alpha, []seal.Recipient{opener.Recipient()})
	if err != nil {
		p.Fatal(err)
	}
	p.lay("envelope", envelope.Text())
}

// unseals runs the init container. More is said on the command line after what the operator says.
func (p *directPod) unseals(more string) (code int, said string) {
	p.Helper()
	code, stdout, said := shell(p.T, p.dir, "peer-companion unseal --envelope envelope --identity opener.age "+
		"--namespace peers --peernode alpha --epoch 1 --software p2pAgent --to files --termination-log termination-log "+more)
	all := stdout + said + p.reads("termination-log")
	if stdout != "" {
		p.Errorf("on the standard output: %s", stdout)
	}
	letters := strings.TrimPrefix(p.opener.Secret(), "AGE-SECRET-KEY-PQ-1") // By which everybody knows what it is.
	for what, private := range map[string][]byte{"key": seed, "private key of age": []byte(letters)} {
		if found := canary.Find([]byte(all), private); len(found) > 0 {
			p.Errorf("the %s shows (%v): %s", what, found, all)
		}
	}
	return code, said
}

func TestAPeerOpensItsKeyWithAPrivateKeyOfItsOwn(t *testing.T) {
	p := newDirectPod(t)
	code, said := p.unseals("")
	if code != 0 || !strings.HasPrefix(said, "unsealed into files: the key of peers/alpha, role identity, epoch 1, Ed25519 ") {
		t.Fatalf("exit code %d: %s", code, said)
	}
	p.has()
	if left := p.reads("termination-log"); left != "of the run before" {
		t.Errorf("the termination log says %q", left)
	}

	p.lay("files.new", nil) // of a run that was cut off
	if code, said := p.unseals(""); code != 0 {
		t.Errorf("once more: exit code %d, %s", code, said)
	}
	p.has()
}

func TestAPeerThatCannotOpenItsKeyByItselfSaysWhy(t *testing.T) {
	other := newOpener(t)
	for name, c := range map[string]struct {
		change func(*directPod)
		more   string
		reason string
		says   string
	}{
		"No private key.":               {func(p *directPod) { _ = os.Remove(filepath.Join(p.dir, "opener.age")) }, "", "OpenerMissing", "opener.age: no such file or directory"},
		"Something else than one.":      {func(p *directPod) { p.lay("opener.age", seed) }, "", "IdentityUnreadable", "opener.age: line 1: this is no private key of age"},
		"An empty file.":                {func(p *directPod) { p.lay("opener.age", nil) }, "", "IdentityUnreadable", "opener.age: there is none in it"},
		"One that is cut off.":          {func(p *directPod) { p.lay("opener.age", []byte(p.opener.Secret()[:40])) }, "", "IdentityUnreadable", "damaged or cut off"},
		"A public key.":                 {func(p *directPod) { p.lay("opener.age", []byte(p.opener.Recipient().String())) }, "", "IdentityUnreadable", "this is a recipient of age"},
		"A folder.":                     {func(*directPod) {}, "--identity .", "IdentityUnreadable", "is a directory"},
		"The private key of another.":   {func(p *directPod) { p.lay("opener.age", []byte(other.Secret())) }, "", "EnvelopeNotForUs", "opener.age: none of the private keys given opens the envelope"},
		"An envelope that was changed.": {func(p *directPod) { p.exchangesKey() }, "", "EnvelopeDamaged", "its publicKey is"},
		"No envelope.":                  {func(p *directPod) { p.lay("envelope", seed) }, "", "EnvelopeUnreadable", "this is no envelope"},
		"The envelope of another peer.": {func(*directPod) {}, "--peernode beta", "EnvelopeWrong", "the pod is that of peers/beta"},
		"That of another epoch.":        {func(*directPod) {}, "--epoch 2", "EnvelopeWrong", "the pod is that of peers/alpha, role identity, epoch 2"},
		"A folder that cannot be.":      {func(*directPod) {}, "--to none/files", "KeyUnwritable", "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newDirectPod(t)
			c.change(p)
			code, said := p.unseals(c.more)
			left := p.reads("termination-log")
			if code != 1 || !strings.HasPrefix(left, c.reason+": ") || !strings.Contains(left, c.says) || !strings.HasSuffix(said, "error: "+left+"\n") {
				t.Errorf("exit code %d, said %q, left %q; want %s and %q", code, said, left, c.reason, c.says)
			}
			if _, err := os.Stat(filepath.Join(p.dir, "files")); err == nil {
				t.Error("there are key files")
			}
		})
	}
}

// exchangesKey makes the envelope name another key than the one that is sealed in it.
func (p *directPod) exchangesKey() {
	p.Helper()
	sealed, named := keyOf(p.T, seed).Public(), keyOf(p.T, bytes.Repeat([]byte("o"), 32)).Public()
	text := strings.NewReplacer(sealed.Hex(), named.Hex(), sealed.PeerID(), named.PeerID()).Replace(p.reads("envelope"))
	p.lay("envelope", []byte(text))
}

func TestAKeyIsOpenedInExactlyOneWay(t *testing.T) {
	for name, c := range map[string]struct{ flags, says string }{
		"By the unsealer and without it.":      {"--identity opener.age --url https://unsealer:8443 --token token --ca ca.crt", "none of the others can be"},
		"In no way.":                           {"", "at least one of the flags in the group [identity url] is required"},
		"By an unsealer that nobody can ask.":  {"--url https://unsealer:8443", "they must all be set"},
		"With a token and without an unsealer": {"--identity opener.age --token token", "they must all be set"},
		"With a private key from nowhere.":     {"--identity ''", "does not begin with https://"},
	} {
		p := newDirectPod(t)
		code, _, said := shell(t, p.dir, "peer-companion unseal --envelope envelope --namespace peers --peernode alpha --to files "+c.flags)
		if code != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s exit code %d, said %q; want %q", name, code, said, c.says)
		}
	}
}
