// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// processAttributes gives each program its own process group, and has the kernel kill it should the test die without cleaning up.
func processAttributes(daemon bool) *syscall.SysProcAttr {
	if daemon {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lastingThread is a channel of functions that one locked thread runs for as long as the process lives.
var lastingThread = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startOnLastingThread starts cmd from a thread that never ends, because the kernel sends the parent-death signal when the *thread* that
// made the child ends, and Go ends threads as it likes.
func startOnLastingThread(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	lastingThread() <- func() { result <- cmd.Start() }
	return <-result
}

// killGroup kills whatever is left of the process group that pid leads.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
