// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/sealingkey"
)

// confidential refuses to give anybody but the unsealing container what opens the key: the token for the unsealer, or,
// where the pod opens the key by itself, the private key for it.
func confidential(direct *v1alpha1.DirectOpening, s corev1.PodSpec) []error {
	name, what := volumeUnsealer, "the token for the unsealer"
	if direct != nil {
		name, what = volumeOpener, "the private key that opens the peer's"
	}
	errs := append(tokens(direct, s), openers(direct, s)...)
	for _, c := range everyContainer(s) {
		for _, m := range c.VolumeMounts {
			if m.Name == name && c.Name != ContainerUnseal {
				errs = append(errs, fmt.Errorf("spec.podTemplate must not mount the volume %s, which holds %s, into container %s", name, what, c.Name))
			}
		}
	}
	return errs
}

func everyContainer(s corev1.PodSpec) []corev1.Container {
	return append(slices.Clone(s.InitContainers), s.Containers...)
}

// tokens refuses every token but the one for the unsealer alone, which is in no pod that does without the unsealer.
func tokens(direct *v1alpha1.DirectOpening, s corev1.PodSpec) []error {
	var errs []error
	for _, v := range s.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if token := source.ServiceAccountToken; token != nil && (direct != nil || v.Name != volumeUnsealer || token.Audience != sealingkey.Audience) {
				errs = append(errs, fmt.Errorf("spec.podTemplate.spec.volumes[%s] must not project a service account token", v.Name))
			}
		}
	}
	return errs
}

// openers refuses the private key that opens the peer's under any other name than that of its own volume.
func openers(direct *v1alpha1.DirectOpening, s corev1.PodSpec) []error {
	if direct == nil {
		return nil
	}
	var errs []error
	for _, v := range s.Volumes {
		if v.Name != volumeOpener && (direct.Secret != nil && readsSecret(v, direct.Secret.Name) || direct.CSI != nil && isOf(v, direct.CSI)) {
			errs = append(errs, fmt.Errorf("spec.podTemplate.spec.volumes[%s] must not hold the private key that opens the peer's, which spec.identity.direct names", v.Name))
		}
	}
	for _, c := range everyContainer(s) {
		if direct.Secret != nil && hasInEnvironment(c, direct.Secret.Name) {
			errs = append(errs, fmt.Errorf("spec.podTemplate must not bring Secret %s, which opens the peer's key, into the environment of container %s", direct.Secret.Name, c.Name))
		}
	}
	return errs
}

func readsSecret(v corev1.Volume, secret string) bool {
	if v.Projected != nil {
		return slices.ContainsFunc(v.Projected.Sources, func(s corev1.VolumeProjection) bool { return s.Secret != nil && s.Secret.Name == secret })
	}
	return v.Secret != nil && v.Secret.SecretName == secret
}

// isOf reports whether a volume is what the CSI driver brings for the key.
func isOf(v corev1.Volume, c *v1alpha1.DirectCSI) bool {
	return v.CSI != nil && v.CSI.Driver == c.Driver && maps.Equal(v.CSI.VolumeAttributes, openerAttributes(c))
}

func hasInEnvironment(c corev1.Container, secret string) bool {
	return slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool {
		return e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && e.ValueFrom.SecretKeyRef.Name == secret
	}) || slices.ContainsFunc(c.EnvFrom, func(e corev1.EnvFromSource) bool { return e.SecretRef != nil && e.SecretRef.Name == secret })
}
