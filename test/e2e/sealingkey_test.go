// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/test/testenv"
)

// holder keeps a recovery key in a folder, away from the cluster.
type holder struct {
	*testing.T
	folder, recipient string
}

func recoveryKey(t *testing.T) *holder {
	t.Helper()
	h := &holder{T: t, folder: t.TempDir()}
	h.recipient = strings.TrimSpace(string(h.companion(nil, "recovery-key", "--out", "recovery.key")))
	return h
}

// companion runs peer-companion in the folder, and returns what it prints.
func (h *holder) companion(in []byte, args ...string) []byte {
	h.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(filepath.Join(testenv.Root(), ".cache", "bin", "peer-companion"), args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = h.folder, bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		h.Fatalf("peer-companion %v: %v\n%s", args, err, &stderr)
	}
	return out
}

// reseal gives the key of a peer to the unsealer of now, as docs/keys.md says.
func (h *holder) reseal(p *v1alpha1.PeerNode) {
	h.Helper()
	name := p.Name + "-identity-1"
	unsealer, err := run("kubectl", "get", "configmap", sealingkey.Name, "-n", systemNamespace, "-o", "jsonpath={.data.recipient}")
	must(h.T, err)
	secret, err := run("kubectl", "get", "secret", name, "-n", p.Namespace, "-o", "yaml")
	must(h.T, err)
	h.companion([]byte(secret), "reseal", "-", "--identity", "recovery.key", "--namespace", p.Namespace, "--peernode", p.Name,
		"--recipient", unsealer, "--recipient", h.recipient, "--as", "secret", "--out", p.Name+".yaml")
	_, err = run("kubectl", "delete", "secret", name, "-n", p.Namespace)
	must(h.T, err)
	_, err = run("kubectl", "create", "-f", filepath.Join(h.folder, p.Name+".yaml"))
	must(h.T, err)
}

// The sealing key is lost, and nobody has a copy: a new one is made, and who holds a recovery key gives it the keys of
// the peers. They come back as themselves.
func TestALostSealingKeyIsReplacedByWhoHoldsARecoveryKey(t *testing.T) {
	h, ns := recoveryKey(t), namespace(t)
	p := agent(t, ns, "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{h.recipient}}
	})
	awaitReady(t, p)
	was, before := openedKey(t, p), podOf(t, p).UID

	lost := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: sealingkey.SecretName(1)}}
	must(t, admin.Delete(t.Context(), lost))
	scaleUnsealer(t, 0)
	_, err := run("kubectl", "wait", "pod", "-n", systemNamespace, "-l", "app.kubernetes.io/name="+sealingkey.Name, "--for=delete", "--timeout=2m")
	must(t, err)
	_, err = run("kubectl", "delete", "configmap", sealingkey.Name, "-n", systemNamespace)
	must(t, err)
	_, err = run("kubectl", "rollout", "restart", "deployment", release, "-n", systemNamespace)
	must(t, err)
	scaleUnsealer(t, 2)
	if pod := podOf(t, p); pod.UID != before {
		t.Error("the peer was replaced meanwhile")
	}

	h.reseal(p)
	eventually(t, func() error { return knowsTheUnsealer(t, p) })
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitAnotherPod(t, p, before)
	awaitReady(t, p)
	if now := openedKey(t, p); !now.Equal(was) {
		t.Errorf("the peer came back as %s, and was %s", now.Public(), was.Public())
	}
}

// knowsTheUnsealer looks whether the certificate that the pods of a peer are given is that of the unsealer of now.
func knowsTheUnsealer(t *testing.T, p *v1alpha1.PeerNode) error {
	t.Helper()
	published, given := &corev1.ConfigMap{}, &corev1.ConfigMap{}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: systemNamespace, Name: sealingkey.Name}, published); err != nil {
		return err
	}
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: p.Name + "-config"}, given); err != nil {
		return err
	}
	if given.Data["unsealer-ca.crt"] != published.Data[sealingkey.FieldCA] {
		return fmt.Errorf("%s still knows another unsealer", p.Name)
	}
	return nil
}
