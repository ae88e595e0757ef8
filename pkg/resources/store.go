// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"cmp"
	"path"

	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
)

// Volumes of a pod that works with a store, and where it finds them.
const (
	volumeCredentials = "credentials"
	volumeCA          = "ca"

	pathStore = "/run/peernode/store"
	pathCA    = "/run/peernode/ca"
)

// Defaults of a PeerBackupStore.
const (
	defaultRegion = "us-east-1"
	defaultCAKey  = "ca.crt"
)

// storeDeadline ends a Job that hangs, such as for a Secret that is not there, in seconds.
const storeDeadline = 300

// storeOwner makes the garbage collector remove the object after the PeerBackupStore.
func storeOwner(s *v1alpha1.PeerBackupStore) *applymetav1.OwnerReferenceApplyConfiguration {
	return applymetav1.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).
		WithKind("PeerBackupStore").
		WithName(s.Name).
		WithUID(s.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}

// storeVolumes are the credentials and the CA of a store, which the kubelet mounts.
func storeVolumes(store *v1alpha1.PeerBackupStore) []*applycorev1.VolumeApplyConfiguration {
	out := []*applycorev1.VolumeApplyConfiguration{
		applycorev1.Volume().WithName(volumeCredentials).WithSecret(applycorev1.SecretVolumeSource().
			WithSecretName(store.Spec.Credentials.SecretName).
			WithDefaultMode(unsealMode)),
	}
	if ca := store.Spec.CA; ca != nil {
		key := cmp.Or(ca.Key, defaultCAKey)
		out = append(out, applycorev1.Volume().WithName(volumeCA).WithConfigMap(applycorev1.ConfigMapVolumeSource().
			WithName(ca.ConfigMapName).
			WithItems(applycorev1.KeyToPath().WithKey(key).WithPath(defaultCAKey))))
	}
	return out
}

// storeMounts is where a container finds them. It can write none of it.
func storeMounts(store *v1alpha1.PeerBackupStore) []*applycorev1.VolumeMountApplyConfiguration {
	out := []*applycorev1.VolumeMountApplyConfiguration{readOnly(volumeCredentials, pathStore)}
	if store.Spec.CA != nil {
		out = append(out, readOnly(volumeCA, pathCA))
	}
	return out
}

func readOnly(volume, at string) *applycorev1.VolumeMountApplyConfiguration {
	return applycorev1.VolumeMount().WithName(volume).WithMountPath(at).WithReadOnly(true)
}

// storeArgs are the arguments by which the companion finds a store, and does there as its spec says.
func storeArgs(store *v1alpha1.PeerBackupStore) []string {
	s := store.Spec
	args := []string{
		"--endpoint=" + s.Endpoint,
		"--region=" + cmp.Or(s.Region, defaultRegion),
		"--bucket=" + s.Bucket,
		"--addressing=" + string(cmp.Or(s.Addressing, v1alpha1.AddressingPath)),
		"--credentials-dir=" + pathStore,
	}
	if s.Prefix != "" {
		args = append(args, "--prefix="+s.Prefix)
	}
	if s.CA != nil {
		args = append(args, "--ca-file="+path.Join(pathCA, defaultCAKey))
	}
	if e := s.ServerSideEncryption; e != nil {
		args = append(args, "--sse="+string(e.Mode))
		if e.KMSKeyID != "" {
			args = append(args, "--sse-kms-key-id="+e.KMSKeyID)
		}
	}
	return args
}
