// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/canary"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/peer/kinds"
)

// openedKey reads, as root of the node, the key file that a peer has in its memory, and looks who may read it.
func openedKey(t *testing.T, p *v1alpha1.PeerNode) identity.Key {
	t.Helper()
	path := filepath.Join(node.KubeletDir(), "pods", string(podOf(t, p).UID), "volumes/kubernetes.io~empty-dir/identity/files/identity.key")
	info, err := os.Lstat(path)
	must(t, err)
	if info.Mode() != 0o400 {
		t.Errorf("the key has mode %o, want 0400 and no link", info.Mode())
	}
	line, err := os.ReadFile(path)
	must(t, err)
	key, err := kinds.For(p.Spec.Software).Key().Read(map[string][]byte{"identity.key": line})
	must(t, err)
	if id := key.Public().PeerID(); p.Status.Identity == nil || id != p.Status.Identity.PeerID {
		t.Errorf("the pod holds the key of %s, on record is %+v", id, p.Status.Identity)
	}
	return key
}

// showing are the files of the node that show the key: etcd's, all logs, what the container runtime and the kubelet keep.
// What lies in memory, as the file that the peer reads, is left out.
func showing(t *testing.T, key identity.Key) []string {
	t.Helper()
	var found []string
	for _, folder := range []string{node.Dir(), node.KubeletDir()} {
		must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case entry.IsDir() && inMemory(path):
				return fs.SkipDir
			case !entry.Type().IsRegular() || !strings.Contains(path, "/etcd/") && isProgram(entry):
				return nil
			}
			content, err := os.ReadFile(path)
			if err == nil && len(canary.Find(content, key.Secret())) > 0 {
				found = append(found, path)
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}))
	}
	return found
}

// tmpfs is how statfs(2) calls a file system that lies in memory.
const tmpfs = 0x01021994

func inMemory(folder string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(folder, &s) == nil && s.Type == tmpfs
}

// isProgram are the programs in the layers of images, and the disks behind volumes, by their size.
func isProgram(entry fs.DirEntry) bool {
	info, err := entry.Info()
	return err != nil || info.Size() > 8<<20
}

// A key that was made in the cluster, used, and fetched again by a second pod, is found in none of the node's files.
func TestNoKeyLiesInPlaintextOnTheNode(t *testing.T) {
	p := agent(t, namespace(t), "alpha")
	awaitReady(t, p)
	key := openedKey(t, p)
	must(t, admin.Delete(t.Context(), podOf(t, p)))
	awaitAnotherPod(t, p, podOf(t, p).UID)
	awaitReady(t, p)
	if again := openedKey(t, p); !again.Equal(key) {
		t.Errorf("the second pod has another key: %s, and not %s", again.Public(), key.Public())
	}
	if found := showing(t, key); len(found) > 0 {
		t.Errorf("the key shows in %v", found)
	}

	// The search finds one that is there.
	planted := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "planted"}, Data: map[string][]byte{"identity.key": key.Secret()}}
	must(t, admin.Create(t.Context(), planted))
	eventually(t, func() error {
		for _, path := range showing(t, key) {
			if strings.Contains(path, "/etcd/") {
				return nil
			}
		}
		return errors.New("the planted key is not found in what etcd stores")
	})
}

// awaitAnotherPod waits until the pod with a UID is gone and another is there.
func awaitAnotherPod(t *testing.T, p *v1alpha1.PeerNode, before any) {
	t.Helper()
	eventually(t, func() error {
		pod := &corev1.Pod{}
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: p.Name + "-0"}, pod); err != nil {
			return err
		}
		if any(pod.UID) == before || pod.DeletionTimestamp != nil {
			return fmt.Errorf("%s is the pod of before", pod.Name)
		}
		return nil
	})
}

// Without the unsealer a running peer stays as it is, and one that restarts waits, says for what, and waits for
// nothing else.
func TestPeersRunOnWithoutTheUnsealerAndRestartWithIt(t *testing.T) {
	ns := namespace(t)
	alpha, beta := agent(t, ns, "alpha"), agent(t, ns, "beta")
	awaitReady(t, alpha)
	awaitReady(t, beta)
	was := podOf(t, alpha).UID

	scaleUnsealer(t, 0)
	t.Cleanup(func() { scaleUnsealer(t, 2) })
	must(t, admin.Delete(t.Context(), podOf(t, beta)))
	awaitReason(t, beta, v1alpha1.ConditionReady, v1alpha1.ReasonWaitingForUnsealer)
	if c := conditions.Find(beta.Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(c.Message, systemNamespace) {
		t.Errorf("the message does not say where to look: %s", c.Message)
	}
	if now := podOf(t, alpha); now.UID != was || now.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Error("the peer that ran was disturbed")
	}
	awaitReady(t, alpha)

	scaleUnsealer(t, 2)
	awaitReady(t, beta)
	openedKey(t, beta)
}

func scaleUnsealer(t *testing.T, replicas int) {
	t.Helper()
	_, err := run("kubectl", "scale", "deployment", "peernode-unsealer", "-n", systemNamespace, fmt.Sprintf("--replicas=%d", replicas))
	must(t, err)
	_, err = run("kubectl", "rollout", "status", "deployment/peernode-unsealer", "-n", systemNamespace, "--timeout=3m")
	must(t, err)
}
