// SPDX-License-Identifier: Apache-2.0

// Command edge measures what the edge costs beside nginx: the same peer, the same certificate, the same limits, the same
// load, in turns in one run. Peer, edge and nginx are the real programs, each a process of its own; the load comes from
// this one. It needs Linux, and an nginx, which it does not install.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/peernode/operator/pkg/edge"
	"github.com/peernode/operator/test/bench/internal/document"
)

// section names the section of the document.
const section = "make bench-edge"

// options are what the command line decides.
type options struct {
	rounds     int
	time, warm time.Duration
	nginx      string
	write      string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "how often everything is measured")
	flag.DurationVar(&o.time, "time", 3*time.Second, "how long each measurement takes")
	flag.DurationVar(&o.warm, "warm", 500*time.Millisecond, "how long the same load comes before it")
	flag.StringVar(&o.nginx, "nginx", "nginx", "program to compare with")
	flag.StringVar(&o.write, "write", "", "file whose section on this benchmark is replaced, such as docs/benchmarks-edge.md; empty only prints")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if _, err := exec.LookPath(o.nginx); err != nil {
		return fmt.Errorf("%w; install it, on Debian with apt-get install nginx-light, or say where it is with -nginx (such as /usr/sbin/nginx)", err)
	}
	b, err := prepare(ctx, o, wide())
	if err != nil {
		return err
	}
	defer b.close()
	measured, err := b.measure(ctx, workloads(), []int{1, 16, 64})
	if err != nil {
		return err
	}
	report := measured.markdown(o, b.where())
	fmt.Print(report)
	if o.write == "" {
		return nil
	}
	return document.ReplaceSection(o.write, section, report)
}

// wide are the limits of the defaults, raised as far as one client that asks as fast as it can would meet them.
func wide() edge.Config {
	c := edge.Default()
	c.Clients.RequestsPerMinute, c.Clients.Burst = 10_000_000, 1_000_000
	c.Limits.ConnectionsPerClient, c.Limits.RequestsPerClient = c.Limits.Connections, c.Limits.Requests
	return c
}
