// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/base64"
	"fmt"
	"os"
)

// kubeconfigFormat holds everything inline, so that a kubeconfig may be copied away from the cluster's folder.
const kubeconfigFormat = `apiVersion: v1
kind: Config
clusters:
- name: peernode
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: %[3]q
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- name: peernode
  context: {cluster: peernode, user: %[3]q}
current-context: peernode
`

// writeKubeconfig issues a client certificate for who and writes path, a kubeconfig that uses it against server.
func (a *authority) writeKubeconfig(path, server, certName string, who identity) error {
	if err := a.issue(certName, who); err != nil {
		return err
	}
	var encoded [3]string
	for i, file := range []string{a.certFile("ca"), a.certFile(certName), a.keyFile(certName)} {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the certificate of %s: %w", who.user, err)
		}
		encoded[i] = base64.StdEncoding.EncodeToString(data)
	}
	content := fmt.Sprintf(kubeconfigFormat, server, encoded[0], who.user, encoded[1], encoded[2])
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("write the kubeconfig of %s: %w", who.user, err)
	}
	return nil
}
