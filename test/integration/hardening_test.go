// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubeletv1beta1 "k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/peernode/operator/test/builders"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/testenv"
)

// hardening reads one of the examples of docs/node-hardening.md.
func hardening(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "examples", "node", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// protectedByTheKubelet are the settings that a kubelet with protectKernelDefaults does not start without.
var protectedByTheKubelet = map[string]string{
	"vm.overcommit_memory": "1", "vm.panic_on_oom": "0", "kernel.panic": "10", "kernel.panic_on_oops": "1",
	"kernel.keys.root_maxkeys": "1000000", "kernel.keys.root_maxbytes": "25000000",
}

func TestTheKernelKnowsTheSettingsOfTheGuide(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("settings of Linux")
	}
	got := map[string]string{}
	for line := range strings.Lines(hardening(t, "90-peernode.conf")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, " = ")
		key, optional := strings.CutPrefix(key, "-")
		if _, twice := got[key]; !ok || twice {
			t.Errorf("%q is no setting, or there twice", line)
		}
		got[key] = value
		now, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(key, ".", "/"))
		switch {
		case errors.Is(err, os.ErrNotExist) && optional, errors.Is(err, os.ErrPermission):
		case err != nil:
			t.Errorf("this kernel has no %s: %v", key, err)
		case isNumber(string(now)) && !isNumber(value):
			t.Errorf("%s is %s here, a number, and is to be %s", key, bytes.TrimSpace(now), value)
		}
	}
	for key, value := range protectedByTheKubelet {
		if got[key] != value {
			t.Errorf("%s is to be %q, and the kubelet wants %s", key, got[key], value)
		}
	}
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(strings.TrimSpace(text))
	return err == nil
}

// A kubelet takes a setting that it does not know for none, and says so in its log.
func TestTheKubeletKnowsTheSettingsOfTheGuide(t *testing.T) {
	var config kubeletv1beta1.KubeletConfiguration
	if err := yaml.UnmarshalStrict([]byte(hardening(t, "10-peernode.conf")), &config); err != nil {
		t.Fatal(err)
	}
	if config.APIVersion != kubeletv1beta1.SchemeGroupVersion.String() || config.Kind != "KubeletConfiguration" || config.SeccompDefault == nil || !*config.SeccompDefault {
		t.Errorf("this is %+v", config)
	}
}

// hardened is a control plane that keeps to the guide, without an operator.
func hardened(t *testing.T) *testenv.Env {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	env, err := testenv.Start(context.Background(), cluster.ControlPlaneOptions{
		AuditPolicy: hardening(t, "audit-policy.yaml"),
		Encryption:  strings.ReplaceAll(hardening(t, "encryption.yaml"), "BASE64-OF-32-RANDOM-BYTES", base64.StdEncoding.EncodeToString(key)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return env
}

// What lies in Secrets is in neither etcd nor the audit log, who ran commands in the pod of a peer is in the log, and so is what
// was changed in a peer.
func TestAnAPIServerAfterTheGuideKeepsSecretsAndTellsOfEmergencies(t *testing.T) {
	t.Parallel()
	const secret = "what-nobody-reads"
	hard := hardened(t)
	s := &story{T: t, ns: "peers"}
	var mu sync.Mutex
	stored := map[string][]byte{}
	follower, err := hard.FollowStore(t.Context(), func(o testenv.Stored) {
		mu.Lock()
		defer mu.Unlock()
		stored[o.Key] = o.Value
	})
	s.must(err)

	meta := metav1.ObjectMeta{Namespace: s.ns, Name: "alpha-0"}
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}},
		&corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"key": secret}},
		&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"key": "what-anybody-reads"}},
		&coordinationv1.Lease{ObjectMeta: meta},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "peer"}},
		&corev1.Pod{ObjectMeta: meta, Spec: corev1.PodSpec{ServiceAccountName: "peer", Containers: []corev1.Container{{Name: "peer", Image: "registry.example.com/peer:v1"}}}},
		builders.PeerNode(s.ns, "alpha", builders.WithImage(otherImage)),
	}
	for _, o := range objects {
		s.must(hard.Admin.Create(t.Context(), o))
	}
	for _, o := range documents(t, "config/admission/exec_policy.yaml") {
		s.must(hard.Admin.Create(t.Context(), o))
	}
	s.eventually(func() error {
		if !refusedByPolicy(s.connect(somebodyIn(t, hard), "exec", "alpha-0")) {
			return errors.New("commands in the pod of alpha are not refused yet")
		}
		return nil
	})
	if err := s.connect(somebodyIn(t, hard, "peernode-break-glass"), "exec", "alpha-0"); refusedByPolicy(err) {
		t.Error(err)
	}

	s.must(follower.CatchUp(t.Context()))
	mu.Lock()
	defer mu.Unlock()
	if value := stored["/registry/secrets/peers/alpha-0"]; !bytes.HasPrefix(value, []byte("k8s:enc:secretbox:v1:key1:")) || bytes.Contains(value, []byte(secret)) {
		t.Errorf("the Secret is stored as %q", value)
	}
	if value := stored["/registry/configmaps/peers/alpha-0"]; !bytes.Contains(value, []byte("what-anybody-reads")) {
		t.Errorf("the ConfigMap is stored as %q", value)
	}
	log, err := os.ReadFile(hard.AuditLogPath())
	s.must(err)
	for text, wanted := range map[string]bool{
		`"peernode-operator-exec/break-glass":"somebody: exec in peers/alpha-0"`:                    true,
		`"objectRef":{"resource":"secrets","namespace":"peers","name":"alpha-0","apiVersion":"v1"}`: true,
		otherImage: true,
		secret:     false,
		base64.StdEncoding.EncodeToString([]byte(secret)): false,
		"what-anybody-reads":                              false,
		`"resource":"leases"`:                             false,
	} {
		if bytes.Contains(log, []byte(text)) != wanted {
			t.Errorf("the audit log has %s: %v, want %v", text, !wanted, wanted)
		}
	}
}
