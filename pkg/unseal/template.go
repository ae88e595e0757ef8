// SPDX-License-Identifier: Apache-2.0

package unseal

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// differs says in what a pod differs from the template that it should have been made from, "" where it does not. What
// is left out of the comparison is what admission fills in (resources, pull policy, tolerations, the node) and what no
// key can get out by. Defaults need no care: the API server fills them into templates as well as into pods.
func differs(pod, template corev1.PodSpec) string {
	if len(pod.EphemeralContainers) > 0 {
		return "it has the ephemeral container " + pod.EphemeralContainers[0].Name
	}
	if what := differingContainers("init container", pod.InitContainers, template.InitContainers); what != "" {
		return what
	}
	if what := differingContainers("container", pod.Containers, template.Containers); what != "" {
		return what
	}
	for _, field := range []struct {
		name    string
		is, was any
	}{
		{"volumes", pod.Volumes, template.Volumes},
		{"serviceAccountName", pod.ServiceAccountName, template.ServiceAccountName},
		{"automountServiceAccountToken", pod.AutomountServiceAccountToken, template.AutomountServiceAccountToken},
		{"hostNetwork", pod.HostNetwork, template.HostNetwork},
		{"hostPID", pod.HostPID, template.HostPID},
		{"hostIPC", pod.HostIPC, template.HostIPC},
		{"hostUsers", pod.HostUsers, template.HostUsers},
		{"shareProcessNamespace", pod.ShareProcessNamespace, template.ShareProcessNamespace},
		{"securityContext", pod.SecurityContext, template.SecurityContext},
		{"runtimeClassName", pod.RuntimeClassName, template.RuntimeClassName},
		{"resourceClaims", pod.ResourceClaims, template.ResourceClaims},
	} {
		if !equality.Semantic.DeepEqual(field.is, field.was) {
			return field.name + " is another"
		}
	}
	return ""
}

func differingContainers(kind string, pod, template []corev1.Container) string {
	for _, c := range template {
		if !slices.ContainsFunc(pod, named(c.Name)) {
			return fmt.Sprintf("%s %s is missing", kind, c.Name)
		}
	}
	for i, c := range pod {
		j := slices.IndexFunc(template, named(c.Name))
		if j < 0 {
			return fmt.Sprintf("%s %s is not in the template", kind, c.Name)
		}
		if i != j {
			return fmt.Sprintf("%s %s is at another place", kind, c.Name)
		}
		if what := differing(c, template[j]); what != "" {
			return fmt.Sprintf("%s of %s %s is another", what, kind, c.Name)
		}
	}
	return ""
}

func named(name string) func(corev1.Container) bool {
	return func(c corev1.Container) bool { return c.Name == name }
}

// differing names what is different about a container.
func differing(pod, template corev1.Container) string {
	switch {
	case pod.Image != template.Image:
		return "the image"
	case !slices.Equal(pod.Command, template.Command):
		return "the command"
	case !slices.Equal(pod.Args, template.Args):
		return "the arguments"
	case !equality.Semantic.DeepEqual(compared(pod), compared(template)):
		return "the environment, a mount, a probe, a hook, a device or the security context"
	}
	return ""
}

// compared is a container without what admission may fill in or an in-place resize change. Claims stay: the driver of a
// device may mount what it likes.
func compared(c corev1.Container) corev1.Container {
	c.Resources, c.ResizePolicy, c.ImagePullPolicy = corev1.ResourceRequirements{Claims: c.Resources.Claims}, nil, ""
	return c
}
