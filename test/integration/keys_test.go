// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// program is one of the project's programs, built from source. It runs in dir.
type program struct{ path, dir string }

// build compiles the main package in a folder of the repository, and gives the program a place to run.
func build(t *testing.T, folder string) program {
	t.Helper()
	path, err := env.Programs.Path(folder)
	if err != nil {
		t.Fatal(err)
	}
	return program{path, t.TempDir()}
}

// run returns what the program prints.
func (p program) run(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(p.path, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = p.dir, bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(p.path), args, err, &stderr)
	}
	return out
}

// keys is a story of somebody who keeps keys, with peer-companion and a recovery key in the folder in which it runs.
type keys struct {
	*story
	companion program
	recovery  string
}

func tellOfKeys(t *testing.T) *keys {
	t.Helper()
	s := &keys{story: tell(t), companion: build(t, "cmd/peer-companion")}
	s.recovery = strings.TrimSpace(string(s.companion.run(t, nil, "recovery-key", "--out", "recovery.key")))
	return s
}

// recoverable names the recovery key in the spec.
func (s *keys) recoverable(p *v1alpha1.PeerNode) {
	p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{s.recovery}}
}

// saved is what kubectl get secret -o yaml prints, without the line that nobody may create.
func (s *keys) saved(name string) []byte {
	s.Helper()
	secret := &corev1.Secret{}
	s.is(name, secret)
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	secret.ResourceVersion, secret.ManagedFields = "", nil
	manifest, err := yaml.Marshal(secret)
	s.must(err)
	return manifest
}

func (s *keys) createFrom(manifest []byte) *corev1.Secret {
	s.Helper()
	secret := &corev1.Secret{}
	s.must(yaml.UnmarshalStrict(manifest, secret))
	s.must(env.Admin.Create(s.Context(), secret, strict))
	return secret
}

// lose deletes a Secret.
func (s *keys) lose(name string) {
	s.Helper()
	s.must(env.Admin.Delete(s.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}))
	s.gone(name, &corev1.Secret{})
}

// opens returns the peer ID of the key in alpha's Secret.
func (s *keys) opens(opener seal.Opener) string {
	s.Helper()
	secret := &corev1.Secret{}
	s.is("alpha-identity-1", secret)
	envelope, err := seal.Read(bytes.NewReader(secret.Data[keysecret.Envelope]))
	s.must(err)
	opened, err := envelope.Open(seal.Binding{Namespace: s.ns, PeerNode: "alpha", Role: seal.RoleIdentity, Epoch: 1}, opener)
	s.must(err)
	return opened.Key.Public().PeerID()
}

// The key is sealed to its keeper from the beginning, so the copy of a Secret is a backup, and creating it the restore.
func TestALostKeyComesBackFromACopyOfItsSecret(t *testing.T) {
	s := tellOfKeys(t)
	s.serving("alpha", s.recoverable)
	made := &corev1.Secret{}
	s.is("alpha-identity-1", made)
	copied := s.saved("alpha-identity-1")
	shown := s.companion.run(t, copied, "inspect", "-", "--verify", "recovery.key", "--expect", s.opens(env.Sealing.Opener()))
	if !strings.Contains(string(shown), "verified    yes") {
		s.Errorf("of the copy, inspect says\n%s", shown)
	}

	s.lose("alpha-identity-1")
	restored := s.createFrom(copied)
	for _, secret := range []*corev1.Secret{made, restored} {
		secret.TypeMeta, secret.UID, secret.ResourceVersion, secret.CreationTimestamp, secret.ManagedFields = metav1.TypeMeta{}, "", "", metav1.Time{}, nil
	}
	if diff := cmp.Diff(made, restored); diff != "" {
		s.Errorf("the Secret (-made +restored):\n%s", diff)
	}
	s.silent(pause)
}

