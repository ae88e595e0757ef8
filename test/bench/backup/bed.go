// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/peernode/operator/test/testenv"
)

// bed is what is needed to measure.
type bed struct {
	options

	dir   string
	begun time.Time
	// programs are those of this repository, of which companion is measured.
	programs                     testenv.Programs
	companion, objectpipe, weigh string
	// trust is who signs our records, recipient to whom our data are sealed.
	trust, recipient string
}

// prepare builds the programs, and makes keys.
func prepare(ctx context.Context, o options) (*bed, error) {
	dir, err := os.MkdirTemp(o.dir, "peernode-bench-backup-")
	if err != nil {
		return nil, err
	}
	b := &bed{options: o, dir: dir, begun: time.Now()}
	err = b.build()
	if err == nil {
		err = b.companionKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bed) build() (err error) {
	b.progressf("build peer-companion")
	for folder, path := range map[string]*string{
		"cmd/peer-companion": &b.companion, "test/bench/backup/objectpipe": &b.objectpipe, "test/bench/backup/weigh": &b.weigh,
	} {
		if *path, err = b.programs.Path(folder); err != nil {
			return err
		}
	}
	return nil
}

func (b *bed) close() error { return errors.Join(b.programs.Remove(), os.RemoveAll(b.dir)) }

func (b *bed) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bed) progressf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%6.1fs] %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, args...))
}

// output is what a program says.
func (b *bed) output(ctx context.Context, args ...string) (string, error) {
	out, err := command(ctx, args[0], args[1:]...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
