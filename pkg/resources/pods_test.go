// SPDX-License-Identifier: Apache-2.0

package resources_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/resources"
)

// everyPod hands out the pod template as the API server would read it.
func everyPod(t *testing.T, check func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec)) {
	t.Helper()
	for name, s := range scenarios {
		t.Run(name, func(t *testing.T) {
			in := s.input(t, name)
			var set appsv1.StatefulSet
			convert(t, build(t, in)["statefulset"], &set)
			check(t, in, set.Spec.Template)
		})
	}
}

func TestEveryPodIsRestricted(t *testing.T) {
	everyPod(t, func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec) {
		s := pod.Spec
		if s.HostNetwork || s.HostPID || s.HostIPC || s.SecurityContext == nil {
			t.Fatal("the pod shares something of its host, or has no security context")
		}
		c := s.SecurityContext
		if !isTrue(c.RunAsNonRoot) || c.RunAsUser == nil || *c.RunAsUser <= 0 || *c.RunAsGroup != *c.RunAsUser || *c.FSGroup != *c.RunAsUser {
			t.Errorf("the pod may run as root: %v", c)
		}
		if c.SeccompProfile == nil || c.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("the seccomp profile is %v", c.SeccompProfile)
		}
		if s.HostUsers == nil || *s.HostUsers != in.Options.HostUsers {
			t.Errorf("hostUsers is %v, want %v", s.HostUsers, in.Options.HostUsers)
		}
		for _, container := range append(s.InitContainers, s.Containers...) {
			c := container.SecurityContext
			if c == nil || !isFalse(c.AllowPrivilegeEscalation) || !isTrue(c.ReadOnlyRootFilesystem) || c.Privileged != nil || c.Capabilities == nil {
				t.Errorf("container %s has the security context %v", container.Name, c)
				continue
			}
			if diff := cmp.Diff(&corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}, c.Capabilities); diff != "" {
				t.Errorf("container %s keeps capabilities (-want +got):\n%s", container.Name, diff)
			}
		}
	})
}

func TestNoPodCanCallTheAPIServer(t *testing.T) {
	everyPod(t, func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec) {
		if !isFalse(pod.Spec.AutomountServiceAccountToken) || !isFalse(pod.Spec.EnableServiceLinks) || pod.Spec.ServiceAccountName != in.PeerNode.Name {
			t.Errorf("token %v, service links %v, account %q", pod.Spec.AutomountServiceAccountToken, pod.Spec.EnableServiceLinks, pod.Spec.ServiceAccountName)
		}
		for _, v := range pod.Spec.Volumes {
			if v.HostPath != nil {
				t.Errorf("volume %s is of the host", v.Name)
			}
		}
		var account corev1.ServiceAccount
		convert(t, resources.ServiceAccount(in), &account)
		if !isFalse(account.AutomountServiceAccountToken) {
			t.Error("the service account hands out its token")
		}
	})
}

// The one token is good for the unsealer alone, and nothing but the container that asks for the key has it.
func TestTheTokenForTheUnsealerIsTheOnlyOneAndItsContainersAlone(t *testing.T) {
	everyPod(t, func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec) {
		holds := map[string]bool{}
		for _, v := range pod.Spec.Volumes {
			if v.Projected == nil {
				continue
			}
			for _, source := range v.Projected.Sources {
				if token := source.ServiceAccountToken; token != nil {
					holds[v.Name] = true
					if token.Audience != "unsealer.peernode.dev" || *token.ExpirationSeconds != 600 {
						t.Errorf("the token is for %q and for %d s", token.Audience, *token.ExpirationSeconds)
					}
				}
			}
		}
		if want := in.Workload.KeyPath != "" && in.PeerNode.Direct() == nil; want != (len(holds) == 1) {
			t.Errorf("the volumes %v hold tokens, and the unsealer opens a key: %v", holds, want)
		}
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, m := range container.VolumeMounts {
				if holds[m.Name] != (container.Name == resources.ContainerUnseal && m.Name == "unsealer") {
					t.Errorf("container %s mounts %s", container.Name, m.Name)
				}
			}
		}
	})
}

// In plaintext the key is in memory alone: only one container writes it, and only those of the peer's software see it.
func TestKeysAreOpenedInMemoryAlone(t *testing.T) {
	everyPod(t, func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec) {
		if in.Workload.KeyPath == "" {
			return
		}
		volumes := map[string]corev1.Volume{}
		for _, v := range pod.Spec.Volumes {
			volumes[v.Name] = v
			if v.Secret != nil && (v.Name != "opener" && v.Name != "tls" && v.Secret.SecretName != names.Key(in.PeerNode, 1) || *v.Secret.DefaultMode != 0o400) {
				t.Errorf("Secret %s is mounted with mode %o", v.Secret.SecretName, *v.Secret.DefaultMode)
			}
		}
		seen := map[string]int{}
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, m := range container.VolumeMounts {
				switch {
				case m.Name == "tls" && container.Name == resources.ContainerEdge:
				case volumes[m.Name].Secret != nil && (container.Name != resources.ContainerUnseal || m.Name == "tls"):
					t.Errorf("container %s sees Secret %s", container.Name, volumes[m.Name].Secret.SecretName)
				case m.MountPath != in.Workload.KeyPath && m.Name != "identity":
				case volumes[m.Name].EmptyDir == nil || volumes[m.Name].EmptyDir.Medium != corev1.StorageMediumMemory:
					t.Errorf("container %s has the key in %v", container.Name, volumes[m.Name])
				case m.ReadOnly == (container.Name == resources.ContainerUnseal):
					t.Errorf("container %s mounts the key read-only: %v", container.Name, m.ReadOnly)
				default:
					seen[container.Name]++
				}
			}
		}
		if diff := cmp.Diff(map[string]int{"unseal": 1, "identity": 1, "peer": 1}, seen); diff != "" {
			t.Errorf("who has the key (-want +got):\n%s", diff)
		}
		if pod.Spec.InitContainers[0].Name != resources.ContainerUnseal {
			t.Errorf("%s comes before the key", pod.Spec.InitContainers[0].Name)
		}
	})
}

