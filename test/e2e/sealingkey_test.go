// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/identity"
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

// rewrap moves what a namespace has sealed to an old sealing key to the one in use, as docs/sealing-key.md says, and returns
// how many Secrets that took.
func (h *holder) rewrap(ns string, old int) int {
	h.Helper()
	for file, command := range map[string][]string{
		"unsealer.pub": {"get", "configmap", sealingkey.Name, "-n", systemNamespace, "-o", "jsonpath={.data.recipient}"},
		"keys.json":    {"get", "secrets", "-n", ns, "-o", "json", "-l", "app.kubernetes.io/managed-by=peernode-operator,app.kubernetes.io/component=identity"},
		"old.key":      {"get", "secret", sealingkey.SecretName(old), "-n", systemNamespace, "-o", `go-template={{index .data "identity.age" | base64decode}}`},
	} {
		text, err := run("kubectl", command...)
		must(h.T, err)
		must(h.T, os.WriteFile(filepath.Join(h.folder, file), []byte(text), 0o600))
	}
	moved := h.companion(nil, "rewrap", "keys.json", "--identity", "old.key", "--to", "unsealer.pub", "--recipient", h.recipient)
	var list corev1.SecretList
	must(h.T, json.Unmarshal(moved, &list))
	if len(list.Items) > 0 {
		must(h.T, os.WriteFile(filepath.Join(h.folder, "moved.json"), moved, 0o600))
		_, err := run("kubectl", "replace", "--force", "-f", filepath.Join(h.folder, "moved.json"))
		must(h.T, err)
	}
	return len(list.Items)
}

// The sealing key is exchanged by the manual, docs/sealing-key.md. No peer is restarted for it, each one that does restart
// comes back at every moment of it, and in the end the old sealing key is needed by nobody.
func TestTheSealingKeyChangesUnderRunningPeers(t *testing.T) {
	asInstalledAfterwards(t)
	h, ns := recoveryKey(t), namespace(t)
	held := func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{h.recipient}}
	}
	alpha := agent(t, ns, "alpha", held)
	awaitReady(t, alpha)
	was, pod := openedKey(t, alpha), podOf(t, alpha).UID

	must(t, installByHelm("--set", "unsealer.sealingKeys={1,2}"))
	awaitSealingKey(t, 2)
	beta := agent(t, ns, "beta")
	awaitReady(t, beta)
	if podOf(t, alpha).UID != pod {
		t.Error("a second sealing key replaced the pod of a peer")
	}
	restarts(t, alpha, was)

	if moved := h.rewrap(ns, 1); moved != 1 {
		t.Errorf("%d Secrets were replaced, want 1: that of alpha, and not that of beta, which is new", moved)
	}
	if moved := h.rewrap(ns, 1); moved != 0 {
		t.Errorf("a second time %d Secrets were replaced", moved)
	}
	for _, p := range []*v1alpha1.PeerNode{alpha, beta} {
		awaitReady(t, p)
	}

	must(t, installByHelm("--set", "unsealer.sealingKeys={2}"))
	must(t, admin.Delete(t.Context(), sealingSecret(1)))
	restarts(t, alpha, was)
	restarts(t, beta, openedKey(t, beta))
	copied, err := run("kubectl", "get", "secret", "alpha-identity-1", "-n", ns, "-o", "yaml")
	must(t, err)
	h.companion([]byte(copied), "inspect", "-", "--verify", "recovery.key", "--expect", was.Public().PeerID())
}

// The sealing key is lost, and nobody has a copy: a new one is made, and who holds a recovery key gives it the keys of
// the peers. They come back as themselves.
func TestALostSealingKeyIsReplacedByWhoHoldsARecoveryKey(t *testing.T) {
	asInstalledAfterwards(t)
	h, ns := recoveryKey(t), namespace(t)
	p := agent(t, ns, "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{RecoveryRecipients: []string{h.recipient}}
	})
	awaitReady(t, p)
	was, before := openedKey(t, p), podOf(t, p).UID

	must(t, admin.Delete(t.Context(), sealingSecret(1)))
	must(t, installByHelm("--set", "unsealer.sealingKeys={2}"))
	awaitSealingKey(t, 2)
	if pod := podOf(t, p); pod.UID != before {
		t.Error("the peer was replaced meanwhile")
	}

	h.reseal(p)
	restarts(t, p, was)
}

func sealingSecret(number int) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: sealingkey.SecretName(number)}}
}

// awaitSealingKey waits until new keys are sealed to the sealing key of a number.
func awaitSealingKey(t *testing.T, number int) {
	t.Helper()
	eventually(t, func() error {
		config := &corev1.ConfigMap{}
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: systemNamespace, Name: sealingkey.Name}, config); err != nil {
			return err
		}
		if got := config.Data[sealingkey.FieldNumber]; got != strconv.Itoa(number) {
			return fmt.Errorf("sealing key %s is in use, want %d", got, number)
		}
		return nil
	})
}

// restarts takes a peer's pod away and looks who comes back.
func restarts(t *testing.T, p *v1alpha1.PeerNode, was identity.Key) {
	t.Helper()
	eventually(t, func() error { return knowsTheUnsealer(t, p) })
	before := podOf(t, p).UID
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitAnotherPod(t, p, before)
	eventually(t, func() error { // What is told of the peer may still be about the pod of before.
		if !serves(podOf(t, p)) {
			return errors.New("the pod does not serve yet")
		}
		return nil
	})
	awaitReady(t, p)
	if now := openedKey(t, p); !now.Equal(was) {
		t.Errorf("%s came back as %s, and was %s", p.Name, now.Public(), was.Public())
	}
}

// asInstalledAfterwards brings the first sealing key back for the stories that follow, which make peers of their own.
func asInstalledAfterwards(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for _, command := range []string{
			"kubectl scale deployment peernode-unsealer -n " + systemNamespace + " --replicas=0",
			"kubectl wait pod -n " + systemNamespace + " -l app.kubernetes.io/name=" + sealingkey.Name + " --for=delete --timeout=2m",
			"kubectl delete configmap " + sealingkey.Name + " -n " + systemNamespace,
			"kubectl delete secret -n " + systemNamespace + " -l app.kubernetes.io/component=" + sealingkey.Component,
		} {
			words := strings.Fields(command)
			if _, err := run(words[0], words[1:]...); err != nil {
				t.Error(err)
			}
		}
		if err := installByHelm("--force-conflicts"); err != nil { // The number of replicas is kubectl's by now.
			t.Error(err)
		}
	})
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
