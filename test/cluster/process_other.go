// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cluster

import (
	"os/exec"
	"syscall"
)

// processAttributes gives each program its own process group. Only Linux can also tie its life to the test's.
func processAttributes(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func startOnLastingThread(cmd *exec.Cmd) error { return cmd.Start() }

// killGroup kills whatever is left of the process group that pid leads.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
