// SPDX-License-Identifier: Apache-2.0

// Package machine says what a benchmark ran on, and how much of it was at work. It needs Linux.
package machine

import (
	"fmt"
	"runtime"

	"github.com/prometheus/procfs"
)

// Describe names the processors and the version of Go.
func Describe() string {
	processors := fmt.Sprintf("%d processors", runtime.NumCPU())
	if fs, err := procfs.NewDefaultFS(); err == nil {
		if all, err := fs.CPUInfo(); err == nil && len(all) > 0 {
			processors += " (" + all[0].ModelName + ")"
		}
	}
	return processors + ", " + runtime.Version()
}

// Seconds are those that processors have worked for everybody, and all that have passed on them.
type Seconds struct{ Busy, All float64 }

// Look reads them.
func Look() (Seconds, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return Seconds{}, err
	}
	stat, err := fs.Stat()
	c := stat.CPUTotal
	busy := c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	return Seconds{Busy: busy, All: busy + c.Idle + c.Iowait}, err
}

// Others is the part of the processors, since an earlier look, that those who used so many seconds of them did not have.
func (s Seconds) Others(before Seconds, ours float64) float64 {
	if s.All <= before.All {
		return 0
	}
	return max(0, (s.Busy-before.Busy-ours)/(s.All-before.All))
}

// CPU is how many seconds of the processors one process has had, without its children.
func CPU(pid int) (float64, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	stat, err := process.Stat()
	return stat.CPUTime(), err
}
