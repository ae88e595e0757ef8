// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// csiDriverName is the provisioner of the class "standard" on a full node.
const csiDriverName = "loopfile.csi.peernode.dev"

// csiDriverYAML: no attach step on a single node, and fsGroup is applied by the kubelet.
const csiDriverYAML = `apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: ` + csiDriverName + `}
spec: {attachRequired: false, podInfoOnMount: false, fsGroupPolicy: File, volumeLifecycleModes: [Persistent]}
`

// csiDriver is our own small driver, a process on the host beside the kubelet.
func (n *FullNode) csiDriver() (program, error) {
	registry := filepath.Join(n.paths.kubelet, "plugins_registry")
	if err := os.MkdirAll(registry, 0o750); err != nil {
		return program{}, fmt.Errorf("create the kubelet's plugin folder: %w", err)
	}
	return program{
		name: "loopfile-csi",
		path: filepath.Join(n.bin, "loopfile-csi"),
		args: []string{"--endpoint", n.paths.csiSock(), "--registration", filepath.Join(registry, "loopfile-reg.sock"),
			"--node", NodeName, "--volumes", filepath.Join(n.dir, "volumes")},
		grace: 2 * time.Second,
		ready: func(ctx context.Context) error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "unix", n.paths.csiSock())
			if err != nil {
				return fmt.Errorf("connect to the CSI driver: %w", err)
			}
			return conn.Close()
		},
	}, nil
}

// csiSidecar is one of upstream's programs that turn API objects into calls of the driver.
func (n *FullNode) csiSidecar(name, kubeconfig string, args ...string) program {
	return program{
		name:  name,
		path:  filepath.Join(n.bin, name),
		args:  append([]string{"--csi-address=" + n.paths.csiSock(), "--kubeconfig=" + kubeconfig}, args...),
		env:   []string{"KUBECONFIG=" + kubeconfig}, // the provisioner prefers it to the flag, and the caller's is of another cluster
		grace: 2 * time.Second,
	}
}

// waitDriverRegistered waits until the kubelet knows the driver; pods with volumes fail to start before.
func (n *FullNode) waitDriverRegistered(ctx context.Context) error {
	for {
		var node struct {
			Spec struct{ Drivers []struct{ Name string } }
		}
		err := n.client.get(ctx, "/apis/storage.k8s.io/v1/csinodes/"+NodeName, &node)
		for _, d := range node.Spec.Drivers {
			if d.Name == csiDriverName {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the kubelet does not know the CSI driver: %w", ctx.Err()), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
