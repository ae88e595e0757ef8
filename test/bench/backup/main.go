// SPDX-License-Identifier: Apache-2.0

// Command backup measures backups beside what else people make them with: the same files, the same real store of S3 over
// TLS, in turns in one run. It needs Linux. What it compares with it does not install; what is missing is left out, aloud.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/peernode/operator/test/bench/internal/document"
)

// section names the section of the document.
const section = "make bench-backup"

// options are what the command line decides.
type options struct {
	sizes  sizes
	data   names
	with   names
	rounds int
	// slowRounds is how often the slow ones are measured.
	slowRounds int
	// large is from when on everything is measured once, and less of it.
	large     sizes
	largeData names
	largeWith names

	seed       uint64
	dir, write string
}

func main() {
	o := defaults()
	flag.Var(&o.sizes, "sizes", "how large the data are, such as 256Mi,1Gi")
	flag.Var(&o.data, "data", "which data: random, text, etch")
	flag.Var(&o.with, "with", "with what: ours, gpg, age, restic")
	flag.IntVar(&o.rounds, "rounds", o.rounds, "how often everything is measured")
	flag.IntVar(&o.slowRounds, "slow-rounds", o.slowRounds, "how often gpg and restic are, which are slow")
	flag.Var(&o.large, "large", "size from which on there is one round, with fewer data and fewer contenders")
	flag.Var(&o.largeData, "large-data", "which data are that large")
	flag.Var(&o.largeWith, "large-with", "with what those are backed up")
	flag.Uint64Var(&o.seed, "seed", o.seed, "what data are made from")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "folder, on the disk that is to be measured, for files, store and restored files: four times the size")
	flag.StringVar(&o.write, "write", "", "file whose section on this benchmark is replaced, such as docs/benchmarks-backup.md; empty only prints")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func defaults() options {
	return options{
		sizes: sizes{1 << 30, 8 << 30}, data: names{"random", "text", "etch"}, with: names{nameOurs, nameGPG, nameAge, nameRestic},
		rounds: 3, slowRounds: 1, large: sizes{4 << 30}, largeData: names{"etch"}, largeWith: names{nameOurs, nameAge}, seed: 1,
	}
}

func run(ctx context.Context, o options) (err error) {
	b, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if closed := b.close(); err == nil {
			err = closed
		}
	}()
	measured, err := b.measure(ctx)
	if err != nil {
		return err
	}
	report := measured.markdown(o, b.where(ctx))
	fmt.Print(report)
	if o.write == "" {
		return nil
	}
	return document.ReplaceSection(o.write, section, report)
}

// arguments are those that decide what is measured.
func (o options) arguments() string {
	args := fmt.Sprintf("-sizes %s -data %s -with %s -rounds %d -slow-rounds %d -seed %d", &o.sizes, &o.data, &o.with, o.rounds, o.slowRounds, o.seed)
	if o.anyLarge() {
		args += fmt.Sprintf(" -large %s -large-data %s -large-with %s", &o.large, &o.largeData, &o.largeWith)
	}
	return args
}

func (o options) isLarge(size int64) bool { return len(o.large) > 0 && size >= o.large[0] }

func (o options) anyLarge() bool { return slices.ContainsFunc(o.sizes, o.isLarge) }

// names are a list of them.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

// Set is that of flag.Value.
func (n *names) Set(text string) error {
	*n = strings.Split(text, ",")
	return nil
}

// sizes are numbers of bytes as Kubernetes writes them.
type sizes []int64

func (s *sizes) String() string {
	var out []string
	for _, size := range *s {
		out = append(out, resource.NewQuantity(size, resource.BinarySI).String())
	}
	return strings.Join(out, ",")
}

// Set is that of flag.Value.
func (s *sizes) Set(text string) error {
	*s = nil
	for one := range strings.SplitSeq(text, ",") {
		q, err := resource.ParseQuantity(one)
		if err != nil {
			return err
		}
		if q.Value() < 1<<20 {
			return fmt.Errorf("%s is too little to measure", one)
		}
		*s = append(*s, q.Value())
	}
	return nil
}
