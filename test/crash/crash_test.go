// SPDX-License-Identifier: Apache-2.0

package crash_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/peernode/operator/test/cluster"
	"github.com/peernode/operator/test/crash"
	"github.com/peernode/operator/test/testenv"
)

// runs is how many runs happen at a time on the one control plane.
var runs = flag.Int("runs", 64, "how many runs happen at a time")

// idle are controllers that would be busy all the time with what no scenario is about: nothing is ever sent to a simulated
// pod.
var idle = []string{"endpoints-controller", "endpointslice-controller", "endpointslice-mirroring-controller"}

// garbage is how much the memory of everything may grow, in percent, before it is tidied. Processors are what runs lack.
const garbage = 300

var (
	env     *testenv.Env
	harness *crash.Harness
	search  = crash.NewKeySearch()
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(search.Logger("what operators share"))
	klog.SetLogger(search.Logger("client-go", os.Stderr))
	// Runs wait far more than they work, so the number of processors is no measure; the harness has its own.
	if err := flag.Set("test.parallel", "1000"); err != nil {
		panic(err)
	}
	debug.SetGCPercent(garbage)
	if err := os.Setenv("GOGC", strconv.Itoa(garbage)); err != nil { // The control plane inherits it.
		panic(err)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var err error
	if env, err = testenv.Start(ctx, cluster.ControlPlaneOptions{SimulatedNodes: 3, WithoutControllers: idle, CertManager: true, GatewayAPI: true, AuditBodies: true}); err != nil {
		fmt.Fprintln(os.Stderr, "start the test environment:", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	go env.SimulateResizer(ctx)
	stop, err := startStore(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the store:", err)
		return 1
	}
	defer stop()
	if err = search.Follow(ctx, env); err != nil {
		fmt.Fprintln(os.Stderr, "look for keys:", err)
		return 1
	}
	if harness, err = crash.NewHarness(env, *runs, search); err != nil {
		fmt.Fprintln(os.Stderr, "start the harness:", err)
		return 1
	}
	go func() {
		if err := harness.Pace(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "runs are not paced any more:", err)
		}
	}()
	go harness.Progress().Tell(ctx, os.Stderr, 30*time.Second)
	code := m.Run()
	fmt.Fprintln(os.Stderr, "crash:", search)
	defer func() {
		for _, failure := range harness.Progress().Failures(1500) {
			fmt.Fprintln(os.Stderr, "crash: failed:", failure)
		}
	}()
	if err := search.Rest(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "after the end of the runs:", err)
		return 1
	}
	return code
}

// TestEveryCrashPointConverges kills the operator at every write of every scenario.
func TestEveryCrashPointConverges(t *testing.T) {
	t.Parallel()
	var points atomic.Int64
	t.Cleanup(func() { t.Logf("%d crash points in all", points.Load()) })
	for _, scenario := range scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			report := harness.Run(t.Context(), scenario)
			t.Log(report)
			points.Add(int64(report.Points))
			for i, write := range report.Writes {
				t.Logf("  %2d %s", i+1, write)
			}
			for _, failure := range report.Failures {
				t.Error(failure)
			}
		})
	}
}
