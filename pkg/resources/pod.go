// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/intent"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// Containers of a peer's pod.
const (
	// ContainerPeer runs the peer.
	ContainerPeer = "peer"
	// ContainerIdentity proves, before the peer starts, which key it holds.
	ContainerIdentity = "identity"
)

// podTemplate passes Pod Security restricted, has no API token and no service links, and writes only to its
// volume, to a small /tmp and, before the peer starts, to the memory that holds its key.
func podTemplate(in Input) *applycorev1.PodTemplateSpecApplyConfiguration {
	p, w := in.PeerNode, in.Workload
	spec := applycorev1.PodSpec().
		WithServiceAccountName(names.Workload(p)).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithHostUsers(in.Options.HostUsers).
		WithTerminationGracePeriodSeconds(grace(in)).
		WithSecurityContext(podSecurity(w.User)).
		WithContainers(peerContainer(in)).
		WithVolumes(volumes(in)...)
	if w.KeyPath != "" {
		spec.WithInitContainers(unsealContainer(in), identityContainer(in))
	}
	if in.Edge != nil {
		spec.WithContainers(edgeContainer(in)).WithVolumes(edgeVolumes(in)...)
	}
	for _, secret := range p.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(applycorev1.LocalObjectReference().WithName(secret.Name))
	}
	if p.Spec.Fleet != nil {
		spec.WithTopologySpreadConstraints(spread(p.Spec.Fleet))
	}
	template := applycorev1.PodTemplateSpec().
		WithLabels(podLabels(p)).
		WithAnnotations(map[string]string{"kubectl.kubernetes.io/default-container": ContainerPeer}).
		WithSpec(spec)
	if hash := configHash(filesAtStart(in)); hash != "" {
		template.WithAnnotations(map[string]string{v1alpha1.AnnotationConfig: hash})
	}
	return template
}

func podLabels(p *v1alpha1.PeerNode) map[string]string {
	labels := names.Labels(p, componentPeer)
	if p.Spec.Fleet != nil {
		labels[v1alpha1.LabelFleet] = p.Spec.Fleet.Name
	}
	return labels
}

// spread keeps the peers of a fleet apart.
func spread(f *v1alpha1.FleetMembership) *applycorev1.TopologySpreadConstraintApplyConfiguration {
	return applycorev1.TopologySpreadConstraint().
		WithMaxSkew(1).
		WithTopologyKey(f.Spread.TopologyKey).
		WithWhenUnsatisfiable(f.Spread.WhenUnsatisfiable).
		WithNodeTaintsPolicy(corev1.NodeInclusionPolicyHonor). // A node that was given up is no place to even things out with.
		WithLabelSelector(applymetav1.LabelSelector().WithMatchLabels(names.FleetSelector(f.Name)))
}

func peerContainer(in Input) *applycorev1.ContainerApplyConfiguration {
	w := in.Workload
	c := software(ContainerPeer, in).WithResources(resources(in.PeerNode.Spec.Resources))
	if len(w.Args) > 0 {
		c.WithArgs(w.Args...)
	}
	for _, e := range w.Env {
		c.WithEnv(env(e))
	}
	for _, p := range w.Ports {
		c.WithPorts(applycorev1.ContainerPort().WithName(p.Name).WithContainerPort(p.Number).WithProtocol(p.Protocol))
	}
	for _, probe := range []struct {
		is  *corev1.Probe
		set func(*applycorev1.ProbeApplyConfiguration) *applycorev1.ContainerApplyConfiguration
	}{
		{w.Startup, c.WithStartupProbe},
		{w.Readiness, c.WithReadinessProbe},
		{w.Liveness, c.WithLivenessProbe},
	} {
		if probe.is != nil {
			probe.set(probeConfiguration(probe.is))
		}
	}
	return c.WithVolumeMounts(mounts(in)...)
}

// env leaves an empty value out, as the server does: an intent with it would never be found in the live object.
func env(e peer.Env) *applycorev1.EnvVarApplyConfiguration {
	out := applycorev1.EnvVar().WithName(e.Name)
	if e.Value != "" {
		out.WithValue(e.Value)
	}
	return out
}

func identityContainer(in Input) *applycorev1.ContainerApplyConfiguration {
	return software(ContainerIdentity, in).WithArgs(in.Workload.IdentityCheck...).WithVolumeMounts(keyMount(in))
}

// software is a container that runs the peer's own program.
func software(name string, in Input) *applycorev1.ContainerApplyConfiguration {
	c := container(name, in.PeerNode.Spec.Image)
	if len(in.Workload.Command) > 0 {
		c.WithCommand(in.Workload.Command...)
	}
	return c
}

func container(name, image string) *applycorev1.ContainerApplyConfiguration {
	return applycorev1.Container().
		WithName(name).
		WithImage(image).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithSecurityContext(applycorev1.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(applycorev1.Capabilities().WithDrop("ALL")))
}

func podSecurity(user int64) *applycorev1.PodSecurityContextApplyConfiguration {
	return applycorev1.PodSecurityContext().
		WithRunAsNonRoot(true).
		WithRunAsUser(user).
		WithRunAsGroup(user).
		WithFSGroup(user).
		WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
		WithSeccompProfile(applycorev1.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}

func resources(r v1alpha1.PeerResources) *applycorev1.ResourceRequirementsApplyConfiguration {
	out := applycorev1.ResourceRequirements()
	if len(r.Requests) > 0 {
		out.WithRequests(r.Requests)
	}
	if len(r.Limits) > 0 {
		out.WithLimits(r.Limits)
	}
	return out
}

func probeConfiguration(p *corev1.Probe) *applycorev1.ProbeApplyConfiguration {
	out := applycorev1.Probe().
		WithPeriodSeconds(p.PeriodSeconds).
		WithFailureThreshold(p.FailureThreshold).
		WithTimeoutSeconds(p.TimeoutSeconds)
	switch {
	case p.HTTPGet != nil:
		out.WithHTTPGet(applycorev1.HTTPGetAction().WithPath(p.HTTPGet.Path).WithPort(p.HTTPGet.Port))
	case p.TCPSocket != nil:
		out.WithTCPSocket(applycorev1.TCPSocketAction().WithPort(p.TCPSocket.Port))
	case p.Exec != nil:
		out.WithExec(applycorev1.ExecAction().WithCommand(p.Exec.Command...))
	}
	return out
}

// grace is how long the pod may take to stop: as long as the slower of peer and edge, and a little more.
func grace(in Input) int64 {
	if in.Edge == nil {
		return in.Workload.GraceSeconds
	}
	timeouts := in.Edge.Config.Timeouts
	return max(in.Workload.GraceSeconds, int64((timeouts.Unready.Duration+timeouts.Drain.Duration).Seconds())+5)
}

// filesAtStart are those that are read only at start, by the software and by the edge.
func filesAtStart(in Input) []peer.File {
	out := slices.DeleteFunc(slices.Clone(in.Workload.Files), func(f peer.File) bool { return f.Live })
	if in.Edge != nil {
		out = append(out, peer.File{Path: path.Join(edgeFolder, edgeFile), Content: in.Edge.Document})
	}
	return out
}

func configHash(files []peer.File) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString(f.Path + "\x00" + f.Content + "\x00")
	}
	if b.Len() == 0 {
		return ""
	}
	return intent.Hash([]byte(b.String()))
}
