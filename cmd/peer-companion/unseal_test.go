// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer/p2pagent"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/pkg/unseal"
)

const podToken = "token-of-alpha-0"

var (
	seed  = []byte("0123456789abcdefghijklmnopqrstuv")
	alpha = seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}
)

// answer is what an unsealer says to one request.
type answer func(w http.ResponseWriter, asked unseal.Asked)

func says(r unseal.Reason) answer {
	return func(w http.ResponseWriter, _ unseal.Asked) {
		refusal := unseal.NewRefusal(r, "because")
		w.WriteHeader(refusal.Status())
		_, _ = w.Write(refusal.Text())
	}
}

// hands seals a key to whoever asks.
func hands(t *testing.T, seed []byte, binding seal.Binding) answer {
	key := keyOf(t, seed)
	return func(w http.ResponseWriter, asked unseal.Asked) {
		e, err := seal.Seal(key, binding, []seal.Recipient{asked.Recipient})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(e.Text())
	}
}

func keyOf(t *testing.T, seed []byte) identity.Key {
	t.Helper()
	key, err := identity.Parse(v1alpha1.IdentityEd25519, seed)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pod is what the kubelet has laid out for the init container, in front of an unsealer.
type pod struct {
	*testing.T
	dir    string
	server *httptest.Server

	mu      sync.Mutex
	answers []answer
	asked   int
}

// newPod is a pod whose unsealer gives these answers, the last one for ever.
func newPod(t *testing.T, answers ...answer) *pod {
	t.Helper()
	p := &pod{T: t, dir: t.TempDir(), answers: answers}
	p.server = httptest.NewTLSServer(p)
	t.Cleanup(p.server.Close)
	sealing, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := seal.Seal(keyOf(t, seed), alpha, []seal.Recipient{sealing.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	p.lay("envelope", envelope.Text())
	p.lay("token", []byte(podToken+"\n"))
	p.lay("ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw}))
	p.lay("termination-log", []byte("of the run before"))
	return p
}

func (p *pod) lay(name string, content []byte) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p *pod) reads(name string) string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}

func (p *pod) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, refusal := unseal.ReadRequest(r.Body)
	if refusal != nil || r.Header.Get("Authorization") != "Bearer "+podToken || r.URL.Path != unseal.Path || r.Method != http.MethodPost {
		p.Errorf("asked by %s %s: %v", r.Method, r.URL, refusal)
	}
	p.mu.Lock()
	say := p.answers[min(p.asked, len(p.answers)-1)]
	p.asked++
	p.mu.Unlock()
	say(w, asked)
}

// unseals runs the init container. More is said on the command line after what the operator says.
func (p *pod) unseals(more string) (code int, said string) {
	p.Helper()
	code, stdout, stderr := shell(p.T, p.dir, fmt.Sprintf("peer-companion unseal --envelope envelope --token token --ca ca.crt --url %s "+
		"--namespace peers --peernode alpha --epoch 1 --software p2pAgent --to files --termination-log termination-log %s", p.server.URL, more))
	if stdout != "" {
		p.Errorf("on the standard output: %s", stdout)
	}
	said = stderr + p.reads("termination-log")
	for what, private := range map[string][]byte{"key": seed, "token": []byte(podToken)} {
		if found := canary.Find([]byte(said), private); len(found) > 0 {
			p.Errorf("the %s shows (%v): %s", what, found, said)
		}
	}
	return code, stderr
}

// has fails unless the key files are those of the peer, fit for its eyes only.
func (p *pod) has() {
	p.Helper()
	files := p2pagent.Kind{}.Key().Files(keyOf(p.T, seed))
	if p.reads("files/identity.key") != string(files["identity.key"]) {
		p.Error("the key file holds another key")
	}
	for name, mode := range map[string]os.FileMode{"files": 0o700, "files/identity.key": 0o400} {
		if info, err := os.Stat(filepath.Join(p.dir, name)); err != nil || info.Mode().Perm() != mode {
			p.Errorf("%s: %v, %v; want mode %04o", name, info, err, mode)
		}
	}
}

func TestAPeerWaitsForItsKeyAndSaysWhyOnce(t *testing.T) {
	p := newPod(t, says(unseal.NotUnsealing), says(unseal.NotUnsealing), says(unseal.Busy), hands(t, seed, alpha))
	code, said := p.unseals("")
	if code != 0 || p.asked != 4 {
		t.Fatalf("exit code %d after %d requests: %s", code, p.asked, said)
	}
	p.has()
	const want = "no key yet: NotUnsealing: because\nno key yet: Busy: because\nunsealed into files: the key of peers/alpha, role identity, epoch 1, Ed25519 "
	if !strings.HasPrefix(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	if left := p.reads("termination-log"); left != "of the run before" {
		t.Errorf("the termination log says %q", left)
	}

	p.lay("files.new", nil) // of a run that was cut off
	if code, said := p.unseals(""); code != 0 {
		t.Errorf("once more: exit code %d, %s", code, said)
	}
	p.has()
}

func TestAPeerWithoutAKeySaysWhy(t *testing.T) {
	other := bytes.Repeat([]byte("o"), 32)
	beta := alpha
	beta.PeerNode = "beta"
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	stranger := httptest.NewUnstartedServer(nil)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	for name, c := range map[string]struct {
		answer answer
		change func(*pod)
		more   string
		// once says that there is no point in asking again.
		once   bool
		reason string
		says   string
	}{
		"Nobody there.":                  {answer: says(unseal.Busy), change: func(p *pod) { p.server.URL = strings.Replace(closed.URL, "http:", "https:", 1) }, reason: "UnsealerUnreachable", says: "dial: connect: connection refused"},
		"A name that does not exist.":    {answer: says(unseal.Busy), change: func(p *pod) { p.server.URL = "https://unsealer.invalid:8443" }, reason: "UnsealerUnreachable", says: "look up unsealer.invalid"},
		"A refusal for good.":            {answer: says(unseal.EpochRevoked), once: true, reason: "EpochRevoked", says: "because"},
		"Not yet, for too long.":         {answer: says(unseal.AddressUnknown), reason: "AddressUnknown", says: "because"},
		"An unsealer that is a stranger": {answer: says(unseal.Busy), change: func(p *pod) { p.lay("ca.crt", strangerCA(p.T)) }, reason: "UnsealerUnreachable", says: "certificate signed by unknown authority"},
		"The answer of a proxy.":         {answer: func(w http.ResponseWriter, _ unseal.Asked) { http.Error(w, "<html>", http.StatusBadGateway) }, reason: "AnswerUnreadable", says: "answers 502 Bad Gateway"},
		"An answer that is no envelope.": {answer: func(w http.ResponseWriter, _ unseal.Asked) { fmt.Fprint(w, "{}") }, reason: "AnswerUnreadable", says: "this is no envelope"},
		"A way to somebody else.": {answer: func(w http.ResponseWriter, _ unseal.Asked) {
			w.Header().Set("Location", stranger.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, reason: "AnswerUnreadable", says: "answers 307"},
		"Another key.":                   {answer: hands(t, other, alpha), once: true, reason: "AnswerWrong", says: "the answer holds the key of Ed25519"},
		"A key for another peer.":        {answer: hands(t, seed, beta), once: true, reason: "AnswerWrong", says: `its binding.peerNode is "beta", expected "alpha"`},
		"The envelope that was sent.":    {answer: func(w http.ResponseWriter, asked unseal.Asked) { _, _ = w.Write(asked.Envelope.Text()) }, once: true, reason: "AnswerWrong", says: "none of the private keys given opens"},
		"No token.":                      {answer: says(unseal.Busy), change: func(p *pod) { p.lay("token", nil) }, reason: "TokenUnreadable", says: "token is empty"},
		"No authority.":                  {answer: says(unseal.Busy), change: func(p *pod) { p.lay("ca.crt", []byte("x")) }, reason: "CAUnreadable", says: "ca.crt holds no certificate"},
		"No envelope.":                   {answer: says(unseal.Busy), change: func(p *pod) { p.lay("envelope", seed) }, reason: "EnvelopeUnreadable", says: "this is no envelope"},
		"The envelope of another peer.":  {answer: says(unseal.Busy), more: "--peernode beta", reason: "EnvelopeWrong", says: "is for peers/alpha, role identity, epoch 1, the pod is that of peers/beta"},
		"The envelope of another epoch.": {answer: says(unseal.Busy), more: "--epoch 2", reason: "EnvelopeWrong", says: "the pod is that of peers/alpha, role identity, epoch 2"},
		"A folder that cannot be.":       {answer: hands(t, seed, alpha), more: "--to none/files", once: true, reason: "KeyUnwritable", says: "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // They wait far more than they compute.
			p := newPod(t, c.answer)
			if c.change != nil {
				c.change(p)
			}
			patience := time.Second
			if c.once {
				patience = time.Minute
			}
			begun := time.Now()
			code, said := p.unseals(fmt.Sprintf("--patience %s %s", patience, c.more))
			left := p.reads("termination-log")
			if code != 1 || !strings.HasPrefix(left, c.reason+": ") || !strings.Contains(left, c.says) || !strings.HasSuffix(said, "error: "+left+"\n") {
				t.Errorf("exit code %d, said %q, left %q; want %s and %q", code, said, left, c.reason, c.says)
			}
			if c.once && (p.asked != 1 || time.Since(begun) > patience/2) {
				t.Errorf("asked %d times in %s", p.asked, time.Since(begun))
			}
			if _, err := os.Stat(filepath.Join(p.dir, "files")); err == nil {
				t.Error("there are key files")
			}
		})
	}
}

// strangerCA is an authority that has not signed the server's certificate.
func strangerCA(t *testing.T) []byte {
	t.Helper()
	secret, err := sealingkey.NewSecret("peernode-system", 1, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data[sealingkey.FileCA]
}

// The kubelet mounts a token and a certificate that it exchanges from time to time.
func TestTokenAndAuthorityAreReadForEachTry(t *testing.T) {
	p := newPod(t, hands(t, seed, alpha))
	ca := p.reads("ca.crt")
	p.lay("ca.crt", strangerCA(p.T))
	p.lay("token", nil)
	go func() {
		time.Sleep(700 * time.Millisecond)
		p.lay("ca.crt", []byte(ca))
		p.lay("token", []byte(podToken))
	}()
	if code, said := p.unseals("--patience 1m"); code != 0 {
		t.Errorf("exit code %d, %s", code, said)
	}
	p.has()
}

func TestATokenIsSentToNobodyInTheClear(t *testing.T) {
	p := newPod(t, says(unseal.Busy))
	p.server.URL = strings.Replace(p.server.URL, "https:", "http:", 1)
	if code, said := p.unseals(""); code != 1 || !strings.Contains(said, "does not begin with https://") || p.asked != 0 {
		t.Errorf("exit code %d, asked %d times, %s", code, p.asked, said)
	}
}