// Where the pod opens the key by itself, what opens it is as well guarded as a token is elsewhere.
func TestWhatOpensAKeyDirectlyIsMountedIntoTheUnsealingContainerAlone(t *testing.T) {
	everyPod(t, func(t *testing.T, in resources.Input, pod corev1.PodTemplateSpec) {
		direct := in.PeerNode.Direct()
		for _, v := range pod.Spec.Volumes {
			if opens := v.Name == "opener"; opens && (direct == nil || (v.CSI != nil) != (direct.CSI != nil) || v.CSI != nil && !isTrue(v.CSI.ReadOnly)) {
				t.Errorf("the private key is in %+v, the spec names %+v", v, direct)
			}
		}
		var have []string
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, m := range container.VolumeMounts {
				if m.Name == "opener" {
					have = append(have, container.Name)
				}
				if m.Name == "opener" && !m.ReadOnly {
					t.Errorf("container %s may write where the private key is", container.Name)
				}
			}
		}
		var want []string
		if direct != nil {
			want = []string{resources.ContainerUnseal}
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("who has the private key (-want +got):\n%s", diff)
		}
	})
}

// What the unsealer is for, a pod that does without it need not reach or know.
func TestAPodThatOpensItsKeyDirectlyKnowsNothingOfTheUnsealer(t *testing.T) {
	for name, s := range scenarios {
		in := s.input(t, name)
		if in.PeerNode.Direct() == nil {
			continue
		}
		for builder, object := range build(t, in) {
			raw, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(raw), "unsealer") || strings.Contains(string(raw), "serviceAccountToken\"") {
				t.Errorf("%s of %s knows of the unsealer: %s", builder, name, raw)
			}
		}
	}
}

func TestNothingComesFromElsewhereIntoTheEnvironment(t *testing.T) {
	everyPod(t, func(t *testing.T, _ resources.Input, pod corev1.PodTemplateSpec) {
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, e := range container.Env {
				if e.ValueFrom != nil && (container.Name != resources.ContainerUnseal || e.ValueFrom.FieldRef == nil || e.ValueFrom.FieldRef.FieldPath != "metadata.namespace") {
					t.Errorf("variable %s of %s comes from elsewhere", e.Name, container.Name)
				}
			}
			if len(container.EnvFrom) > 0 {
				t.Errorf("%s takes variables from elsewhere", container.Name)
			}
		}
	})
}

// What is mounted twice is refused by the server, what is not mounted is not there.
func TestEveryMountHasAVolumeAndAPlaceOfItsOwn(t *testing.T) {
	everyPod(t, func(t *testing.T, _ resources.Input, pod corev1.PodTemplateSpec) {
		volumes, used := map[string]bool{}, map[string]bool{}
		for _, v := range pod.Spec.Volumes {
			volumes[v.Name] = true
		}
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			places := map[string]bool{}
			for _, m := range container.VolumeMounts {
				if !volumes[m.Name] || places[m.MountPath] {
					t.Errorf("%s mounts %s at %s, without such a volume or twice", container.Name, m.Name, m.MountPath)
				}
				places[m.MountPath], used[m.Name] = true, true
			}
		}
		if diff := cmp.Diff(volumes, used); diff != "" {
			t.Errorf("volumes and those that are mounted (-have +mounted):\n%s", diff)
		}
	})
}

// Only files that the software reads at its start replace the pod.
func TestTheConfigHashFollowsFilesReadAtStart(t *testing.T) {
	hash := func(change func(*resources.Input)) string {
		in := scenarios["p2p-agent-minimal"].input(t, "p2p-agent-minimal")
		change(&in)
		var set appsv1.StatefulSet
		convert(t, build(t, in)["statefulset"], &set)
		return set.Spec.Template.Annotations[v1alpha1.AnnotationConfig]
	}
	base := hash(func(*resources.Input) {})
	for name, c := range map[string]struct {
		change func(*resources.Input)
		same   bool
	}{
		"Content of a live file.":         {func(in *resources.Input) { in.Workload.Files[1].Content = "other" }, true},
		"Content of a file read at start": {func(in *resources.Input) { in.Workload.Files[0].Content = "other" }, false},
		"Path of a file read at start.":   {func(in *resources.Input) { in.Workload.Files[0].Path = "/other" }, false},
		"No files at all.":                {func(in *resources.Input) { in.Workload.Files = nil }, false},
	} {
		if got := hash(c.change); (got == base) != c.same {
			t.Errorf("%s: the hash was %q, is %q, want it the same: %v", name, base, got, c.same)
		}
	}
	if got := hash(func(in *resources.Input) { in.Workload.Files = nil }); got != "" {
		t.Errorf("without files the hash is %q", got)
	}
}

func isTrue(b *bool) bool  { return b != nil && *b }
func isFalse(b *bool) bool { return b != nil && !*b }
