// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// kubeletConfig listens on the bridge alone, never evicts (a full disk of a build machine is not what is tested), and takes cgroup v1 as well.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + nodeIP + `
healthzBindAddress: ` + nodeIP + `
readOnlyPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[1]q}
authorization: {mode: Webhook}
tlsCertFile: %[2]q
tlsPrivateKeyFile: %[3]q
containerRuntimeEndpoint: "unix://%[4]s"
cgroupDriver: cgroupfs
cgroupRoot: %[5]q
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
evictionHard: {memory.available: "0%%", nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%", imagefs.inodesFree: "0%%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
makeIPTablesUtilChains: false
# The kubelet looks only this often whether a volume has grown; upstream's minute would make every test of growth last one.
syncFrequency: 5s
clusterDNS: [` + nodeIP + `]
clusterDomain: ` + clusterDomain + `
resolvConf: %[6]q
podLogsDir: %[7]q
volumePluginDir: %[8]q
`

// kubelet runs the pods that are bound to the node.
func (n *FullNode) kubelet() (program, error) {
	kubeconfig, err := n.componentKubeconfig("kubelet")
	if err != nil {
		return program{}, err
	}
	if err := n.pki.issue("kubelet-server", identity{user: "system:node:" + NodeName, groups: []string{"system:nodes"}, hosts: []string{nodeIP, NodeName}}); err != nil {
		return program{}, err
	}
	resolv, config := filepath.Join(n.dir, "resolv.conf"), filepath.Join(n.dir, "kubelet.yaml")
	content := fmt.Sprintf(kubeletConfig, n.pki.certFile("ca"), n.pki.certFile("kubelet-server"), n.pki.keyFile("kubelet-server"),
		n.paths.containerdSock(), n.paths.cgroup, resolv, filepath.Join(n.dir, "pod-logs"), filepath.Join(n.dir, "volume-plugins"))
	for path, data := range map[string]string{resolv: "nameserver " + nodeIP + "\n", config: content} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			return program{}, fmt.Errorf("write the kubelet's configuration: %w", err)
		}
	}
	return program{
		name:  "kubelet",
		path:  filepath.Join(n.bin, "kubelet"),
		args:  []string{"--config=" + config, "--kubeconfig=" + kubeconfig, "--root-dir=" + n.paths.kubelet, "--node-ip=" + nodeIP, "--hostname-override=" + NodeName},
		env:   []string{"PATH=" + n.bin + ":" + os.Getenv("PATH")},
		grace: 5 * time.Second,
		ready: func(ctx context.Context) error { return n.client.get(ctx, "/api/v1/nodes/"+NodeName, nil) },
	}, nil
}
