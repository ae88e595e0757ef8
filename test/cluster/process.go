// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is one part of the cluster as it is to be run.
type program struct {
	name string   // unique in the cluster; also the name of its log
	path string   // the executable; its base name selects the program of a multi-call binary
	args []string // without argv[0]
	env  []string // added to the caller's environment
	// grace is how long the program may take to end after SIGTERM before it is killed.
	grace time.Duration
	// ready reports nil once the program does its work; nil means ready as soon as it runs.
	ready func(context.Context) error
}

// process is a program that this Go process started.
type process struct {
	program
	cmd  *exec.Cmd
	log  string
	done chan struct{}
}

// start runs p with its output appended to a log in logDir. A daemon outlives the caller; anything else dies with it.
func start(p program, logDir string, daemon bool) (*process, error) {
	logPath := filepath.Join(logDir, p.name+".log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.name, err)
	}
	defer log.Close() // the child has its own descriptor
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = processAttributes(daemon)
	if err := startOnLastingThread(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	proc := &process{program: p, cmd: cmd, log: logPath, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is told by its log
		close(proc.done)
	}()
	return proc, nil
}

// waitReady polls the program's own check until it succeeds, the program ends, or ctx is done.
func (p *process) waitReady(ctx context.Context) error {
	if p.ready == nil {
		return nil
	}
	var last error
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := p.ready(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready; the end of %s:\n%s", p.name, p.log, tail(p.log, 15))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (%w); the end of %s:\n%s", p.name, last, ctx.Err(), p.log, tail(p.log, 15))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the program and everything it started, and waits for it.
func (p *process) stop() error {
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(p.grace):
		}
	}
	killGroup(p.cmd.Process.Pid)
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("%s (process %d) does not end, even when killed", p.name, p.cmd.Process.Pid)
	}
}

// stopAll stops the processes in reverse order of their start: what others depend on goes last.
func stopAll(processes []*process) error {
	var errs []error
	for _, p := range slices.Backward(processes) {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// tail returns the last lines of a log for an error message.
func tail(path string, lines int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(data) > 16<<10 {
		data = data[len(data)-16<<10:]
	}
	all := strings.Split(string(bytes.TrimSpace(data)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// processRuns reports whether a process of this number runs.
func processRuns(pid string) bool {
	number, err := strconv.Atoi(pid)
	if err != nil || number <= 0 {
		return false
	}
	return !errors.Is(syscall.Kill(number, 0), syscall.ESRCH)
}
