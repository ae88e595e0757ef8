// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/peernode/operator/test/bench/internal/machine"
)

// cell is what is measured again in each round.
type cell struct {
	workload string
	atOnce   int
	program  string
}

// sample is one measurement.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	// cpu is what the program used for 1,000 requests, in seconds; others is the part of the machine's processors that
	// neither the programs nor the clients had.
	cpu, others float64
	errors      int
}

// figures are what was measured.
type figures struct {
	cells   []cell
	samples map[cell][]sample
	memory  []memory
}

// memory is that of one program, in bytes.
type memory struct {
	program      string
	atRest, most uint64
}

// measure measures everything in each round. What is to be compared comes one right after the other, and another one
// comes first in each round: so what else the machine does falls on all.
func (b *bed) measure(ctx context.Context, asked []workload, atOnce []int) (*figures, error) {
	f := &figures{samples: map[cell][]sample{}}
	for round := range b.rounds {
		for _, w := range asked {
			for _, n := range atOnce {
				b.progressf("round %d of %d: %s, %d at a time", round+1, b.rounds, w.name, n)
				if err := b.turn(ctx, f, round, w, n); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, p := range b.programs() {
		f.memory = append(f.memory, memory{p.name, p.atRest, p.most})
	}
	return f, nil
}

// turn measures one after the other what can be asked in this way.
func (b *bed) turn(ctx context.Context, f *figures, round int, w workload, n int) error {
	programs := b.proxies
	if w.direct {
		programs = b.programs()
	}
	for _, p := range programs {
		if round == 0 {
			f.cells = append(f.cells, cell{w.name, n, p.name})
		}
	}
	for i := range programs {
		p := programs[(round+i)%len(programs)]
		s, err := b.sample(ctx, w, p, n)
		if err != nil {
			return fmt.Errorf("%s, %d at a time, %s: %w", w.name, n, p.name, err)
		}
		at := cell{w.name, n, p.name}
		f.samples[at] = append(f.samples[at], s)
	}
	return ctx.Err()
}

// sample measures one load of one program.
func (b *bed) sample(ctx context.Context, w workload, p *program, n int) (sample, error) {
	clients := b.crowd(w, p, n)
	defer clients.close()
	clients.ask(ctx, b.warm)
	if err := b.tidy(p); err != nil {
		return sample{}, err
	}
	before, err := b.look(p)
	if err != nil {
		return sample{}, err
	}
	a := clients.ask(ctx, b.time)
	after, err := b.look(p)
	if err != nil {
		return sample{}, err
	}
	served := int(a.times.TotalCount())
	if ctx.Err() != nil {
		return sample{}, ctx.Err()
	}
	if served == 0 {
		return sample{}, fmt.Errorf("no request was served; the first error: %w", a.first)
	}
	if a.first != nil {
		b.progressf("%d errors of %s, such as: %s", a.errors, p.name, a.first)
	}
	return sample{
		perSecond: float64(served) / a.lasted.Seconds(),
		p50:       time.Duration(a.times.ValueAtPercentile(50)) * time.Microsecond,
		p99:       time.Duration(a.times.ValueAtPercentile(99)) * time.Microsecond,
		cpu:       (after.program - before.program) / float64(served) * 1000,
		others:    after.machine.Others(before.machine, after.ours-before.ours),
		errors:    a.errors,
	}, b.kept(p, served)
}

// seconds are those that processors have worked, for one program, for all that is measured and this one, and for everybody.
type seconds struct {
	program, ours float64
	machine       machine.Seconds
}

func (b *bed) look(p *program) (s seconds, err error) {
	for _, each := range b.programs() {
		used, err := each.usage()
		if err != nil {
			return s, err
		}
		if each == p {
			s.program = used.cpu
		}
		s.ours += used.cpu
	}
	self, err := machine.CPU(os.Getpid())
	if err != nil {
		return s, err
	}
	s.ours += self
	s.machine, err = machine.Look()
	return s, err
}

// tidy empties the access log of a proxy, which would fill the disk.
func (b *bed) tidy(p *program) error {
	if p.access == "" {
		return nil
	}
	return os.Truncate(p.access, 0)
}

// kept makes sure that a proxy has logged what it served: a log that is off would make it fast.
func (b *bed) kept(p *program, served int) error {
	if p.access == "" {
		return nil
	}
	for until := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		lines, err := p.logged()
		if err != nil || lines >= served {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("its access log has %d lines of %d requests", lines, served)
		}
	}
}
