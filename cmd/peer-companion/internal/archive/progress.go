// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"sync/atomic"
)

// Phase is what is being done.
type Phase string

// The phases.
const (
	PhaseCopying   Phase = "Copying"
	PhaseVerifying Phase = "Verifying"
	PhaseRestoring Phase = "Restoring"
	PhaseChecking  Phase = "Checking"
)

// Progress is how far a backup, a verification or a restore is. It is for several to look at.
type Progress struct {
	phase       atomic.Value
	done, total atomic.Int64
}

// begin begins a phase of so many bytes, 0 where nobody knows.
func (p *Progress) begin(phase Phase, total int64) {
	p.done.Store(0)
	p.total.Store(total)
	p.phase.Store(phase)
}

func (p *Progress) copied(n int) { p.done.Add(int64(n)) }

// Now says what is being done, and how many bytes of how many are.
func (p *Progress) Now() (phase Phase, done, total int64) {
	phase, _ = p.phase.Load().(Phase)
	return phase, p.done.Load(), p.total.Load()
}
