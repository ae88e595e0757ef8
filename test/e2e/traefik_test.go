// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/testenv"
)

// traefikNamespace is where Traefik and its Gateway are.
const traefikNamespace = "e2e-traefik"

// traefik is a controller of Ingresses and of the Gateway API. The world reaches it at the address "balanced".
type traefik struct{ pod *corev1.Pod }

// onRequest leaves a story out unless those are asked for whose controllers take minutes to build.
func onRequest(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_EXPOSURE") == "" {
		t.Skip("its controller takes minutes to build: make test-exposure")
	}
}

// newTraefik runs Traefik until the test ends, and builds it first where that has not been done.
func newTraefik(t *testing.T) traefik {
	t.Helper()
	onRequest(t)
	built, err := cluster.BuildTraefik(t.Context(), os.Stderr)
	must(t, err)
	image, err := cluster.BuildImage(cluster.ImageSpec{Name: "registry.peernode.dev/traefik:dev", Binaries: []string{built.Program}})
	must(t, err)
	must(t, node.LoadImage(t.Context(), image))

	own, err := filepath.Glob(filepath.Join(built.Manifests, "traefik.io_*.yaml"))
	must(t, err)
	definitions := installed(t, own...)
	_, err = run("kubectl", "wait", "--for=condition=Established", "--timeout=1m", "-f", definitions)
	must(t, err)
	var rights []string
	for _, file := range []string{"kubernetes-gateway-rbac.yml", "kubernetes-crd-rbac.yml"} {
		rights = append(rights, rewritten(t, filepath.Join(built.Manifests, file),
			"name: traefik-controller\n    namespace: default", "name: traefik\n    namespace: "+traefikNamespace,
			"name: traefik-ingress-controller\n    namespace: default", "name: traefik\n    namespace: "+traefikNamespace))
	}
	installed(t, rights...)
	installed(t, rewritten(t, filepath.Join(testenv.Root(), "test", "e2e", "testdata", "traefik.yaml"), "NAMESPACE", traefikNamespace, "IMAGE", image.Reference()))
	balance(t, traefikNamespace, "traefik")
	return traefik{pod: awaitTraefik(t)}
}

// awaitTraefik waits until Traefik serves. A test that fails tells what it logged.
func awaitTraefik(t *testing.T) *corev1.Pod {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := run("kubectl", "logs", "-n", traefikNamespace, "deployment/traefik", "--tail=50")
			t.Log(log)
		}
	})
	pods := &corev1.PodList{}
	eventually(t, func() error {
		if err := admin.List(t.Context(), pods, client.InNamespace(traefikNamespace), client.MatchingLabels{"app": "traefik"}); err != nil {
			return err
		}
		if len(pods.Items) != 1 || !serves(&pods.Items[0]) {
			return errors.New("Traefik does not serve yet")
		}
		return nil
	})
	return &pods.Items[0]
}

// installed makes the objects of files until the test ends.
func installed(t *testing.T, files ...string) string {
	t.Helper()
	list := strings.Join(files, ",")
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "--ignore-not-found", "-f", list) })
	_, err := run("kubectl", "apply", "--server-side", "-f", list)
	must(t, err)
	return list
}

// rewritten is a copy of a file in which some texts are others.
func rewritten(t *testing.T, file string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	into := filepath.Join(t.TempDir(), filepath.Base(file))
	must(t, os.WriteFile(into, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600))
	return into
}

// peer lets Traefik alone, of all the cluster, to the API of a peer.
func (c traefik) peer() v1alpha1.NetworkPeer {
	return v1alpha1.NetworkPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: traefikNamespace}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: c.pod.Labels},
	}
}

// users are outside of the cluster and ask Traefik for a name.
func (c traefik) users(t *testing.T, n *outsideNetwork, name string, authority []byte) *users {
	t.Helper()
	dial := n.dialer(wayOut)
	return newUsers(t, func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, net.JoinHostPort(balanced, "443"))
	}, name, name, authority)
}
