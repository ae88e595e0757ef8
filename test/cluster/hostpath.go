// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// hostPathRoot is where kube-controller-manager's development provisioner makes its folders; the path is fixed in its code.
const hostPathRoot = "/tmp/hostpath_pv"

// hostPathVolumes lists the folders that the provisioner made for this control plane, which nobody else removes when it is gone.
func (cp *ControlPlane) hostPathVolumes() ([]string, error) {
	if !cp.hostPath {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var volumes struct {
		Items []struct {
			Spec struct {
				HostPath *struct{ Path string }
			}
		}
	}
	if err := cp.client.get(ctx, "/api/v1/persistentvolumes", &volumes); err != nil {
		return nil, fmt.Errorf("list the volumes whose folders under %s are to be removed: %w", hostPathRoot, err)
	}
	var paths []string
	for _, volume := range volumes.Items {
		if volume.Spec.HostPath == nil {
			continue
		}
		// A test may have created a volume of its own on any path: remove only what the provisioner made.
		if path := filepath.Clean(volume.Spec.HostPath.Path); strings.HasPrefix(path, hostPathRoot+"/") {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
