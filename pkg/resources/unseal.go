// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	applynetworkingv1 "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/sealingkey"
)

// ContainerUnseal brings the key out of its envelope, before anything else of the pod runs.
const ContainerUnseal = "unseal"

// Where the unsealing container finds what it needs, and leaves the key.
const (
	envelopePath = "/run/peernode/envelope"
	unsealerPath = "/run/peernode/unsealer"
	openedPath   = "/run/peernode/key"
	tokenFile    = "token"
	caFile       = "ca.crt"
	// openedFolder is the folder of the key's files below openedPath. What is mounted as a volume belongs to root and
	// is open to the peer's group; this folder belongs to the peer's user and is closed.
	openedFolder = "files"
	// callAs is the name of the unsealer's certificate in the peer's ConfigMap.
	callAs = "unsealer-ca.crt"
)

// envNamespace is the namespace of the pod, by way of the kubelet, so that the same peer has the same pod everywhere.
const envNamespace = "NAMESPACE"

// tokenSeconds is how long the token for the unsealer is good for: the least that an API server grants.
const tokenSeconds = 600

// unsealMode lets only the peer's user read what is not secret but nobody else's business.
const unsealMode int32 = 0o400

// unsealContainer is the one container of the pod that holds what opens the key: a token, for the unsealer alone and for
// this pod alone, or the private key with which it opens the peer's by itself.
func unsealContainer(in Input) *applycorev1.ContainerApplyConfiguration {
	p := in.PeerNode
	args := []string{
		"unseal",
		"--namespace=$(" + envNamespace + ")", "--peernode=" + p.Name, "--epoch=" + strconv.FormatInt(in.Epoch, 10),
		"--software=" + in.Software,
		"--envelope=" + path.Join(envelopePath, keysecret.Envelope),
	}
	with := applycorev1.VolumeMount().WithName(volumeUnsealer).WithMountPath(unsealerPath).WithReadOnly(true)
	if direct := p.Direct(); direct != nil {
		args = append(args, "--identity="+openerFile(direct))
		with.WithName(volumeOpener).WithMountPath(directPath)
	} else {
		args = append(args,
			"--url="+sealingkey.URL(in.Options.UnsealerNamespace),
			"--ca="+path.Join(unsealerPath, caFile),
			"--token="+path.Join(unsealerPath, tokenFile))
	}
	return companion(ContainerUnseal, in.Options.CompanionImage).
		WithArgs(append(args,
			"--to="+path.Join(openedPath, openedFolder),
			"--termination-log="+corev1.TerminationMessagePathDefault)...).
		WithEnv(applycorev1.EnvVar().WithName(envNamespace).WithValueFrom(applycorev1.EnvVarSource().
			WithFieldRef(applycorev1.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath("metadata.namespace")))).
		WithVolumeMounts(
			applycorev1.VolumeMount().WithName(volumeEnvelope).WithMountPath(envelopePath).WithReadOnly(true),
			with,
			applycorev1.VolumeMount().WithName(volumeKey).WithMountPath(openedPath))
}

// keyMount is the opened key, as the software sees it.
func keyMount(in Input) *applycorev1.VolumeMountApplyConfiguration {
	return applycorev1.VolumeMount().WithName(volumeKey).WithMountPath(in.Workload.KeyPath).WithSubPath(openedFolder).WithReadOnly(true)
}

// keyVolumes are the sealed key, what opens it, and memory for the opened key.
func keyVolumes(in Input) []*applycorev1.VolumeApplyConfiguration {
	with := unsealerVolume(in.PeerNode)
	if direct := in.PeerNode.Direct(); direct != nil {
		with = openerVolume(direct)
	}
	return []*applycorev1.VolumeApplyConfiguration{
		applycorev1.Volume().WithName(volumeEnvelope).WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(names.Key(in.PeerNode, in.Epoch)).
			WithDefaultMode(unsealMode).
			WithItems(applycorev1.KeyToPath().WithKey(keysecret.Envelope).WithPath(keysecret.Envelope))),
		with,
		applycorev1.Volume().WithName(volumeKey).WithEmptyDir(applycorev1.EmptyDirVolumeSource().
			WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))),
	}
}

// unsealerVolume is the way to the unsealer.
func unsealerVolume(p *v1alpha1.PeerNode) *applycorev1.VolumeApplyConfiguration {
	return applycorev1.Volume().WithName(volumeUnsealer).WithProjected(applycorev1.ProjectedVolumeSource().
		WithDefaultMode(unsealMode).
		WithSources(
			applycorev1.VolumeProjection().WithServiceAccountToken(applycorev1.ServiceAccountTokenProjection().
				WithAudience(sealingkey.Audience).WithExpirationSeconds(tokenSeconds).WithPath(tokenFile)),
			applycorev1.VolumeProjection().WithConfigMap(applycorev1.ConfigMapProjection().
				WithName(names.Config(p)).
				WithItems(applycorev1.KeyToPath().WithKey(callAs).WithPath(caFile)))))
}

// unsealerOfJob is the way to the unsealer for the pod of a Job, which brings its own certificates.
func unsealerOfJob() *applycorev1.VolumeApplyConfiguration {
	return applycorev1.Volume().WithName(volumeUnsealer).WithProjected(applycorev1.ProjectedVolumeSource().
		WithDefaultMode(unsealMode).
		WithSources(
			applycorev1.VolumeProjection().WithServiceAccountToken(applycorev1.ServiceAccountTokenProjection().
				WithAudience(sealingkey.Audience).WithExpirationSeconds(tokenSeconds).WithPath(tokenFile)),
			applycorev1.VolumeProjection().WithDownwardAPI(applycorev1.DownwardAPIProjection().
				WithItems(applycorev1.DownwardAPIVolumeFile().WithPath(caFile).
					WithFieldRef(applycorev1.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath("metadata.annotations['"+v1alpha1.AnnotationUnsealerCA+"']"))))))
}

// unsealer opens the way to the unsealer, in whose namespace nothing else is reached.
func unsealer(o Options) *applynetworkingv1.NetworkPolicyEgressRuleApplyConfiguration {
	return applynetworkingv1.NetworkPolicyEgressRule().
		WithTo(applynetworkingv1.NetworkPolicyPeer().
			WithNamespaceSelector(namespace(o.UnsealerNamespace)).
			WithPodSelector(applymetav1.LabelSelector().WithMatchLabels(map[string]string{"app.kubernetes.io/name": sealingkey.Name}))).
		WithPorts(applynetworkingv1.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(sealingkey.Port)))
}

// UnsealerCA is the certificate by which the pods of a peer know the unsealer, as its ConfigMap has it, "" where it
// has none.
func UnsealerCA(config *corev1.ConfigMap) string { return config.Data[callAs] }
