// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"path/filepath"
	"strings"
	"time"
)

// controllerManager is the real kube-controller-manager. hostPath adds its development provisioner, which makes claims bind without a node.
func controllerManager(bin, kubeconfig string, pki *authority, hostPath bool, without []string, client *apiClient) program {
	args := []string{
		"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0", "--use-service-account-credentials",
		"--service-account-private-key-file=" + pki.keyFile("service-account"), "--root-ca-file=" + pki.certFile("ca"),
		"--cluster-signing-cert-file=" + pki.certFile("ca"), "--cluster-signing-key-file=" + pki.keyFile("ca"),
		"--kube-api-qps=500", "--kube-api-burst=1000", "--concurrent-statefulset-syncs=20", "--concurrent-gc-syncs=40",
	}
	if len(without) > 0 {
		args = append(args, "--controllers=*,-"+strings.Join(without, ",-"))
	}
	if hostPath {
		args = append(args, "--enable-hostpath-provisioner")
	}
	return program{
		name:  "kube-controller-manager",
		path:  filepath.Join(bin, "kube-controller-manager"),
		args:  args,
		grace: 2 * time.Second,
		// Pods are refused until their namespace's service account exists, so that is what ready means to a test.
		ready: func(ctx context.Context) error {
			return client.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
		},
	}
}

// scheduler is the real kube-scheduler.
func scheduler(bin, kubeconfig string) program {
	return program{
		name:  "kube-scheduler",
		path:  filepath.Join(bin, "kube-scheduler"),
		args:  []string{"--kubeconfig=" + kubeconfig, "--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000"},
		grace: 2 * time.Second,
	}
}
