// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/sealingkey"
	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/s3"
)

// knowStore makes a store known to a namespace, under a name.
func knowStore(t *testing.T, ns, name string, store s3.Store) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: ns, Name: name}
	must(t, admin.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"ca.crt": string(store.CA)}}))
	must(t, admin.Create(t.Context(), &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{
		"accessKeyID": store.AccessKey, "secretAccessKey": store.SecretKey,
	}}))
	must(t, admin.Create(t.Context(), &v1alpha1.PeerBackupStore{ObjectMeta: meta, Spec: v1alpha1.PeerBackupStoreSpec{
		Endpoint: store.Endpoint, Bucket: "keys", Prefix: "e2e",
		Credentials: v1alpha1.BackupStoreCredentials{SecretName: name}, CA: &v1alpha1.CertificateAuthorities{ConfigMapName: name},
	}}))
}

// A peer whose whole namespace is lost comes back as who it was, from one of two buckets and a recovery key, by the manual,
// docs/keys.md.
func TestAPeerOutlivesItsNamespace(t *testing.T) {
	h, ns := recoveryKey(t), namespace(t)
	here, there := newStore(t, namespace(t), "keys"), newStore(t, namespace(t), "keys")
	knowStore(t, ns, "here", here)
	knowStore(t, ns, "there", there)
	p := agent(t, ns, "alpha", func(p *v1alpha1.PeerNode) {
		p.Spec.Identity = &v1alpha1.PeerIdentity{
			RecoveryRecipients: []string{h.recipient},
			Backup:             &v1alpha1.KeyBackup{Stores: []v1alpha1.BackupStoreReference{{Name: "here"}, {Name: "there"}}},
		}
	})
	awaitReady(t, p)
	awaitReason(t, p, v1alpha1.ConditionKeyBackedUp, v1alpha1.ReasonKeyCopied)
	for _, c := range p.Status.Identity.Copies {
		if !c.ReadBack {
			t.Errorf("the copy in %s was not read back", c.Store)
		}
	}
	was := openedKey(t, p)
	objects, same := copiesIn(t, here), copiesIn(t, there)
	if diff := cmp.Diff(objects, same); diff != "" || len(objects) != 1 {
		t.Fatalf("the buckets hold %v and (-here +there):\n%s", objects, diff)
	}

	_, err := run("kubectl", "delete", "namespace", ns, "--timeout=2m")
	must(t, err)
	must(t, admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: ns, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}))
	text, err := there.Get(t.Context(), "keys", objects[0])
	must(t, err)
	h.bringAlong(builders.PeerNode(ns, "alpha", builders.WithImage(imageAgent)), text, was.Public().PeerID())
	awaitReady(t, p)
	if now := openedKey(t, p); now.Public().PeerID() != was.Public().PeerID() {
		t.Errorf("the peer came back as %s, not as %s", now.Public().PeerID(), was.Public().PeerID())
	}
}

// copiesIn are the names of the copies of keys that a store holds.
func copiesIn(t *testing.T, store s3.Store) []string {
	t.Helper()
	names, err := store.List(t.Context(), "keys")
	must(t, err)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "e2e/keys/") })
}

// bringAlong makes a PeerNode with the key of a copy, which is sealed to the unsealer of now before.
func (h *holder) bringAlong(p *v1alpha1.PeerNode, copied []byte, peerID string) {
	h.Helper()
	unsealer, err := run("kubectl", "get", "configmap", sealingkey.Name, "-n", systemNamespace, "-o", "jsonpath={.data.recipient}")
	must(h.T, err)
	envelope := h.companion(copied, "reseal", "-", "--identity", "recovery.key", "--namespace", p.Namespace, "--peernode", p.Name,
		"--epoch", "1", "--recipient", unsealer, "--recipient", h.recipient, "--expect", peerID)
	p.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "PeerNode"}
	h.write("alpha.json", p)
	h.write("import.json", map[string]any{"spec": map[string]any{"identity": map[string]any{"import": map[string]any{"envelope": string(envelope)}}}})
	manifest, err := run("kubectl", "patch", "--local", "-f", filepath.Join(h.folder, "alpha.json"), "--type", "merge",
		"--patch-file", filepath.Join(h.folder, "import.json"), "-o", "yaml")
	must(h.T, err)
	must(h.T, os.WriteFile(filepath.Join(h.folder, "alpha.yaml"), []byte(manifest), 0o600))
	_, err = run("kubectl", "create", "-f", filepath.Join(h.folder, "alpha.yaml"))
	must(h.T, err)
}

func (h *holder) write(name string, object any) {
	h.Helper()
	raw, err := json.Marshal(object)
	must(h.T, err)
	must(h.T, os.WriteFile(filepath.Join(h.folder, name), raw, 0o600))
}
