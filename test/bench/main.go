// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator with many PeerNodes on simulated nodes: how long until everything is applied
// and Ready, how many requests that takes, how many after a restart and at rest, and how much memory and CPU. The
// operator runs as a process of its own, under its own user, with no rights but those that it ships with; requests
// are counted in the API server's audit log.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/peernode/operator/test/bench/internal/document"
)

// options are what the command line decides.
type options struct {
	peers  int
	fleets int
	rest   time.Duration
	write  string
	env    []string
}

// section names the section of the document.
func (o options) section() string {
	if o.fleets == 0 {
		return "make bench"
	}
	return fmt.Sprintf("make bench, %d fleets", o.fleets)
}

func main() {
	var o options
	flag.IntVar(&o.peers, "n", 1000, "how many PeerNodes")
	flag.IntVar(&o.fleets, "fleets", 0, "into how many PeerFleets they are divided; 0 makes PeerNodes on their own")
	flag.DurationVar(&o.rest, "rest", 5*time.Minute, "how long to watch the operator at rest")
	flag.StringVar(&o.write, "write", "", "file whose section on this benchmark is replaced, such as docs/benchmarks.md; empty only prints")
	flag.Func("env", "NAME=value for the operator's environment, such as GOGC=100; may be repeated", func(v string) error {
		o.env = append(o.env, v)
		return nil
	})
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	b, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	var measured figures
	type part struct {
		name    string
		measure func(context.Context, *figures) error
	}
	parts := []part{
		{"create", b.create},
		{"restart the operator", b.restart},
		{"rest for " + o.rest.String(), b.rest},
	}
	if o.fleets > 0 {
		parts = append(parts, part{"change one sibling", b.changeOne})
	}
	for _, part := range parts {
		b.progressf("%s", part.name)
		if err := part.measure(ctx, &measured); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	report := measured.markdown(o)
	fmt.Print(report)
	if o.write == "" {
		return nil
	}
	return document.ReplaceSection(o.write, o.section(), report)
}
