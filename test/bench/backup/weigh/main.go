// SPDX-License-Identifier: Apache-2.0

// Command weigh runs a program and writes into a file what the kernel says that it has used. It is a program of its own
// because the kernel counts the memory of whoever starts a program as the program's own, up to the moment when it begins:
// so who starts it has to be small.
//
//	weigh FILE PROGRAM [ARGUMENT...]
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	runtime.LockOSThread() // what it started ends with this thread
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "weigh:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) < 2 {
		return 1, errors.New("it is called as weigh FILE PROGRAM [ARGUMENT...]")
	}
	cmd := exec.Command(args[1], args[2:]...) //nolint:gosec // to run what it is told is what it is for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended := cmd.Run()
	if cmd.ProcessState == nil {
		return 1, ended
	}
	used, err := json.Marshal(cmd.ProcessState.SysUsage())
	if err != nil {
		return 1, err
	}
	if err := os.WriteFile(args[0], used, 0o600); err != nil {
		return 1, err
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		return max(1, code), nil
	}
	return 0, nil
}
