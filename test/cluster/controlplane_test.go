// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peernode/operator/test/cluster/audit"
)

const statefulSetYAML = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: default}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: registry.peernode.dev/none}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Mi}}}
`

// Two control planes at a time must each do the whole job: make a pod, bind its claim, tell it in the audit log, enforce RBAC, and vanish.
func TestControlPlanesSideBySide(t *testing.T) {
	for name, opts := range map[string]ControlPlaneOptions{
		"the plain shape": {},
		"with simulated nodes and cert-manager too": {SimulatedNodes: 2, CertManager: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			cp, err := StartControlPlane(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cp.Stop() })
			t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
			if err := cp.client.apply(t.Context(), "/apis/apps/v1/namespaces/default/statefulsets/web", statefulSetYAML); err != nil {
				t.Fatal(err)
			}
			waitPhase(t, cp.client, "/api/v1/namespaces/default/persistentvolumeclaims/data-web-0", "Bound")
			if opts.SimulatedNodes > 0 {
				waitPhase(t, cp.client, "/api/v1/namespaces/default/pods/web-0", "Running")
				checkSimulator(t, cp)
			} else {
				waitPhase(t, cp.client, "/api/v1/namespaces/default/pods/web-0", "Pending")
			}
			checkAudit(t, cp)
			checkUser(t, cp)
			checkStop(t, cp)
		})
	}
}

// checkSimulator wants kwok to be refused the end of a pod that nobody asked to go. The API server enforces a new policy a
// moment late.
func checkSimulator(t *testing.T, cp *ControlPlane) {
	t.Helper()
	kwok, err := newAPIClient(cp.server, cp.pki, "kwok")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := kwok.do(t.Context(), http.MethodDelete, "/api/v1/namespaces/default/pods/web-0?dryRun=All", "", nil)
		if err != nil && strings.Contains(err.Error(), "nobody has asked this pod to go") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("kwok deletes a pod that should stay: %v", err)
		}
	}
}

// checkAudit wants our own write and the controller's, each under its own name.
func checkAudit(t *testing.T, cp *ControlPlane) {
	t.Helper()
	reader := audit.NewReader(cp.AuditLogPath())
	entries, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	ours := audit.CountBy(audit.Mutations(entries, audit.ByUserAgent("testcluster")), audit.VerbAndResource)
	if ours["patch statefulsets"] != 1 {
		t.Errorf("the audit log has %d patches of StatefulSets by us, want 1: %v", ours["patch statefulsets"], ours)
	}
	controller := audit.ByUser("system:serviceaccount:kube-system:statefulset-controller")
	if made := audit.CountBy(audit.Mutations(entries, controller), audit.VerbAndResource); made["create pods"] != 1 {
		t.Errorf("the audit log has %d pods created by the StatefulSet controller, want 1: %v", made["create pods"], made)
	}
	if offset := reader.Offset(); offset == 0 {
		t.Error("the reader did not move")
	}
}

// checkUser wants a user to have exactly the rights that RBAC grants: none here.
func checkUser(t *testing.T, cp *ControlPlane) {
	t.Helper()
	path, err := cp.UserKubeconfig("alice", "readers")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := cp.UserKubeconfig("alice", "readers"); err != nil || again != path {
		t.Errorf("the same user got another kubeconfig: %s, %v", again, err)
	}
	alice, err := newAPIClient(cp.server, cp.pki, certNameOf("alice", "readers"))
	if err != nil {
		t.Fatal(err)
	}
	var status *statusError
	if err := alice.get(t.Context(), "/api/v1/secrets", nil); !errors.As(err, &status) || status.code != http.StatusForbidden {
		t.Errorf("alice lists Secrets: got %v, want 403", err)
	}
}

// checkStop wants no process and no folder to be left.
func checkStop(t *testing.T, cp *ControlPlane) {
	t.Helper()
	pids, volumes := cp.PIDs(), mustVolumes(t, cp)
	if len(pids) < 3 || len(volumes) != 1 {
		t.Errorf("before the stop there are %d programs and %d volumes, want at least 3 and exactly 1", len(pids), len(volumes))
	}
	began := time.Now()
	if err := cp.Stop(); err != nil {
		t.Error(err)
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s (process %d) still runs: %v", name, pid, err)
		}
	}
	for _, path := range append(volumes, cp.Dir(), cp.socketDir) {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

func mustVolumes(t *testing.T, cp *ControlPlane) []string {
	t.Helper()
	volumes, err := cp.hostPathVolumes()
	if err != nil {
		t.Fatal(err)
	}
	return volumes
}

// waitPhase waits until the object at path exists and is in the phase.
func waitPhase(t *testing.T, client *apiClient, path, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	last := "not looked yet"
	for ctx.Err() == nil {
		var object struct{ Status struct{ Phase string } }
		err := client.get(ctx, path, &object)
		if err == nil && object.Status.Phase == want {
			return
		}
		last = fmt.Sprintf("phase %q, error %v", object.Status.Phase, err)
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s never was %s: %s", path, want, last)
}
