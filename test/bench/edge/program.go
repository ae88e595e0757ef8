// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/prometheus/procfs"
)

// program is one that is measured, as a process of its own with its children.
type program struct {
	name, url string
	cmd       *exec.Cmd
	// access is its access log, empty if it has none, log where it complains.
	access, log string
	// atRest and most are its memory before any load, and the most that was seen.
	atRest, most uint64
}

// command is a program that ends with this one.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd
}

// run starts a program with its outputs in files of the folder.
func (b *bed) run(p *program, path string, args ...string) error {
	p.log = filepath.Join(b.dir, p.name+".log")
	log, err := appended(p.log)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = command(context.Background(), path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.access != "" {
		access, err := appended(p.access)
		if err != nil {
			return err
		}
		defer access.Close()
		p.cmd.Stdout = access
	}
	return p.cmd.Start()
}

// appended is a file that can be emptied while others write to it.
func appended(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// stop ends the process as Kubernetes would.
func (p *program) stop() error {
	if p == nil || p.cmd == nil || p.cmd.Process == nil || p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s ends with %w\n%s", p.name, err, p.lastWords())
	}
	return nil
}

func (p *program) lastWords() []byte {
	log, _ := os.ReadFile(p.log)
	return log[max(0, len(log)-4000):]
}

// logged counts the lines of the access log.
func (p *program) logged() (lines int, err error) {
	raw, err := os.ReadFile(p.access)
	return bytes.Count(raw, []byte("\n")), err
}

// usage is what a program has used of the machine.
type usage struct {
	// cpu is in seconds, memory in bytes: the proportional part of what processes share.
	cpu    float64
	memory uint64
}

// usage adds up the process and its children.
func (p *program) usage() (sum usage, err error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return usage{}, err
	}
	for _, process := range all {
		stat, err := process.Stat()
		if err != nil || stat.PID != p.cmd.Process.Pid && stat.PPID != p.cmd.Process.Pid {
			continue // others end as they like
		}
		memory, err := process.ProcSMapsRollup()
		if err != nil {
			return usage{}, fmt.Errorf("the memory of %s: %w", p.name, err)
		}
		sum.cpu += stat.CPUTime()
		sum.memory += memory.Pss
	}
	if sum.memory == 0 {
		return usage{}, fmt.Errorf("%s has ended\n%s", p.name, p.lastWords())
	}
	p.most = max(p.most, sum.memory)
	return sum, nil
}
