// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroupRoots are the mounted hierarchies: the one of cgroup v2, or one per controller of cgroup v1.
func cgroupRoots() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return []string{cgroupMount}, nil
	}
	var roots []string
	for _, controller := range []string{"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "net_cls", "net_prio", "perf_event", "systemd", "unified"} {
		root := filepath.Join(cgroupMount, controller)
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err == nil {
			roots = append(roots, root)
		}
	}
	for _, needed := range []string{"cpu", "memory", "pids", "cpuset", "devices"} {
		if !slices.Contains(roots, filepath.Join(cgroupMount, needed)) {
			return nil, fmt.Errorf("control group %q is not mounted under %s: the kubelet needs cgroup v2, or cgroup v1 with cpu, cpuset, memory, pids and devices", needed, cgroupMount)
		}
	}
	return roots, nil
}

// createCgroups makes the parent of all pods' control groups; the kubelet insists that it exists.
func createCgroups(parent string) error {
	roots, err := cgroupRoots()
	if err != nil {
		return err
	}
	if len(roots) == 1 {
		// A controller that is missing here is reported by the kubelet, with its name.
		_ = os.WriteFile(filepath.Join(roots[0], "cgroup.subtree_control"), []byte("+cpu +cpuset +memory +pids +io"), 0o644)
	}
	for _, root := range roots {
		dir := filepath.Join(root, parent)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make control group %s: %w", dir, err)
		}
		if filepath.Base(root) == "cpuset" {
			if err := inheritCPUSet(root, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// inheritCPUSet copies the allowed processors and memory nodes, which cgroup v1 leaves empty in a new group.
func inheritCPUSet(root, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(root, file))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), value, 0o644)
		}
		if err != nil {
			return fmt.Errorf("set up control group %s: %w", dir, err)
		}
	}
	return nil
}

// deleteCgroups kills every process in the pods' control groups and removes the groups.
func deleteCgroups(parent string) error {
	roots, _ := cgroupRoots() // without them nothing can have been made
	for _, root := range roots {
		dir := filepath.Join(root, parent)
		if !waitUntil(10*time.Second, func() bool { return killAndRemove(dir) }) {
			return fmt.Errorf("control group %s cannot be removed: a process in it does not end", dir)
		}
	}
	return nil
}

// killAndRemove tries once and reports whether the group is gone.
func killAndRemove(dir string) bool {
	var groups []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return nil // what vanishes while we look needs no removal
	})
	slices.Reverse(groups) // children first
	for _, group := range groups {
		procs, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(procs)) {
			if pid, err := strconv.Atoi(field); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		_ = os.Remove(group)
	}
	_, err := os.Stat(dir)
	return errors.Is(err, os.ErrNotExist)
}
