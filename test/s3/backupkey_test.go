// SPDX-License-Identifier: Apache-2.0

package s3_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/keybackup"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/s3"
	"github.com/peernode/operator/test/testenv"
)

// programs holds peer-companion.
var programs testenv.Programs

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	defer func() { _ = programs.Remove() }()
	return m.Run()
}

// seed is the private key of these tests.
var seed = []byte("0123456789abcdefghijklmnopqrstuv")

// envelope seals the key to a new recipient each time.
func envelope(t *testing.T) seal.Envelope {
	t.Helper()
	key, err := identity.Parse(v1alpha1.IdentityEd25519, seed)
	if err != nil {
		t.Fatal(err)
	}
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal.Seal(key, seal.Binding{Namespace: "peers", PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 3}, []seal.Recipient{o.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// pod has what the pod of a Job has: files that are mounted, and nothing else.
type pod struct {
	*testing.T
	binary, dir string
	args        []string
}

// newPod mounts an envelope and the credentials of a user of a store.
func newPod(t *testing.T, text []byte, store s3.Store, more ...string) *pod {
	t.Helper()
	binary, err := programs.Path("cmd/peer-companion")
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{T: t, binary: binary, dir: t.TempDir()}
	p.mount("envelope", text)
	p.mount("ca.crt", store.CA)
	p.mount("accessKeyID", []byte(store.AccessKey))
	p.mount("secretAccessKey", []byte(store.SecretKey+"\n"))
	p.mount("log", nil)
	p.args = p.calls(store, "back-up-key", append([]string{"--envelope", p.path("envelope")}, more...)...)
	return p
}

// calls a command that works with the store. What comes later on a command line counts.
func (p *pod) calls(store s3.Store, command string, more ...string) []string {
	return append([]string{
		command, "--endpoint", store.Endpoint, "--region", s3.Region, "--bucket", "keys", "--prefix", "berlin",
		"--addressing", "Path", "--credentials-dir", p.dir, "--ca-file", p.path("ca.crt"), "--termination-log", p.path("log"),
	}, more...)
}

func (p *pod) path(name string) string { return filepath.Join(p.dir, name) }

func (p *pod) mount(name string, content []byte) {
	p.Helper()
	if err := os.WriteFile(p.path(name), content, 0o600); err != nil {
		p.Fatal(err)
	}
}

// runs calls the program and returns its last words. It fails if one of the secrets was said.
func (p *pod) runs() (code int, last string) {
	p.Helper()
	cmd := exec.CommandContext(p.Context(), p.binary, p.args...)
	// A proxy is not for hosts that have a name here, so it shows with one that has none.
	cmd.Env = []string{"HTTPS_PROXY=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=other", "AWS_ENDPOINT_URL_S3=http://127.0.0.1:1", "AWS_REGION=xx-none-1"}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		p.Fatal(err)
	}
	words, err := os.ReadFile(p.path("log"))
	if err != nil {
		p.Fatal(err)
	}
	secret, err := os.ReadFile(p.path("secretAccessKey"))
	if err != nil {
		p.Fatal(err)
	}
	for what, hidden := range map[string][]byte{"the key": seed, "the secret access key": bytes.TrimSpace(secret)} {
		if found := canary.Find(append(out, words...), hidden); len(hidden) > 0 && len(found) > 0 {
			p.Errorf("%s was shown as %v:\n%s\n%s", what, found, out, words)
		}
	}
	return cmd.ProcessState.ExitCode(), string(words)
}

// receipt is what the pod leaves when all is well.
func (p *pod) receipt() keybackup.Receipt {
	p.Helper()
	code, last := p.runs()
	r, err := keybackup.Parse(last)
	if code != 0 || err != nil {
		p.Fatalf("exit code %d, %v: %s", code, err, last)
	}
	return r
}

// refused runs the program, which has to fail and to say why.
func (p *pod) refused(says string) {
	p.Helper()
	if code, last := p.runs(); code != 1 || !strings.HasPrefix(last, "error: ") || !strings.Contains(last, says) || len(last) > 1000 {
		p.Errorf("exit code %d and %q, want 1 and an error that says %q", code, last, says)
	}
}

// holds compares what lies in the bucket.
func holds(t *testing.T, store *s3.Server, want map[string]string) {
	t.Helper()
	names, err := store.List(t.Context(), "keys")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range names {
		content, err := store.Get(t.Context(), "keys", name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
}

func TestAnEnvelopeIsBackedUpOnceAndOneThatIsRewrappedBesideIt(t *testing.T) {
	store := s3.Start(t, "keys")
	first, rewrapped := envelope(t), envelope(t)
	want := map[string]string{}
	for _, e := range []seal.Envelope{first, first, rewrapped, first} {
		name := keybackup.Object("berlin", e)
		want[name] = string(e.Text())
		expected := keybackup.Receipt{Object: name, SHA256: keybackup.Sum(e), ReadBack: true}
		if diff := cmp.Diff(expected, newPod(t, e.Text(), store.Store).receipt()); diff != "" {
			t.Errorf("the receipt (-want +got):\n%s", diff)
		}
		holds(t, store, want)
	}
	if len(want) != 2 {
		t.Errorf("two envelopes have %d names", len(want))
	}
}

// A Job whose pod was lost with its node makes another one, and both may run.
func TestPodsThatRunAtOnceAllFindTheCopy(t *testing.T) {
	store := s3.Start(t, "keys")
	e := envelope(t)
	var all sync.WaitGroup
	for range 8 {
		p := newPod(t, e.Text(), store.Store)
		all.Go(func() {
			if code, last := p.runs(); code != 0 || !strings.Contains(last, " read-back:yes ") {
				t.Errorf("exit code %d: %s", code, last)
			}
		})
	}
	all.Wait()
	holds(t, store, map[string]string{keybackup.Object("berlin", e): string(e.Text())})
}

func TestCredentialsThatMayOnlyWriteAreEnough(t *testing.T) {
	store := s3.Start(t, "keys")
	writer := store.User(t, "writer", "keys", "s3:PutObject")
	e := envelope(t)
	expected := keybackup.Receipt{Object: keybackup.Object("berlin", e), SHA256: keybackup.Sum(e)}
	for range 2 {
		if diff := cmp.Diff(expected, newPod(t, e.Text(), writer).receipt()); diff != "" {
			t.Errorf("the receipt (-want +got):\n%s", diff)
		}
	}
	holds(t, store, map[string]string{expected.Object: string(e.Text())})
}

func TestSomethingElseUnderTheNameIsFoundAndLeftAlone(t *testing.T) {
	store := s3.Start(t, "keys")
	e := envelope(t)
	name := keybackup.Object("berlin", e)
	for _, other := range []string{"", "something else", string(e.Text()) + "\n", string(envelope(t).Text())} {
		if err := store.Put(t.Context(), "keys", name, []byte(other)); err != nil {
			t.Fatal(err)
		}
		newPod(t, e.Text(), store.Store).refused("under the name " + name + " is not this envelope, and is not overwritten")
		holds(t, store, map[string]string{name: other})
	}
}

func TestWhatStandsAgainstABackUpIsSaidAndNothingIsWritten(t *testing.T) {
	store, stranger := s3.Start(t, "keys"), s3.Start(t, "keys")
	reader := store.User(t, "reader", "keys", "s3:GetObject")
	e := envelope(t)
	other := store.Store
	other.CA = stranger.CA
	for name, c := range map[string]struct {
		text  []byte
		store s3.Store
		more  []string
		says  string
	}{
		"Credentials that may not write.": {store: reader, says: "the credentials may not write there; allow them s3:PutObject"},
		"A wrong secret.":                 {store: store.As(store.AccessKey, "a-secret-that-is-another"), says: "the secret access key is not that of the access key"},
		"An unknown access key.":          {store: store.As("nobody", store.SecretKey), says: "the store does not know the access key"},
		"No bucket.":                      {store: store.Store, more: []string{"--bucket", "none"}, says: "write to bucket none at " + store.Endpoint + ": there is no such bucket; create it"},
		"Another region.":                 {store: store.Store, more: []string{"--region", "eu-west-1"}, says: "the region is not the store's"},
		"A store of another authority.":   {store: other, says: "its certificate is of an unknown authority; name the authority's certificate"},
		"No TLS.":                         {store: store.Store, more: []string{"--endpoint", strings.Replace(store.Endpoint, "https", "http", 1)}, says: "is without TLS"},
		"A host that does not exist.":     {store: store.Store, more: []string{"--endpoint", "https://none.invalid"}, says: " none.invalid"},
		"A key in plaintext.":             {store: store.Store, text: seed, says: "this is no envelope"},
		"A Secret with a key in it.":      {store: store.Store, text: []byte(`{"apiVersion": "v1", "kind": "Secret", "data": {"identity.key": "` + string(seed) + `"}}`), says: "envelope"},
	} {
		text := c.text
		if text == nil {
			text = e.Text()
		}
		t.Run(name, func(t *testing.T) { newPod(t, text, c.store, c.more...).refused(c.says) })
	}
	holds(t, store, map[string]string{})
}

func TestAStoreThatIsDownEndsTheTryInTime(t *testing.T) {
	store := s3.Start(t, "keys")
	store.Stop(t)
	p := newPod(t, envelope(t).Text(), store.Store)
	began := time.Now()
	p.refused("connection refused; see the endpoint, and whether the store runs")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
