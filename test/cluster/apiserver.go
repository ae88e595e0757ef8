// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	serviceNetwork = "10.96.0.0/16"
	// kubernetesServiceIP is the first address of serviceNetwork, which the API server's own Service takes.
	kubernetesServiceIP = "10.96.0.1"
)

// auditPolicy records who did what to which object, never the object itself; one line per request, when it is answered.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// auditPolicyOfBodies records the objects as well, where somebody changes them.
const auditPolicyOfBodies = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: RequestResponse
  verbs: [create, update, patch, delete, deletecollection]
- level: Metadata
`

// apiServerConfig is what differs between API servers.
type apiServerConfig struct {
	bin, dir, socketDir string
	pki                 *authority
	port                int
	// advertise is the address that pods reach the API server at; empty where there are no pods.
	advertise string
	// auditPolicy says what the audit log holds, encryption how what is stored is encrypted; empty is not at all.
	auditPolicy, encryption string
}

// auditLogPath is where an API server with this state folder logs.
func auditLogPath(dir string) string { return filepath.Join(dir, "audit.log") }

// issueAPIServerCertificates makes the server's certificate and the one it shows to kubelets.
func issueAPIServerCertificates(pki *authority, advertise string) error {
	hosts := []string{"127.0.0.1", "localhost", kubernetesServiceIP,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	if advertise != "" {
		hosts = append(hosts, advertise)
	}
	if err := pki.issue("apiserver", identity{user: "kube-apiserver", hosts: hosts}); err != nil {
		return err
	}
	return pki.issue("apiserver-kubelet", identity{user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}})
}

// apiServer is kube-apiserver as a hardened cluster has it: RBAC and node authorization, all default admission, audit log on.
func apiServer(c apiServerConfig, client *apiClient) (program, error) {
	policy := filepath.Join(c.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(c.auditPolicy), 0o600); err != nil {
		return program{}, fmt.Errorf("write the audit policy: %w", err)
	}
	// Without pods nobody needs the Service "kubernetes", and its endpoint may not be a loopback address.
	args := []string{"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"}
	if c.advertise != "" {
		args = []string{"--bind-address=0.0.0.0", "--advertise-address=" + c.advertise}
	}
	if c.encryption != "" {
		encryption := filepath.Join(c.dir, "encryption.yaml")
		if err := os.WriteFile(encryption, []byte(c.encryption), 0o600); err != nil {
			return program{}, fmt.Errorf("write how what is stored is encrypted: %w", err)
		}
		args = append(args, "--encryption-provider-config="+encryption)
	}
	return program{
		name: "kube-apiserver",
		path: filepath.Join(c.bin, "kube-apiserver"),
		args: append(args,
			"--etcd-servers=unix://"+etcdSocket(c.socketDir), "--secure-port="+strconv.Itoa(c.port),
			"--tls-cert-file="+c.pki.certFile("apiserver"), "--tls-private-key-file="+c.pki.keyFile("apiserver"),
			"--client-ca-file="+c.pki.certFile("ca"),
			"--kubelet-client-certificate="+c.pki.certFile("apiserver-kubelet"), "--kubelet-client-key="+c.pki.keyFile("apiserver-kubelet"),
			"--kubelet-certificate-authority="+c.pki.certFile("ca"), "--kubelet-preferred-address-types=InternalIP",
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file="+c.pki.file("service-account.pub"), "--service-account-signing-key-file="+c.pki.keyFile("service-account"),
			"--service-cluster-ip-range="+serviceNetwork,
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--audit-policy-file="+policy, "--audit-log-path="+auditLogPath(c.dir), "--audit-log-mode=blocking",
			"--audit-log-maxsize=100000", // one file for the life of the cluster, so that readers may keep an offset
			"--profiling=false",
		),
		// Its own shutdown waits for watches to end, up to a minute; all it knows is in etcd, so little patience does no harm.
		grace: time.Second,
		ready: func(ctx context.Context) error {
			_, err := client.do(ctx, http.MethodGet, "/readyz", "", nil)
			return err
		},
	}, nil
}
