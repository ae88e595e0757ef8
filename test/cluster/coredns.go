// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// corefile answers for the cluster, and for everything else that it does not exist, so that nothing waits for a world that is not there. The
// short life of answers lets tests see changes at once.
const corefile = `.:53 {
  bind ` + nodeIP + `
  errors
  template IN ANY {
    rcode NXDOMAIN
  }
}
` + clusterDomain + `:53 in-addr.arpa:53 {
  bind ` + nodeIP + `
  errors
  health ` + nodeIP + `:8080
  ready ` + nodeIP + `:8181
  kubernetes ` + clusterDomain + ` in-addr.arpa {
    kubeconfig %s
    pods verified
    ttl 2
  }
  loadbalance
}
`

// coreDNS resolves the names of Services and pods. It is a process on the bridge's address, not a pod behind a Service.
func (n *FullNode) coreDNS() (program, error) {
	kubeconfig, err := n.componentKubeconfig("coredns")
	if err != nil {
		return program{}, err
	}
	config := filepath.Join(n.dir, "Corefile")
	if err := os.WriteFile(config, fmt.Appendf(nil, corefile, kubeconfig), 0o600); err != nil {
		return program{}, fmt.Errorf("write CoreDNS's configuration: %w", err)
	}
	return program{
		name:  "coredns",
		path:  filepath.Join(n.bin, "coredns"),
		args:  []string{"-conf", config},
		grace: 2 * time.Second,
		ready: httpReady("http://" + nodeIP + ":8181/ready"),
	}, nil
}

// httpReady checks that a URL answers with success.
func httpReady(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("ask %s: %s", url, response.Status)
		}
		return nil
	}
}
