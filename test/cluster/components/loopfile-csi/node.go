// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/mount-utils"
)

const fileSystem = "xfs"

// NodeGetInfo names the node.
func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

// NodeGetCapabilities announces what the node can do.
func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	response := &csi.NodeGetCapabilitiesResponse{}
	for _, c := range []csi.NodeServiceCapability_RPC_Type{
		csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME,
		csi.NodeServiceCapability_RPC_EXPAND_VOLUME,
		csi.NodeServiceCapability_RPC_GET_VOLUME_STATS,
		csi.NodeServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	} {
		response.Capabilities = append(response.Capabilities, &csi.NodeServiceCapability{
			Type: &csi.NodeServiceCapability_Rpc{Rpc: &csi.NodeServiceCapability_RPC{Type: c}}})
	}
	return response, nil
}

// NodeStageVolume mounts the volume's file system once for the node, making it at the first time.
func (d *driver) NodeStageVolume(_ context.Context, r *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file, err := d.existing(r.VolumeId)
	if err != nil {
		return nil, err
	}
	mounted, err := d.prepareTarget(r.StagingTargetPath)
	if err != nil || mounted {
		return &csi.NodeStageVolumeResponse{}, err
	}
	options := append([]string{"loop"}, r.VolumeCapability.GetMount().GetMountFlags()...)
	if err := d.mounter.FormatAndMount(file, r.StagingTargetPath, fileSystem, options); err != nil {
		return nil, status.Errorf(codes.Internal, "mount volume %s: %v", r.VolumeId, err)
	}
	return &csi.NodeStageVolumeResponse{}, nil
}

// NodeUnstageVolume unmounts it; the kernel then frees the loop device by itself.
func (d *driver) NodeUnstageVolume(_ context.Context, r *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, d.unmount(r.VolumeId, r.StagingTargetPath)
}

// NodePublishVolume shows the staged file system to one pod.
func (d *driver) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	mounted, err := d.prepareTarget(r.TargetPath)
	if err != nil || mounted {
		return &csi.NodePublishVolumeResponse{}, err
	}
	options := []string{"bind"}
	if r.Readonly {
		options = append(options, "ro")
	}
	if err := d.mounter.Mount(r.StagingTargetPath, r.TargetPath, "", options); err != nil {
		return nil, status.Errorf(codes.Internal, "bind volume %s to a pod: %v", r.VolumeId, err)
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

// NodeUnpublishVolume takes the volume away from a pod.
func (d *driver) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	return &csi.NodeUnpublishVolumeResponse{}, d.unmount(r.VolumeId, r.TargetPath)
}

// NodeExpandVolume tells the loop device that its file has grown, and grows the mounted file system to the device.
func (d *driver) NodeExpandVolume(_ context.Context, r *csi.NodeExpandVolumeRequest) (*csi.NodeExpandVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	file, err := d.existing(r.VolumeId)
	if err != nil {
		return nil, err
	}
	device, err := d.loopDevice(file)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "find the device of volume %s: %v", r.VolumeId, err)
	}
	if out, err := d.exec.Command("losetup", "--set-capacity", device).CombinedOutput(); err != nil {
		return nil, status.Errorf(codes.Internal, "grow the device of volume %s: %v: %s", r.VolumeId, err, out)
	}
	if _, err := mount.NewResizeFs(d.exec).Resize(device, r.VolumePath); err != nil {
		return nil, status.Errorf(codes.Internal, "grow the file system of volume %s: %v", r.VolumeId, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "volume %s: %v", r.VolumeId, err)
	}
	return &csi.NodeExpandVolumeResponse{CapacityBytes: info.Size()}, nil
}

// NodeGetVolumeStats reports how full the file system is.
func (d *driver) NodeGetVolumeStats(_ context.Context, r *csi.NodeGetVolumeStatsRequest) (*csi.NodeGetVolumeStatsResponse, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(r.VolumePath, &s); err != nil {
		return nil, status.Errorf(codes.NotFound, "volume %s: %v", r.VolumeId, err)
	}
	total, free, available := int64(s.Blocks)*s.Bsize, int64(s.Bfree)*s.Bsize, int64(s.Bavail)*s.Bsize
	return &csi.NodeGetVolumeStatsResponse{Usage: []*csi.VolumeUsage{
		{Unit: csi.VolumeUsage_BYTES, Total: total, Used: total - free, Available: available},
		{Unit: csi.VolumeUsage_INODES, Total: int64(s.Files), Used: int64(s.Files - s.Ffree), Available: int64(s.Ffree)},
	}}, nil
}

// prepareTarget makes the folder to mount on and reports whether something is mounted there already.
func (d *driver) prepareTarget(path string) (mounted bool, err error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return false, status.Errorf(codes.Internal, "create a mount point: %v", err)
	}
	mounted, err = d.mounter.IsMountPoint(path)
	if err != nil {
		return false, status.Errorf(codes.Internal, "look at a mount point: %v", err)
	}
	return mounted, nil
}

// unmount undoes a mount and removes its folder; what is not mounted counts as unmounted.
func (d *driver) unmount(id, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := mount.CleanupMountPoint(path, d.mounter, true); err != nil && !errors.Is(err, os.ErrNotExist) {
		return status.Errorf(codes.Internal, "unmount volume %s: %v", id, err)
	}
	return nil
}

// loopDevice finds the device that a file is attached to.
func (d *driver) loopDevice(file string) (string, error) {
	out, err := d.exec.Command("losetup", "--noheadings", "--output", "NAME", "--associated", file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("losetup: %w: %s", err, out)
	}
	devices := strings.Fields(string(out))
	if len(devices) != 1 {
		return "", fmt.Errorf("%s is attached to %d loop devices, want one", file, len(devices))
	}
	return devices[0], nil
}
