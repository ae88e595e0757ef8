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
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/testenv"
)

// program is one of the project's programs, built from source. It runs in dir.
type program struct{ path, dir string }

// build compiles the main package in a folder of the repository.
func build(t *testing.T, folder string) program {
	t.Helper()
	p := program{filepath.Join(t.TempDir(), filepath.Base(folder)), t.TempDir()}
	cmd := exec.Command("go", "build", "-o", p.path, ".")
	cmd.Dir = filepath.Join(testenv.Root(), folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
	return p
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

// The operator makes a key, somebody seals it, the Secret is lost, and the API server takes what comes out of the
// envelope: the Secret that the operator had made.
func TestALostKeyComesBackFromItsEnvelope(t *testing.T) {
	s := tell(t)
	companion := build(t, "cmd/peer-companion")
	p := s.serving("alpha")
	made := &corev1.Secret{}
	s.is("alpha-identity-1", made)

	recipient := companion.run(t, nil, "recovery-key", "--out", "recovery.key")
	made.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret")) // as kubectl prints it
	manifest, err := yaml.Marshal(made)
	s.must(err)
	companion.run(t, manifest, "seal", "--recipient", strings.TrimSpace(string(recipient)), "--out", "alpha.envelope")
	s.must(env.Admin.Delete(s.Context(), made.DeepCopy()))
	s.gone("alpha-identity-1", &corev1.Secret{})

	manifest = companion.run(t, nil, "open", "alpha.envelope", "--identity", "recovery.key", "--namespace", p.Namespace, "--peernode", "alpha", "--as", "secret")
	restored := &corev1.Secret{}
	s.must(yaml.UnmarshalStrict(manifest, restored))
	s.must(env.Admin.Create(s.Context(), restored, client.FieldValidation(metav1.FieldValidationStrict)))
	for _, secret := range []*corev1.Secret{made, restored} {
		secret.UID, secret.ResourceVersion, secret.CreationTimestamp, secret.ManagedFields = "", "", metav1.Time{}, nil
	}
	restored.TypeMeta = made.TypeMeta
	if diff := cmp.Diff(made, restored); diff != "" {
		s.Errorf("the Secret (-made +restored):\n%s", diff)
	}
	s.silent(pause)
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
		companion.run(t, envelope, "open", "-", "--identity", "recovery.key", "--namespace", "peers", "--peernode", "alpha", "--as", "files", "--to", "keys")

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
