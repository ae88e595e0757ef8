// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/testenv"
)

// Names of the installation, as in the README.
const (
	release         = "peernode-operator"
	systemNamespace = "peernode-system"
)

var (
	// admin may do everything.
	admin client.Client
	// config is the way in.
	config *rest.Config
	// node is the cluster, and auditLog that of its API server.
	node     *cluster.FullNode
	auditLog string
	// The images that hack/e2e.sh has loaded, by digest.
	imageOperator  = os.Getenv("E2E_IMAGE_OPERATOR")
	imageCompanion = os.Getenv("E2E_IMAGE_COMPANION")
	imageAgent     = os.Getenv("E2E_IMAGE_AGENT")
	imageSerf      = os.Getenv("E2E_IMAGE_SERF")
	imageS3        = os.Getenv("E2E_IMAGE_S3")
	imageProbe     = os.Getenv("E2E_IMAGE_PROBE")
)

func TestMain(m *testing.M) {
	if err := setUp(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func setUp() error {
	var err error
	if node, err = cluster.Attach(cluster.NodeOptions{Name: os.Getenv("E2E_CLUSTER")}); err != nil {
		return err
	}
	auditLog = node.AuditLogPath()
	config, err = clientcmd.BuildConfigFromFlags("", node.Kubeconfig())
	if err != nil {
		return err
	}
	config.QPS = -1 // Stories ask often; the API server keeps clients in check by itself.
	scheme, err := testenv.Scheme()
	if err != nil {
		return err
	}
	if admin, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	return installByHelm()
}

// installByHelm is the README's command; it upgrades what is there.
func installByHelm(flags ...string) error {
	args := append([]string{"upgrade", "--install", release, filepath.Join(testenv.Root(), "charts", "peernode-operator"),
		"--namespace", systemNamespace, "--create-namespace", "--wait", "--timeout", "3m"},
		imageValues("image", imageOperator)...)
	args = append(args, imageValues("companion.image", imageCompanion)...)
	args = append(args, imageValues("p2pAgent.image", imageAgent)...)
	_, err := run("helm", append(args, flags...)...)
	return err
}

func imageValues(key, reference string) []string {
	repository, digest, _ := strings.Cut(reference, "@")
	return []string{"--set", key + ".repository=" + repository, "--set", key + ".digest=" + digest}
}

// run runs a program of the cluster's own folder, which hack/e2e.sh has put on the PATH.
func run(program string, args ...string) (string, error) {
	out, err := exec.CommandContext(context.Background(), program, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
