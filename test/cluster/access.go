// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// access is how to reach a running cluster; both shapes have it.
type access struct {
	dir, bin, socketDir string
	pki                 *authority
	server              string
	kubeconfig          string
	client              *apiClient
	users               sync.Mutex
}

// adminIdentity may do everything.
var adminIdentity = identity{user: "admin", groups: []string{"system:masters"}}

// componentIdentities are who the parts of the cluster are to the API server. Kubernetes' own have the rights that it gives them; the others
// are not under test and may do everything, but each under its own name, so that the audit log tells them apart.
var componentIdentities = map[string]identity{
	"kube-controller-manager": {user: "system:kube-controller-manager"},
	"kube-scheduler":          {user: "system:kube-scheduler"},
	"kube-proxy":              {user: "system:kube-proxy"},
	"kubelet":                 {user: "system:node:" + NodeName, groups: []string{"system:nodes"}},
	"kwok":                    {user: "kwok", groups: []string{"system:masters"}},
	"cert-manager":            {user: "cert-manager", groups: []string{"system:masters"}},
	"coredns":                 {user: "coredns", groups: []string{"system:masters"}},
	"csi":                     {user: "csi", groups: []string{"system:masters"}},
	"network-policies":        {user: "network-policies", groups: []string{"system:masters"}},
}

// componentKubeconfig writes the kubeconfig of a part of the cluster.
func (a *access) componentKubeconfig(name string) (string, error) {
	path := filepath.Join(a.dir, name+".kubeconfig")
	return path, a.pki.writeKubeconfig(path, a.server, name, componentIdentities[name])
}

// becomeAdmin prepares the administrator's access to an API server on this port.
func (a *access) becomeAdmin(port int) (err error) {
	a.setServer(port)
	if err := a.pki.writeKubeconfig(a.kubeconfig, a.server, "admin", adminIdentity); err != nil {
		return err
	}
	a.client, err = newAPIClient(a.server, a.pki, "admin")
	return err
}

// setServer says where the API server listens.
func (a *access) setServer(port int) {
	a.server = "https://127.0.0.1:" + strconv.Itoa(port)
	a.kubeconfig = filepath.Join(a.dir, "admin.kubeconfig")
}

func (a *access) logDir() string { return filepath.Join(a.dir, "logs") }

// Kubeconfig is the path of a kubeconfig that may do everything.
func (a *access) Kubeconfig() string { return a.kubeconfig }

// AdminKubeconfig is the content of Kubeconfig.
func (a *access) AdminKubeconfig() ([]byte, error) {
	data, err := os.ReadFile(a.kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read the admin's kubeconfig: %w", err)
	}
	return data, nil
}

// UserKubeconfig writes a kubeconfig for a user of these groups and returns its path. The user may do what RBAC grants it and nothing else.
// A service account is its user name, such as system:serviceaccount:NAMESPACE:NAME, with the groups system:serviceaccounts and
// system:serviceaccounts:NAMESPACE.
func (a *access) UserKubeconfig(user string, groups ...string) (string, error) {
	a.users.Lock()
	defer a.users.Unlock()
	name := certNameOf(user, groups...)
	path := filepath.Join(a.dir, name+".kubeconfig")
	if err := a.pki.writeKubeconfig(path, a.server, name, identity{user: user, groups: groups}); err != nil {
		return "", err
	}
	return path, nil
}

// certNameOf is a file name for a user's certificate: user names have characters that paths must not have.
func certNameOf(user string, groups ...string) string {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%q %q", user, groups)
	return fmt.Sprintf("user-%x", hash.Sum64())
}

// AuditLogPath is the API server's audit log: JSON lines, one per answered request. Package audit reads it.
func (a *access) AuditLogPath() string { return auditLogPath(a.dir) }

// EtcdEndpoint is where clients of etcd reach the store itself, past the API server.
func (a *access) EtcdEndpoint() string { return "unix://" + etcdSocket(a.socketDir) }

// Dir holds the state; the logs of the programs are in its folder "logs".
func (a *access) Dir() string { return a.dir }

// BinDir holds kubectl and the other programs.
func (a *access) BinDir() string { return a.bin }
