// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Down ends a full node and removes everything that it left: processes, containers, mounts, loop devices, network, control groups, files. It
// relies on nothing but the names of things, so it also cleans up after a start that failed and after everything was killed. A cluster that
// does not exist is no error.
func Down(ctx context.Context, opts NodeOptions) error {
	opts, err := opts.withDefaults()
	if err != nil {
		return err
	}
	if err := needRoot(); err != nil {
		return err
	}
	paths, err := pathsOf(opts.Name)
	if err != nil {
		return err
	}
	unlock, err := lockCluster(ctx, paths)
	if err != nil {
		return err
	}
	defer unlock()
	if err := teardown(ctx, paths); err != nil {
		return fmt.Errorf("take the cluster down: %w", err)
	}
	return removeState(paths)
}

// teardown stops and undoes everything but the state folder, whose logs may be wanted.
func teardown(ctx context.Context, paths nodePaths) error {
	daemons, err := readDaemons(paths)
	if err != nil {
		return err
	}
	slices.Reverse(daemons)
	var errs []error
	for _, d := range daemons {
		errs = append(errs, d.stop())
	}
	errs = append(errs, killShims(paths), deleteCgroups(paths.cgroup), unmountBelow(paths.run, paths.kubelet, paths.state))
	errs = append(errs, deleteNetwork(ctx, paths), os.RemoveAll(paths.run), os.RemoveAll(paths.kubelet), removeTraces(paths))
	return errors.Join(errs...)
}

// removeState removes the state folder once nothing is mounted in it.
func removeState(paths nodePaths) error {
	if err := os.RemoveAll(paths.state); err != nil {
		return fmt.Errorf("remove the cluster's state: %w", err)
	}
	return nil
}

// killShims kills containerd's shims, which are in sessions of their own and outlive it; they are known by the address of our containerd.
func killShims(paths nodePaths) error {
	alive := func() (pids []int) {
		commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, command := range commands {
			data, err := os.ReadFile(command)
			if err == nil && strings.Contains(filepath.Base(string(bytes.SplitN(data, []byte{0}, 2)[0])), "containerd-shim") &&
				bytes.Contains(data, []byte("\x00"+paths.containerdSock()+"\x00")) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(command)))
				pids = append(pids, pid)
			}
		}
		return pids
	}
	gone := waitUntil(10*time.Second, func() bool {
		pids := alive()
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(pids) == 0
	})
	if !gone {
		return fmt.Errorf("shims of containerd do not end, even when killed: processes %v", alive())
	}
	return nil
}

// unmountBelow unmounts everything mounted below the folders, the newest first; unmounting also frees the loop devices.
func unmountBelow(folders ...string) error {
	var last error
	for range 20 { // unmounting one may uncover another on the same place
		points, err := mountPointsBelow(folders...)
		if err != nil || len(points) == 0 {
			return err
		}
		slices.Reverse(points)
		for _, point := range points {
			if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
				last = fmt.Errorf("unmount %s: %w", point, err)
			}
		}
	}
	return fmt.Errorf("something stays mounted in the cluster's folders: %w", last)
}

// mountPointsBelow lists mount points in the order of mounting.
func mountPointsBelow(folders ...string) ([]string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("list what is mounted: %w", err)
	}
	defer file.Close()
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		point := unescape.Replace(fields[4])
		if slices.ContainsFunc(folders, func(f string) bool { return point == f || strings.HasPrefix(point, f+"/") }) {
			points = append(points, point)
		}
	}
	return points, nil
}

// removeTraces removes what the programs put at places that cannot be configured: the kubelet's links to logs, the CNI library's results,
// the shims' sockets.
func removeTraces(paths nodePaths) error {
	var errs []error
	links, _ := filepath.Glob("/var/log/containers/*.log")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, paths.state+"/") {
			errs = append(errs, os.Remove(link))
		}
	}
	results, _ := filepath.Glob("/var/lib/cni/results/*")
	for _, result := range results {
		// Each names the network namespace that it is about, and ours are mounted in our folder.
		if data, err := os.ReadFile(result); err == nil && bytes.Contains(data, []byte(paths.run+"/")) {
			errs = append(errs, os.Remove(result))
		}
	}
	for _, dir := range []string{"/var/log/containers", "/var/lib/cni/results", "/var/lib/cni", "/run/containerd/s", "/run/containerd"} {
		_ = os.Remove(dir) // only if empty, so only if nobody else uses it
	}
	return errors.Join(errs...)
}
