// SPDX-License-Identifier: Apache-2.0

// Package integration tests the operator against a real API server and the real controller manager.
package integration

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/testenv"
)

// env is shared by all tests of the package; each has a namespace of its own.
var env *testenv.Env

func TestMain(m *testing.M) {
	ctrl.SetLogger(operatorLog())
	flag.Parse()
	// These tests wait far more than they compute, so their number at a time does not follow from that of the cores.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(run(m))
}

// operatorLog writes what the operators say to the file named by OPERATOR_LOG, for a look at a failure.
func operatorLog() logr.Logger {
	file, err := os.Create(os.Getenv("OPERATOR_LOG"))
	if err != nil {
		return logr.Discard()
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(file, &slog.HandlerOptions{Level: slog.Level(-5)}))
}

func run(m *testing.M) int {
	var err error
	env, err = testenv.Start(context.Background(), cluster.ControlPlaneOptions{SimulatedNodes: 3, CertManager: true, GatewayAPI: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the test environment:", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	operator, err := env.StartOperator(context.Background(), testenv.OperatorOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the operator:", err)
		return 1
	}
	defer func() { _ = operator.Stop() }()
	return m.Run()
}

// namespace makes a namespace for one test.
func namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := env.Admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}
