// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// corner is a place from which connections are tried, and to which.
type corner struct {
	name string
	side side
	// inside is the command that runs another where the corner is.
	inside []string
	// from is the address to try from, where a place has several.
	from string
}

// side is an end of a connection as the judge knows it: a pod, or, without a namespace, an address outside.
type side struct {
	Namespace       string            `json:"namespace,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	IP              string            `json:"ip"`
}

// breakGlass is who may run something in the pod of a peer.
var breakGlass = []string{"--as=e2e", "--as-group=peernode-break-glass", "--as-group=system:masters"}

// probing is the container that tries connections.
func probing() corev1.Container {
	return corev1.Container{Name: "probe", Image: imageProbe, Args: []string{"wait"}}
}

// stranger runs a pod that is nothing but a corner.
func stranger(t *testing.T, name, ns string, labels map[string]string) corner {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, GenerateName: "stranger-", Labels: labels},
		Spec:       restrictedPod(probing(), nil),
	}
	must(t, admin.Create(t.Context(), pod))
	t.Cleanup(func() { _, _ = run("kubectl", "delete", "pod", "-n", ns, pod.Name, "--wait=false") })
	return inPod(t, name, pod, pod.Spec.Containers[0].Name)
}

// within makes a corner of a pod that has other things to do.
func within(t *testing.T, name string, pod *corev1.Pod) corner {
	t.Helper()
	container := "probe-" + strings.ToLower(rand.Text()[:6])
	_, err := run("kubectl", slices.Concat([]string{"debug", "-n", pod.Namespace, pod.Name}, breakGlass, []string{
		"--profile=restricted", "--quiet", "--image=" + imageProbe, "--image-pull-policy=IfNotPresent", "--container=" + container,
		"--", "/e2e-probe", "wait",
	})...)
	must(t, err)
	return inPod(t, name, pod, container)
}

// inPod waits until commands can be run in a container.
func inPod(t *testing.T, name string, pod *corev1.Pod, container string) corner {
	t.Helper()
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		for _, s := range slices.Concat(pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses) {
			if s.Name == container && s.State.Running != nil && pod.Status.PodIP != "" {
				return nil
			}
		}
		return fmt.Errorf("container %s of %s/%s does not run", container, pod.Namespace, pod.Name)
	})
	ns := &corev1.Namespace{}
	must(t, admin.Get(t.Context(), client.ObjectKey{Name: pod.Namespace}, ns))
	return corner{
		name:   name,
		side:   side{pod.Namespace, maps.Clone(pod.Labels), ns.Labels, pod.Status.PodIP},
		inside: slices.Concat([]string{"kubectl", "exec", "-i", "-n", pod.Namespace, pod.Name, "-c", container}, breakGlass, []string{"--", "/e2e-probe"}),
	}
}

// podLabelled is a pod of the installation.
func podLabelled(t *testing.T, ns, name string) *corev1.Pod {
	t.Helper()
	pods := &corev1.PodList{}
	must(t, admin.List(t.Context(), pods, client.InNamespace(ns), client.MatchingLabels{"app.kubernetes.io/name": name}))
	for i := range pods.Items {
		if pods.Items[i].Status.Phase == corev1.PodRunning && pods.Items[i].DeletionTimestamp == nil {
			return &pods.Items[i]
		}
	}
	t.Fatalf("no pod of %s runs in %s", name, ns)
	return nil
}

// outside makes corners of addresses beyond the node.
func outside(t *testing.T, addresses map[string]string) []corner {
	t.Helper()
	n := newOutsideNetwork(t)
	var corners []corner
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		n.has(addresses[name])
		corners = append(corners, corner{name: name, side: side{IP: addresses[name]}, from: addresses[name], inside: n.inside("e2e-probe")})
	}
	return corners
}
