// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
)

// ContainerEdge serves the API of the peer in place of the peer.
const ContainerEdge = "edge"

// Names of the edge's ports.
const (
	portEdge        = "edge"
	portEdgeMetrics = "edge-metrics"
)

// edgeContainer runs beside the peer, of which it sees neither data nor key, and has what the peer does not see: the
// private key of the certificate.
func edgeContainer(in Input) *applycorev1.ContainerApplyConfiguration {
	spec := in.PeerNode.Spec.Edge
	c := container(ContainerEdge, in.Options.CompanionImage).
		WithArgs("edge", "--config="+path.Join(edgeFolder, edgeFile)).
		WithResources(resources(spec.Resources)).
		WithPorts(
			applycorev1.ContainerPort().WithName(portEdge).WithContainerPort(in.Edge.Port).WithProtocol(corev1.ProtocolTCP),
			applycorev1.ContainerPort().WithName(portEdgeMetrics).WithContainerPort(in.Edge.Metrics).WithProtocol(corev1.ProtocolTCP)).
		WithReadinessProbe(edgeProbe(in, "/readyz").WithPeriodSeconds(2).WithFailureThreshold(3)).
		WithLivenessProbe(edgeProbe(in, "/livez").WithPeriodSeconds(10).WithFailureThreshold(6)).
		WithVolumeMounts(
			applycorev1.VolumeMount().WithName(volumeEdge).WithMountPath(edgeFolder).WithReadOnly(true),
			applycorev1.VolumeMount().WithName(volumeTLS).WithMountPath(tlsFolder).WithReadOnly(true))
	for _, ca := range edgeAuthorities(spec) {
		c.WithVolumeMounts(applycorev1.VolumeMount().WithName(ca.volume).WithMountPath(ca.folder).WithReadOnly(true))
	}
	return c
}

func edgeProbe(in Input, path string) *applycorev1.ProbeApplyConfiguration {
	return applycorev1.Probe().WithTimeoutSeconds(3).
		WithHTTPGet(applycorev1.HTTPGetAction().WithPath(path).WithPort(intstr.FromInt32(in.Edge.Metrics)))
}

// edgeVolumes are what the edge reads. Certificates may be missing, or come late: the peer is to run meanwhile.
func edgeVolumes(in Input) []*applycorev1.VolumeApplyConfiguration {
	out := []*applycorev1.VolumeApplyConfiguration{
		applycorev1.Volume().WithName(volumeEdge).WithConfigMap(applycorev1.ConfigMapVolumeSource().
			WithName(names.Config(in.PeerNode)).
			WithItems(applycorev1.KeyToPath().WithKey(edgeFile).WithPath(edgeFile))),
		applycorev1.Volume().WithName(volumeTLS).WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(tlsSecret(in.PeerNode)).
			WithDefaultMode(unsealMode).
			WithOptional(true)),
	}
	for _, ca := range edgeAuthorities(in.PeerNode.Spec.Edge) {
		out = append(out, applycorev1.Volume().WithName(ca.volume).WithConfigMap(applycorev1.ConfigMapVolumeSource().
			WithName(ca.is.ConfigMapName).
			WithItems(applycorev1.KeyToPath().WithKey(ca.is.Key).WithPath(ca.is.Key)).
			WithOptional(true)))
	}
	return out
}

// tlsSecret is the Secret under whose certificate the API is served.
func tlsSecret(p *v1alpha1.PeerNode) string {
	if p.Spec.TLS.IssuerRef != nil {
		return names.TLS(p)
	}
	return p.Spec.TLS.SecretName
}

// authorities are certificates of authorities that the edge reads.
type authorities struct {
	is             *v1alpha1.CertificateAuthorities
	volume, folder string
}

func edgeAuthorities(e *v1alpha1.PeerEdge) []authorities {
	var out []authorities
	if e.ClientCertificates != nil {
		out = append(out, authorities{&e.ClientCertificates.CA, volumeClientCA, clientCAFolder})
	}
	if e.Tokens != nil && e.Tokens.CA != nil {
		out = append(out, authorities{e.Tokens.CA, volumeIssuerCA, issuerCAFolder})
	}
	return out
}
