// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// podYAML is as strict as a pod can be: the namespace enforces "restricted", and root in the pod would be nobody outside.
const podYAML = `
apiVersion: v1
kind: Namespace
metadata:
  name: smoke
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: smoke}
spec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 512Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: smoke}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: smoke}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: smoke}
spec:
  serviceName: headless
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostUsers: false
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: %s
        args: [serve, ":8080"]
        imagePullPolicy: IfNotPresent
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes:
      - {name: data, persistentVolumeClaim: {claimName: data}}
`

const clientYAML = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: smoke}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: client
    image: %s
    args: [serve, ":8080"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

const closedYAML = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: smoke}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
`

const certificateYAML = `
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: selfsigned, namespace: smoke}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: smoke}
spec: {secretName: web-tls, dnsNames: [web.smoke.svc], issuerRef: {name: selfsigned}}
`

// node is the cluster under test with kubectl at hand.
type node struct {
	*FullNode
	t *testing.T
}

// testOptions are the cluster of "testcluster up", or another one for which the caller has made a network namespace.
func testOptions() NodeOptions { return NodeOptions{Name: os.Getenv("TESTCLUSTER_NAME")} }

// startNode uses a cluster that runs, and otherwise starts one and takes it down at the end.
func startNode(t *testing.T) node {
	t.Helper()
	_, err := Attach(testOptions())
	ours := errors.Is(err, errNoCluster)
	began := time.Now()
	n, err := Up(t.Context(), testOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("up after %v", time.Since(began).Round(100*time.Millisecond))
	if ours {
		t.Cleanup(func() {
			if err := Down(context.Background(), testOptions()); err != nil {
				t.Error(err)
			}
		})
	}
	return node{FullNode: n, t: t}
}

// kubectl runs kubectl and returns what it printed.
func (n node) kubectl(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(n.t.Context(), filepath.Join(n.BinDir(), "kubectl"), append([]string{"--kubeconfig", n.Kubeconfig()}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

func (n node) must(stdin string, args ...string) string {
	n.t.Helper()
	out, err := n.kubectl(stdin, args...)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// inPod runs a command of the test program in the pod.
func (n node) inPod(args ...string) string {
	n.t.Helper()
	return n.must("", append([]string{"exec", "-n", "smoke", "web-0", "--", "/testpod"}, args...)...)
}

func TestFullNodeRunsRestrictedPods(t *testing.T) {
	n := startNode(t)
	image := loadTestPod(t, n.FullNode)
	t.Cleanup(func() {
		_, _ = exec.Command(filepath.Join(n.BinDir(), "kubectl"), "--kubeconfig", n.Kubeconfig(), "delete", "namespace", "smoke").Output()
	})
	began := time.Now()
	n.must(fmt.Sprintf(podYAML, image.Reference()), "apply", "-f", "-")
	n.must("", "rollout", "status", "-n", "smoke", "statefulset/web", "--timeout=60s")
	t.Logf("pod ready after %v", time.Since(began).Round(100*time.Millisecond))

	t.Run("logs and exec reach the container", func(t *testing.T) {
		if logs := n.must("", "logs", "-n", "smoke", "web-0"); !strings.Contains(logs, "serving on :8080") {
			t.Errorf("logs say %q", logs)
		}
	})
	t.Run("a Service is reached through its name and address", func(t *testing.T) {
		for _, url := range []string{"http://web.smoke.svc.cluster.local", "http://web", "http://web-0.headless:8080"} {
			if got := n.inPod("get", url); got != "web-0 uid=65532" {
				t.Errorf("GET %s answers %q", url, got)
			}
		}
	})
	t.Run("the API server is reached through its Service", func(t *testing.T) {
		if got := n.inPod("resolve", "kubernetes.default.svc.cluster.local"); got != kubernetesServiceIP {
			t.Errorf("the name resolves to %q", got)
		}
	})
	t.Run("a name outside the cluster is answered, not awaited", func(t *testing.T) {
		out, err := n.kubectl("", "exec", "-n", "smoke", "web-0", "--", "/testpod", "resolve", "nothing.example.com")
		if err == nil || !strings.Contains(out, "no such host") {
			t.Errorf("got %q, %v; want no such host", out, err)
		}
	})
	t.Run("an image also works by its tag", func(*testing.T) {
		n.must("", "set", "image", "-n", "smoke", "statefulset/web", "web="+image.Name)
		n.must("", "rollout", "status", "-n", "smoke", "statefulset/web", "--timeout=60s")
	})
	t.Run("a privileged pod is refused", func(t *testing.T) {
		out, err := n.kubectl("", "run", "-n", "smoke", "root", "--image="+image.Name)
		if err == nil || !strings.Contains(out, "violates PodSecurity") {
			t.Errorf("got %q, %v; want a refusal by PodSecurity", out, err)
		}
	})
	t.Run("a NetworkPolicy holds between pods, and the node gets in all the same", func(t *testing.T) { n.testPolicy(t, image) })
	t.Run("a claim grows while it is used, and data outlives the pod", n.testGrowth)
	t.Run("cert-manager issues a certificate", func(*testing.T) {
		n.must(certificateYAML, "apply", "-f", "-")
		n.must("", "wait", "-n", "smoke", "certificate/web", "--for=condition=Ready", "--timeout=30s")
	})
}

// testPolicy closes the web server to pods and opens it again.
func (n node) testPolicy(t *testing.T, image *Image) {
	n.must(fmt.Sprintf(clientYAML, image.Reference()), "apply", "-f", "-")
	n.must("", "wait", "-n", "smoke", "pod/client", "--for=condition=Ready", "--timeout=60s")
	address := n.must("", "get", "-n", "smoke", "pod/web-0", "-o", "jsonpath={.status.podIP}")
	reached := func() bool {
		_, err := n.kubectl("", "exec", "-n", "smoke", "client", "--", "/testpod", "get", "http://"+address+":8080")
		return err == nil
	}
	await := func(want bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); reached() != want; {
			if time.Now().After(end) {
				t.Fatalf("that the client reaches the server is still %t", !want)
			}
		}
	}
	await(true)
	n.must(closedYAML, "apply", "-f", "-")
	await(false)
	response, err := http.Get("http://" + address + ":8080")
	if err != nil {
		t.Fatalf("the node does not reach its pod: %v", err)
	}
	response.Body.Close()
	n.must(closedYAML, "delete", "-f", "-")
	await(true)
}

// testGrowth wants the file system that the pod sees to grow, not only a number in the API.
func (n node) testGrowth(t *testing.T) {
	n.inPod("write", "/data/file")
	before := n.size(t)
	n.must("", "patch", "-n", "smoke", "pvc/data", "-p", `{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}`)
	began := time.Now()
	n.must("", "wait", "-n", "smoke", "pvc/data", "--for=jsonpath={.status.capacity.storage}=1Gi", "--timeout=90s")
	t.Logf("grown after %v", time.Since(began).Round(100*time.Millisecond))
	after := n.size(t)
	if before > 512<<20 || after < 900<<20 || after > 1<<30 {
		t.Errorf("the file system had %d bytes and has %d, want at most 512 MiB and then almost 1 GiB", before, after)
	}
	n.must("", "delete", "-n", "smoke", "pod/web-0")
	n.must("", "rollout", "status", "-n", "smoke", "statefulset/web", "--timeout=60s")
	if got := n.inPod("read", "/data/file"); got != "kept" {
		t.Errorf("the file has %q after the pod was deleted", got)
	}
}

func (n node) size(t *testing.T) int64 {
	t.Helper()
	size, err := strconv.ParseInt(n.inPod("size", "/data"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// loadTestPod compiles the test program and loads its image.
func loadTestPod(t *testing.T, n *FullNode) *Image {
	t.Helper()
	image, err := BuildImage(ImageSpec{Name: "registry.peernode.dev/testpod:smoke", Binaries: []string{buildTestPod(t)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.LoadImage(t.Context(), image); err != nil {
		t.Fatal(err)
	}
	return image
}
