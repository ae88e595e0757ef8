// SPDX-License-Identifier: Apache-2.0

package cluster

import (
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

// daemon is a running program of the full node as its pid file tells it.
type daemon struct {
	name string
	pid  int
	// started is the kernel's start time of the process; a number that was given to another process since has another one.
	started string
	file    string
}

// runDaemon starts a program that outlives us, notes its process, and waits until it is ready.
func (n *FullNode) runDaemon(ctx context.Context, p program) error {
	process, err := start(p, n.logDir(), true)
	if err != nil {
		return err
	}
	n.daemons++
	pid := process.cmd.Process.Pid
	started, err := startTime(pid)
	if err != nil {
		return fmt.Errorf("%s ended at once; the end of %s:\n%s", p.name, process.log, tail(process.log, 15))
	}
	file := filepath.Join(n.paths.pids(), fmt.Sprintf("%02d-%s", n.daemons, p.name))
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d %s\n", pid, started), 0o600); err != nil {
		return errors.Join(fmt.Errorf("note the process of %s: %w", p.name, err), process.stop())
	}
	return process.waitReady(ctx)
}

// readDaemons reads the pid files in the order of the start.
func readDaemons(paths nodePaths) ([]daemon, error) {
	files, err := filepath.Glob(filepath.Join(paths.pids(), "*-*"))
	if err != nil {
		return nil, fmt.Errorf("list the pid files: %w", err)
	}
	slices.Sort(files)
	var daemons []daemon
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a pid file: %w", err)
		}
		d := daemon{file: file}
		if _, err := fmt.Sscan(string(data), &d.pid, &d.started); err != nil {
			continue // written only in part: the machine crashed, so the process is gone too
		}
		_, d.name, _ = strings.Cut(filepath.Base(file), "-")
		daemons = append(daemons, d)
	}
	return daemons, nil
}

// runs reports whether the noted process, and not a later one of the same number, runs.
func (d daemon) runs() bool {
	started, err := startTime(d.pid)
	return err == nil && started == d.started
}

// stop ends the daemon and what is left of its process group, and removes the pid file.
func (d daemon) stop() error {
	if d.runs() {
		_ = syscall.Kill(d.pid, syscall.SIGTERM)
		if !waitUntil(d.grace(), func() bool { return !d.runs() }) {
			killGroup(d.pid)
			if !waitUntil(10*time.Second, func() bool { return !d.runs() }) {
				return fmt.Errorf("%s (process %d) does not end, even when killed", d.name, d.pid)
			}
		}
	}
	if err := os.Remove(d.file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a pid file: %w", err)
	}
	return nil
}

// grace is how long the daemon may take to end; see apiServer for why that one gets little.
func (d daemon) grace() time.Duration {
	if d.name == "kube-apiserver" {
		return time.Second
	}
	return 5 * time.Second
}

// startTime is field 22 of /proc/PID/stat; zombies count as ended. The name in parentheses may hold anything, so the fields are counted behind it.
func startTime(pid int) (string, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", fmt.Errorf("look at process %d: %w", pid, err)
	}
	_, after, _ := strings.Cut(string(data[max(0, bytes.LastIndexByte(data, ')')):]), ")")
	fields := strings.Fields(after)
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return fields[19], nil
}

// waitUntil polls until done or the time is over, and reports whether it is done.
func waitUntil(limit time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return done()
}