func TestAKeyIsResealedToTheUnsealerOfAnotherCluster(t *testing.T) {
	s := tellOfKeys(t)
	s.serving("alpha", s.recoverable)
	before := s.opens(env.Sealing.Opener())
	other, err := seal.NewOpener()
	s.must(err)
	moved := s.companion.run(t, s.saved("alpha-identity-1"), "reseal", "-", "--identity", "recovery.key", "--namespace", s.ns, "--peernode", "alpha",
		"--recipient", other.Recipient().String(), "--recipient", s.recovery, "--expect", before, "--as", "secret")
	s.lose("alpha-identity-1")
	s.createFrom(moved)
	if after := s.opens(other); after != before {
		s.Errorf("the Secret holds the key of %s, that of the peer is %s", after, before)
	}
	s.silent(pause)
}

// A key that an older operator left in plaintext is sealed, and the peer goes on with it.
func TestAKeyOfAnOlderOperatorIsSealed(t *testing.T) {
	s := tellOfKeys(t)
	p := s.serving("alpha")
	before := s.opens(env.Sealing.Opener())
	s.growsOld(p)
	s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonKeyNotSealed)

	sealed := s.companion.run(t, s.saved("alpha-identity-1"), "seal", "--recipient", env.Sealing.Recipient().String(), "--recipient", s.recovery, "--as", "secret")
	s.lose("alpha-identity-1")
	secret := s.createFrom(sealed)
	s.remove(p)
	p = s.serving("alpha")
	if after := s.opens(env.Sealing.Opener()); p.Status.Identity.Protection != v1alpha1.ProtectionBrokered || after != before {
		s.Errorf("the key is that of %s, kept as %+v; it was that of %s", after, p.Status.Identity, before)
	}
	s.same("alpha-identity-1", secret)
}

// growsOld makes of a peer what an operator from before there was an unsealer left.
func (s *keys) growsOld(p *v1alpha1.PeerNode) {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(s.companion.dir, "sealing.key"), []byte(env.Sealing.Opener().Secret()+"\n"), 0o600))
	s.companion.run(s.T, s.saved("alpha-identity-1"), "open", "-", "--identity", "sealing.key", "--namespace", s.ns, "--peernode", "alpha", "--to", "keys")
	file, err := os.ReadFile(filepath.Join(s.companion.dir, "keys", "identity.key"))
	s.must(err)
	s.lose("alpha-identity-1")
	secret := keysecret.New(p, 1, nil)
	secret.Data = map[string][]byte{"identity.key": file}
	s.must(env.Admin.Create(s.Context(), secret))
	s.must(env.Admin.Status().Patch(s.Context(), p, client.RawPatch(types.MergePatchType, []byte(`{"status": {"identity": {"protection": null}}}`))))
}

// The agent derives the peer ID with libp2p's own library, and is strict about files that others can reach.
func TestTheReferenceAgentTakesAKeyThatWasSealed(t *testing.T) {
	t.Parallel()
	companion, agent := build(t, "cmd/peer-companion"), build(t, "cmd/p2p-agent")
	for _, keyType := range []string{"Ed25519", "Secp256k1"} {
		companion.dir = t.TempDir()
		agent.dir = companion.dir
		recipient := companion.run(t, nil, "recovery-key", "--out", "recovery.key")
		envelope := companion.run(t, nil, "keygen", "--namespace", "peers", "--peernode", "alpha", "--type", keyType, "--recipient", strings.TrimSpace(string(recipient)))
		companion.run(t, envelope, "open", "-", "--identity", "recovery.key", "--namespace", "peers", "--peernode", "alpha", "--to", "keys")

		var header struct{ PeerID string }
		if err := json.Unmarshal(envelope, &header); err != nil {
			t.Fatal(err)
		}
		said := agent.run(t, nil, "identity", "verify", "--keys", "keys", "--expect", header.PeerID, "--type", strings.ToLower(keyType))
		if !strings.Contains(string(said), header.PeerID) {
			t.Errorf("%s: the agent says %s, the envelope %s", keyType, said, header.PeerID)
		}
	}
}
