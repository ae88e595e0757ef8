// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever happened to the cluster, Down has to leave the machine as it was.
func TestDownLeavesNothing(t *testing.T) {
	if _, err := Attach(testOptions()); err == nil {
		t.Skip("a cluster runs, and this test would kill it: run \"testcluster down\" first")
	}
	for name, damage := range map[string]func(*testing.T){
		"after an ordinary life": func(*testing.T) {},
		"after everything was killed": func(t *testing.T) {
			t.Helper()
			paths := mustPaths(t)
			daemons, err := readDaemons(paths)
			if err != nil || len(daemons) < 10 {
				t.Fatalf("%d programs run: %v", len(daemons), err)
			}
			for _, d := range daemons {
				_ = syscall.Kill(d.pid, syscall.SIGKILL)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := machine(t)
			n := startNode(t)
			image := loadTestPod(t, n.FullNode)
			n.must(fmt.Sprintf(podYAML, image.Name), "apply", "-f", "-")
			n.must("", "rollout", "status", "-n", "smoke", "statefulset/web", "--timeout=60s")
			if machine(t) == before {
				t.Fatal("the comparison sees no difference while the cluster runs")
			}
			damage(t)
			began := time.Now()
			if err := Down(t.Context(), testOptions()); err != nil {
				t.Fatal(err)
			}
			t.Logf("down after %v", time.Since(began).Round(100*time.Millisecond))
			checkMachine(t, before)
		})
	}
}

func TestAnInterruptedUpLeavesNothingButLogs(t *testing.T) {
	if _, err := Attach(testOptions()); err == nil {
		t.Skip("a cluster runs, and this test would kill it: run \"testcluster down\" first")
	}
	before := machine(t)
	opts := testOptions()
	opts.StartTimeout = 3 * time.Second
	_, err := Up(t.Context(), opts)
	if err == nil {
		t.Fatal("it started within 3 s: the test has to interrupt it earlier")
	}
	if logs, _ := filepath.Glob(filepath.Join(mustPaths(t).state, "logs", "*.log")); len(logs) == 0 {
		t.Error("the logs are gone")
	}
	if err := Down(context.Background(), testOptions()); err != nil {
		t.Error(err)
	}
	checkMachine(t, before)
}

func mustPaths(t *testing.T) nodePaths {
	t.Helper()
	opts, err := testOptions().withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := pathsOf(opts.Name)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func checkMachine(t *testing.T, before string) {
	t.Helper()
	if after := machine(t); after != before {
		t.Errorf("the machine is not as it was before; it was\n%s\nand is\n%s", before, after)
	}
}

// machine describes all that a cluster changes on it.
func machine(t *testing.T) string {
	t.Helper()
	paths := mustPaths(t)
	var lines []string
	mounts, err := mountPointsBelow(paths.state, paths.run, paths.kubelet)
	if err != nil {
		t.Fatal(err)
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		lines = append(lines, "interface "+i.Name)
	}
	for _, command := range [][]string{{"nft", "list", "tables"}, {"ip", "route"}, {"ip", "netns"}} {
		out, err := run(t.Context(), command...)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Join(command, " ")+": "+out)
	}
	devices, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, device := range devices {
		if file, _ := os.ReadFile(device); strings.HasPrefix(string(file), paths.state+"/") {
			lines = append(lines, "loop device for "+string(file))
		}
	}
	for _, pattern := range []string{paths.state, paths.run, paths.kubelet, "/sys/fs/cgroup" + paths.cgroup, "/sys/fs/cgroup/*" + paths.cgroup,
		"/var/lib/cni/results/*"} {
		found, _ := filepath.Glob(pattern)
		lines = append(lines, fmt.Sprint(pattern, ": ", found))
	}
	forward, _ := os.ReadFile(ipForward)
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, _ := os.Readlink(link); strings.HasPrefix(target, paths.state+"/") {
			lines = append(lines, "log link "+link)
		}
	}
	lines = append(lines, fmt.Sprint("mounts: ", mounts), "ip_forward: "+string(forward), "processes: "+strings.Join(ourProcesses(t), ", "))
	return strings.Join(lines, "\n")
}

// ourProcesses are the running processes of programs from the cache, whose command line names the cluster.
func ourProcesses(t *testing.T) []string {
	t.Helper()
	paths := mustPaths(t)
	var found []string
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, command := range commands {
		data, _ := os.ReadFile(command)
		line := strings.ReplaceAll(string(data), "\x00", " ")
		if strings.Contains(line, paths.run+"/") || strings.Contains(line, paths.state+"/") {
			found = append(found, line)
		}
	}
	return found
}
