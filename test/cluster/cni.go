// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"os"
	"path/filepath"
)

// cniNetwork names the pod network.
const cniNetwork = "peernode"

// cniConfig puts every pod on the bridge. Hairpin lets a pod reach itself through its own Service; portmap serves hostPort.
const cniConfig = `{
  "cniVersion": "1.0.0",
  "name": "` + cniNetwork + `",
  "plugins": [
    {
      "type": "bridge", "bridge": "` + bridgeName + `", "isGateway": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "dataDir": %q,
        "ranges": [[{"subnet": "` + podNetwork + `", "gateway": "` + nodeIP + `"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}, "backend": "nftables", "snat": true}
  ]
}
`

// writeCNI configures the pod network.
func (n *FullNode) writeCNI() error {
	dir := filepath.Join(n.dir, "cni", "net.d")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the folder of the pod network: %w", err)
	}
	content := fmt.Sprintf(cniConfig, filepath.Join(n.dir, "cni", "addresses"))
	if err := os.WriteFile(filepath.Join(dir, "10-peernode.conflist"), []byte(content), 0o600); err != nil {
		return fmt.Errorf("write the pod network's configuration: %w", err)
	}
	return nil
}
