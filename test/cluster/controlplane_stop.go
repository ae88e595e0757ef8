// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// PIDs are the running programs and their process numbers, for measuring.
func (cp *ControlPlane) PIDs() map[string]int {
	pids := map[string]int{}
	for _, p := range cp.processes {
		select {
		case <-p.done:
		default:
			pids[p.name] = p.cmd.Process.Pid
		}
	}
	return pids
}

// Stop ends every program in reverse order, waits for each, and removes what the control plane left on disk. Stopping again does nothing.
func (cp *ControlPlane) Stop() error {
	cp.stopOnce.Do(func() { cp.stopErr = cp.stop() })
	return cp.stopErr
}

func (cp *ControlPlane) stop() error {
	volumes, volumesErr := cp.hostPathVolumes()
	errs := []error{volumesErr, stopAll(cp.processes)}
	for _, volume := range volumes {
		errs = append(errs, os.RemoveAll(volume))
	}
	_ = os.Remove(hostPathRoot) // only if empty: other control planes may use it
	if cp.socketDir != "" {
		errs = append(errs, os.RemoveAll(cp.socketDir))
	}
	if cp.temporary && cp.dir != "" {
		errs = append(errs, os.RemoveAll(cp.dir))
	}
	return errors.Join(errs...)
}

// newTemporaryDir makes a state folder that names its owner, and removes those of owners that were killed before they could.
func newTemporaryDir() (string, error) {
	stale, _ := filepath.Glob(filepath.Join(os.TempDir(), "peernode-cp-*"))
	for _, dir := range stale {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "peernode-cp-"), "-")
		if !processRuns(owner) {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp("", fmt.Sprintf("peernode-cp-%d-", os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("create the state folder: %w", err)
	}
	return dir, nil
}

// newSocketDir makes a folder for sockets below dir, or elsewhere if that path is too long: the kernel allows a socket's path 108 bytes.
func newSocketDir(dir string) (string, error) {
	const longestDir = 80
	if len(dir) > longestDir {
		short, err := os.MkdirTemp("", "peernode-cp-sockets-")
		if err != nil {
			return "", fmt.Errorf("create the socket folder: %w", err)
		}
		return short, nil
	}
	sockets := filepath.Join(dir, "sockets")
	if err := os.MkdirAll(sockets, 0o700); err != nil {
		return "", fmt.Errorf("create the socket folder: %w", err)
	}
	return sockets, nil
}
