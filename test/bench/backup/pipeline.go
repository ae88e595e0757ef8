// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stage is a program, which reads what the one before it writes.
type stage struct {
	args, env []string
	// dir is where it runs, this program's folder if it is empty.
	dir string
	// words are something that it says on the way, of which it is of interest when.
	words string
}

// cost is what a pipeline used.
type cost struct {
	wall time.Duration
	// said is how long it took to those words.
	said time.Duration
	// cpu is in seconds. largest and all are the memory, in bytes, of the program that had the most, and of all: each at
	// its own peak.
	cpu, largest, all float64
}

// pipeline runs programs until all have ended, and believes none of them if one has failed.
func (b *bed) pipeline(ctx context.Context, stages ...stage) (cost, error) {
	begun := time.Now()
	running, err := b.start(ctx, stages)
	var failed []error
	var c cost
	for _, r := range running {
		if ended := r.cmd.Wait(); ended != nil {
			failed = append(failed, fmt.Errorf("%s: %w\n%s", r.name, ended, r.says.last))
		}
	}
	c.wall = time.Since(begun)
	if err := errors.Join(append(failed, err, ctx.Err())...); err != nil {
		return c, err
	}
	for _, r := range running {
		if r.says.words != nil {
			if r.says.at.IsZero() {
				return c, fmt.Errorf("%s did not say %q:\n%s", r.name, r.says.words, r.says.last)
			}
			c.said = r.says.at.Sub(begun)
		}
		if err := c.add(r.used); err != nil {
			return c, err
		}
	}
	return c, nil
}

// running is a program that was started.
type running struct {
	name string
	cmd  *exec.Cmd
	// used is the file in which it is told what it has used.
	used string
	says *saying
}

// start starts the programs. Those that it returns run, also if it fails: they see the end of what they read.
func (b *bed) start(ctx context.Context, stages []stage) (out []running, err error) {
	var from *os.File
	for i, s := range stages {
		r := running{name: strings.Join(s.args, " "), used: filepath.Join(b.dir, "used-"+strconv.Itoa(i)), says: &saying{}}
		if s.words != "" {
			r.says.words = []byte(s.words)
		}
		r.cmd = command(ctx, b.weigh, append([]string{r.used}, s.args...)...)
		r.cmd.Dir, r.cmd.Env, r.cmd.Stderr = s.dir, append(os.Environ(), s.env...), r.says
		var next, to *os.File
		if i+1 < len(stages) {
			if next, to, err = os.Pipe(); err != nil {
				return out, errors.Join(err, from.Close())
			}
			r.cmd.Stdout = to
		}
		if from != nil {
			r.cmd.Stdin = from
		}
		err = r.cmd.Start()
		from.Close() // the programs have their own
		to.Close()
		if err != nil {
			next.Close()
			return out, err
		}
		from, out = next, append(out, r)
	}
	return out, nil
}

// command is a program that ends with this one.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// add adds what a program has used.
func (c *cost) add(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := json.Unmarshal(raw, &used); err != nil {
		return err
	}
	c.cpu += float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
	memory := float64(used.Maxrss) * 1024
	c.largest = max(c.largest, memory)
	c.all += memory
	return nil
}

// saying is what a program says: the end of it, and when it came to some words.
type saying struct {
	words []byte
	at    time.Time
	last  []byte
}

// Write is that of io.Writer.
func (s *saying) Write(p []byte) (int, error) {
	s.last = append(s.last, p...)
	if s.words != nil && s.at.IsZero() && bytes.Contains(s.last, s.words) {
		s.at = time.Now()
	}
	s.last = s.last[max(0, len(s.last)-4000):]
	return len(p), nil
}
