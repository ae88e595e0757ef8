// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/unseal"
)

// withStores are the components whose pods work with a store, and the containers that do.
var withStores = map[string]string{
	resources.ComponentKeyCopy: resources.ContainerKeyCopy,
	resources.ComponentRestore: resources.ContainerRestore,
	names.ComponentStoreCheck:  resources.ContainerStoreCheck,
	names.ComponentStorePrune:  resources.ContainerStorePrune,
	names.ComponentBackup:      unseal.ContainerBackup,
}

// runCompanion runs the container of a pod that works with a store, with what a kubelet would mount in a folder of its own,
// and returns its last words. It is false while something that is to be mounted is not there.
func (k *KeyJobs) runCompanion(pod *corev1.Pod) (words string, mounted bool, err error) {
	folder, err := os.MkdirTemp("", pod.Name)
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(folder)
	if mounted, err = mount(k.ctx, k.admin, pod, folder); err != nil || !mounted {
		return "", mounted, err
	}
	program, err := k.programs.Path("cmd/peer-companion")
	if err != nil {
		return "", true, err
	}
	c := pod.Spec.Containers[0]
	if want := withStores[pod.Labels[v1alpha1.LabelComponent]]; c.Name != want {
		return "", true, fmt.Errorf("the container of pod %s is %s, not %s", pod.Name, c.Name, want)
	}
	log := filepath.Join(folder, "termination-log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		return "", true, err
	}
	args := make([]string, 0, len(c.Args))
	for _, arg := range c.Args {
		args = append(args, inFolder(arg, c, folder, log))
	}
	if args, err = signing(pod, args, folder); err != nil {
		return "", true, err
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(k.ctx, program, args...)
	cmd.Env, cmd.Stderr = []string{}, &stderr
	failed := cmd.Run()
	said, err := os.ReadFile(log)
	if failed != nil && len(said) == 0 {
		return "", true, fmt.Errorf("peer-companion %v: %w\n%s", args, failed, &stderr)
	}
	if failed != nil {
		return string(said), true, failed
	}
	return string(said), true, err
}

// inFolder lets an argument name a file where it lies here.
func inFolder(arg string, c corev1.Container, folder, log string) string {
	name, value, _ := strings.Cut(arg, "=")
	if value == c.TerminationMessagePath {
		return name + "=" + log
	}
	for _, m := range c.VolumeMounts {
		if value == m.MountPath || strings.HasPrefix(value, m.MountPath+"/") {
			return name + "=" + filepath.Join(folder, m.Name) + strings.TrimPrefix(value, m.MountPath)
		}
	}
	return arg
}

// mount writes the volumes of a pod into folders named after them.
func mount(ctx context.Context, admin client.Client, pod *corev1.Pod, folder string) (bool, error) {
	for _, v := range pod.Spec.Volumes {
		data, err := dataOf(ctx, admin, pod, v)
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if err := os.Mkdir(filepath.Join(folder, v.Name), 0o700); err != nil {
			return false, err
		}
		for name, content := range data {
			if err := os.WriteFile(filepath.Join(folder, v.Name, name), content, 0o400); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// dataOf is what a volume holds, by the names of its files.
func dataOf(ctx context.Context, admin client.Client, pod *corev1.Pod, v corev1.Volume) (map[string][]byte, error) {
	name := types.NamespacedName{Namespace: pod.Namespace}
	switch {
	case v.Secret != nil:
		name.Name = v.Secret.SecretName
		secret := &corev1.Secret{}
		if err := admin.Get(ctx, name, secret); err != nil {
			return nil, err
		}
		return items(secret.Data, v.Secret.Items), nil
	case v.ConfigMap != nil:
		name.Name = v.ConfigMap.Name
		config := &corev1.ConfigMap{}
		if err := admin.Get(ctx, name, config); err != nil {
			return nil, err
		}
		data := map[string][]byte{}
		for key, value := range config.Data {
			data[key] = []byte(value)
		}
		return items(data, v.ConfigMap.Items), nil
	case v.PersistentVolumeClaim != nil:
		name.Name = v.PersistentVolumeClaim.ClaimName
		claim := &corev1.PersistentVolumeClaim{}
		if err := admin.Get(ctx, name, claim); err != nil {
			return nil, err
		}
		return dataOfPeer(pod, claim), nil
	case v.Projected != nil:
		return nil, nil // the way to the unsealer, which serves no pods here
	default:
		return nil, fmt.Errorf("volume %s is of a kind that is not played", v.Name)
	}
}

// items are the files that a volume has of some data: all of it, or what it names.
func items(data map[string][]byte, only []corev1.KeyToPath) map[string][]byte {
	if len(only) == 0 {
		return data
	}
	out := map[string][]byte{}
	for _, item := range only {
		if content, ok := data[item.Key]; ok {
			out[item.Path] = content
		}
	}
	return out
}
