// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// certManagerNamespace is where the Secrets of ClusterIssuers lie, as in cert-manager's own installation.
const certManagerNamespace = "cert-manager"

const certManagerNamespaceYAML = `{apiVersion: v1, kind: Namespace, metadata: {name: ` + certManagerNamespace + `}}`

// certManager is cert-manager's controllers as one process; it is cluster-admin, because its RBAC is not what is under test.
func certManager(bin, kubeconfig string) program {
	return program{
		name:  "cert-manager",
		path:  filepath.Join(bin, "cert-manager"),
		args:  []string{"--kubeconfig", kubeconfig, "--cluster-resource-namespace", certManagerNamespace},
		grace: 2 * time.Second,
	}
}

// installCertManager applies cert-manager's CRDs and namespace and waits until the API serves them; its controllers end without them.
func installCertManager(ctx context.Context, client *apiClient, crds string) error {
	if err := client.apply(ctx, "/api/v1/namespaces/"+certManagerNamespace, certManagerNamespaceYAML); err != nil {
		return fmt.Errorf("create cert-manager's namespace: %w", err)
	}
	return installCRDs(ctx, client, crds)
}
