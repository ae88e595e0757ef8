// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/names"
	"github.com/peernode/operator/pkg/peer"
)

// Volumes of a peer's pod.
const (
	volumeData     = "data"
	volumeEnvelope = "envelope"
	volumeUnsealer = "unsealer"
	volumeOpener   = "opener"
	volumeKey      = "identity"
	volumeFiles    = "files"
	volumeLive     = "live-files"
	volumeOwn      = "own-live-files"
	volumeTmp      = "tmp"
	volumeEdge     = "edge"
	volumeTLS      = "tls"
	volumeClientCA = "client-ca"
	volumeIssuerCA = "issuer-ca"
)

func volumes(in Input) []*applycorev1.VolumeApplyConfiguration {
	p, w := in.PeerNode, in.Workload
	out := []*applycorev1.VolumeApplyConfiguration{
		applycorev1.Volume().WithName(volumeData).WithPersistentVolumeClaim(
			applycorev1.PersistentVolumeClaimVolumeSource().WithClaimName(names.Data(p))),
		applycorev1.Volume().WithName(volumeTmp).WithEmptyDir(
			applycorev1.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("16Mi"))),
	}
	if w.KeyPath != "" {
		out = append(out, keyVolumes(in)...)
	}
	for _, v := range []struct {
		name      string
		configMap string
	}{{volumeFiles, names.Config(p)}, {volumeLive, liveConfig(p)}, {volumeOwn, names.Config(p)}} {
		if items := fileItems(w.Files, v.name); len(items) > 0 {
			out = append(out, applycorev1.Volume().WithName(v.name).WithConfigMap(
				applycorev1.ConfigMapVolumeSource().WithName(v.configMap).WithItems(items...)))
		}
	}
	return out
}

// liveConfig is the ConfigMap with the live files: the fleet's for its peers.
func liveConfig(p *v1alpha1.PeerNode) string {
	if p.Spec.Fleet != nil {
		return names.Members(p.Spec.Fleet.Name)
	}
	return names.Config(p)
}

func fileItems(files []peer.File, volume string) []*applycorev1.KeyToPathApplyConfiguration {
	var out []*applycorev1.KeyToPathApplyConfiguration
	for _, f := range files {
		if volumeOf(f) == volume {
			out = append(out, applycorev1.KeyToPath().WithKey(f.Key).WithPath(itemPath(f)))
		}
	}
	return out
}

// volumeOf is the volume of a file. A folder of live files is mounted as a whole, so own ones are in another.
func volumeOf(f peer.File) string {
	switch {
	case f.Own:
		return volumeOwn
	case f.Live:
		return volumeLive
	default:
		return volumeFiles
	}
}

// itemPath names a live file as the software looks for it, because its folder is mounted as a whole.
func itemPath(f peer.File) string {
	if f.Live {
		return path.Base(f.Path)
	}
	return f.Key
}

// mounts puts single files in place by subPath, which is never updated, and folders of live files as a whole,
// which the kubelet updates.
func mounts(in Input) []*applycorev1.VolumeMountApplyConfiguration {
	w := in.Workload
	out := []*applycorev1.VolumeMountApplyConfiguration{
		applycorev1.VolumeMount().WithName(volumeData).WithMountPath(w.DataPath),
		applycorev1.VolumeMount().WithName(volumeTmp).WithMountPath("/tmp"),
	}
	if w.KeyPath != "" {
		out = append(out, keyMount(in))
	}
	var folders []string
	for _, f := range w.Files {
		folder := path.Dir(f.Path)
		switch {
		case !f.Live:
			out = append(out, applycorev1.VolumeMount().WithName(volumeFiles).WithMountPath(f.Path).WithSubPath(f.Key).WithReadOnly(true))
		case !slices.Contains(folders, folder):
			folders = append(folders, folder)
			out = append(out, applycorev1.VolumeMount().WithName(volumeOf(f)).WithMountPath(folder).WithReadOnly(true))
		}
	}
	return out
}
