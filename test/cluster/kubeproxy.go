// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// kubeProxyConfig leaves the machine's connection tracking limits alone.
const kubeProxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: ` + NodeName + `
bindAddress: ` + nodeIP + `
clusterCIDR: ` + podNetwork + `
healthzBindAddress: ` + nodeIP + `:10256
metricsBindAddress: ` + nodeIP + `:10249
clientConnection: {kubeconfig: %q}
conntrack: {maxPerCore: 0, min: 0}
nftables: {minSyncPeriod: 100ms}
`

// kubeProxy gives Services their addresses, with nftables.
func (n *FullNode) kubeProxy() (program, error) {
	kubeconfig, err := n.componentKubeconfig("kube-proxy")
	if err != nil {
		return program{}, err
	}
	config := filepath.Join(n.dir, "kube-proxy.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, kubeProxyConfig, kubeconfig), 0o600); err != nil {
		return program{}, fmt.Errorf("write kube-proxy's configuration: %w", err)
	}
	return program{
		name:  "kube-proxy",
		path:  filepath.Join(n.bin, "kube-proxy"),
		args:  []string{"--config=" + config},
		grace: 2 * time.Second,
		ready: httpReady("http://" + nodeIP + ":10256/healthz"),
	}, nil
}
