// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperVariable makes this test program play a test that starts a control plane and never stops it.
const helperVariable = "TESTCLUSTER_KILLED_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		neverStop()
	}
	os.Exit(m.Run())
}

func neverStop() {
	cp, err := StartControlPlane(context.Background(), ControlPlaneOptions{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for name, pid := range cp.PIDs() {
		fmt.Println(name, pid)
	}
	fmt.Println("dir", cp.Dir())
	select {}
}

// A test that is killed, by a timeout or an impatient developer, must not leave programs behind.
func TestNothingOutlivesAKilledTest(t *testing.T) {
	helper := exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), helperVariable+"=1")
	helper.Stderr = os.Stderr
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = helper.Process.Kill() }()
	var dir string
	pids := map[string]int{}
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "error":
			t.Fatal(value)
		case "dir":
			dir = value
		default:
			pids[name], _ = strconv.Atoi(value)
		}
	}
	if len(pids) != 3 {
		t.Fatalf("the helper runs %v, want etcd, kube-apiserver and kube-controller-manager", pids)
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	for name, pid := range pids {
		if !waitUntil(5*time.Second, func() bool { _, err := startTime(pid); return err != nil }) {
			t.Errorf("%s (process %d) outlives the test", name, pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	next, err := newTemporaryDir()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(next)
	if fileExists(dir) {
		t.Errorf("the next control plane did not remove %s", dir)
	}
}
