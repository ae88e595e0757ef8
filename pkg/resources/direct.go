// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// directPath is where the unsealing container finds the private key with which it opens the peer's by itself.
const directPath = "/run/peernode/direct"

// openerFile is the file of that private key.
func openerFile(d *v1alpha1.DirectOpening) string {
	if d.Secret != nil {
		return path.Join(directPath, d.Secret.Key)
	}
	return path.Join(directPath, d.CSI.File)
}

// openerVolume holds that private key.
func openerVolume(d *v1alpha1.DirectOpening) *applycorev1.VolumeApplyConfiguration {
	v := applycorev1.Volume().WithName(volumeOpener)
	if d.Secret != nil {
		return v.WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(d.Secret.Name).
			WithDefaultMode(unsealMode).
			WithItems(applycorev1.KeyToPath().WithKey(d.Secret.Key).WithPath(d.Secret.Key)))
	}
	source := applycorev1.CSIVolumeSource().WithDriver(d.CSI.Driver).WithReadOnly(true)
	if attributes := openerAttributes(d.CSI); len(attributes) > 0 {
		source.WithVolumeAttributes(attributes)
	}
	if name := d.CSI.NodePublishSecretName; name != "" {
		source.WithNodePublishSecretRef(applycorev1.LocalObjectReference().WithName(name))
	}
	return v.WithCSI(source)
}

func openerAttributes(c *v1alpha1.DirectCSI) map[string]string {
	out := map[string]string{}
	for name, value := range c.VolumeAttributes {
		out[name] = string(value)
	}
	return out
}
