// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/mount-utils"
	"k8s.io/utils/exec"
)

// smallestVolume is the least that mkfs.xfs takes; a smaller claim gets this much, as with cloud disks.
const smallestVolume = 300 << 20

// driver serves all three CSI services: controller and node are the same machine here.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	node, dir, socket string
	mounter           *mount.SafeFormatAndMount
	exec              exec.Interface
	// one operation at a time: calls may repeat while the first still runs, and speed is no concern here.
	mu sync.Mutex
}

// GetPluginInfo names the driver.
func (d *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: driverName, VendorVersion: driverVersion}, nil
}

// GetPluginCapabilities announces the controller service and growth while a volume is in use.
func (d *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{
		{Type: &csi.PluginCapability_Service_{Service: &csi.PluginCapability_Service{Type: csi.PluginCapability_Service_CONTROLLER_SERVICE}}},
		{Type: &csi.PluginCapability_VolumeExpansion_{VolumeExpansion: &csi.PluginCapability_VolumeExpansion{Type: csi.PluginCapability_VolumeExpansion_ONLINE}}},
	}}, nil
}

// Probe says that the driver runs.
func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

// ControllerGetCapabilities announces what the controller can do.
func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	response := &csi.ControllerGetCapabilitiesResponse{}
	for _, c := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_EXPAND_VOLUME,
		csi.ControllerServiceCapability_RPC_SINGLE_NODE_MULTI_WRITER,
	} {
		response.Capabilities = append(response.Capabilities, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: c}}})
	}
	return response, nil
}

// ValidateVolumeCapabilities confirms every mode of a mounted volume that one node can offer.
func (d *driver) ValidateVolumeCapabilities(_ context.Context, r *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if _, err := d.existing(r.VolumeId); err != nil {
		return nil, err
	}
	if refusal := supported(r.VolumeCapabilities); refusal != nil {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: refusal.Error()}, nil //nolint:nilerr // "not supported" is the answer, not a failure
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: r.VolumeCapabilities}}, nil
}

// CreateVolume makes the sparse file; the provisioner's name for the volume is its id, so that asking again finds it.
func (d *driver) CreateVolume(_ context.Context, r *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := supported(r.VolumeCapabilities); err != nil {
		return nil, err
	}
	if r.VolumeContentSource != nil {
		return nil, status.Error(codes.InvalidArgument, "volumes cannot be made from snapshots or other volumes")
	}
	path, err := d.path(r.Name)
	if err != nil {
		return nil, err
	}
	size := max(r.CapacityRange.GetRequiredBytes(), smallestVolume)
	if limit := r.CapacityRange.GetLimitBytes(); limit > 0 && size > limit {
		return nil, status.Errorf(codes.OutOfRange, "a volume has at least %d bytes, the limit is %d", size, limit)
	}
	if info, err := os.Stat(path); err == nil {
		if info.Size() < size {
			return nil, status.Errorf(codes.AlreadyExists, "volume %s exists with %d bytes, wanted are %d", r.Name, info.Size(), size)
		}
		size = info.Size()
	} else if err := grow(path, size); err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: r.Name, CapacityBytes: size}}, nil
}

// DeleteVolume removes the file; a volume that is gone counts as deleted.
func (d *driver) DeleteVolume(_ context.Context, r *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path, err := d.path(r.VolumeId)
	if err != nil {
		return &csi.DeleteVolumeResponse{}, nil // no volume of ours has such an id
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, status.Errorf(codes.Internal, "delete volume %s: %v", r.VolumeId, err)
	}
	return &csi.DeleteVolumeResponse{}, nil
}

// ControllerExpandVolume makes the file larger; the node then grows the device and the file system on it.
func (d *driver) ControllerExpandVolume(_ context.Context, r *csi.ControllerExpandVolumeRequest) (*csi.ControllerExpandVolumeResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path, err := d.existing(r.VolumeId)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "volume %s: %v", r.VolumeId, err)
	}
	size := info.Size()
	if wanted := r.CapacityRange.GetRequiredBytes(); wanted > size {
		if err := grow(path, wanted); err != nil {
			return nil, err
		}
		size = wanted
	}
	return &csi.ControllerExpandVolumeResponse{CapacityBytes: size, NodeExpansionRequired: true}, nil
}

// grow makes the file at least this long without using space for it.
func grow(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return status.Errorf(codes.Internal, "open a volume's file: %v", err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		return status.Errorf(codes.ResourceExhausted, "make a volume's file %d bytes long: %v", size, err)
	}
	return nil
}

// volumeID is what a volume may be called, because the name becomes a file's.
var volumeID = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9.-]{0,127}$`)

func (d *driver) path(id string) (string, error) {
	if !volumeID.MatchString(id) {
		return "", status.Errorf(codes.InvalidArgument, "%q cannot be a volume's name", id)
	}
	return filepath.Join(d.dir, id+".xfs"), nil
}

// existing is the file of a volume that must be there.
func (d *driver) existing(id string) (string, error) {
	path, err := d.path(id)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", status.Errorf(codes.NotFound, "volume %s does not exist", id)
	}
	return path, nil
}

// supported refuses what a loop-mounted file cannot do: block devices, other file systems, several nodes.
func supported(capabilities []*csi.VolumeCapability) error {
	for _, c := range capabilities {
		if c.GetMount() == nil {
			return status.Error(codes.InvalidArgument, "only volumes with a file system are supported, not block devices")
		}
		if fs := c.GetMount().FsType; fs != "" && fs != fileSystem {
			return status.Errorf(codes.InvalidArgument, "only %s is supported, not %s", fileSystem, fs)
		}
		switch c.AccessMode.GetMode() {
		case csi.VolumeCapability_AccessMode_MULTI_NODE_MULTI_WRITER, csi.VolumeCapability_AccessMode_MULTI_NODE_SINGLE_WRITER:
			return status.Error(codes.InvalidArgument, "a volume can be written on one node only: use ReadWriteOnce or ReadWriteOncePod")
		}
	}
	return nil
}
