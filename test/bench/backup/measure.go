// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// measured is everything that a run has seen.
type measured struct {
	sets []set
	// left says of each contender that is left out why.
	left []string
}

// set is what was measured with the same data.
type set struct {
	kind       kind
	size       int64
	rounds     int
	slowRounds int
	files      int
	changed    int
	// ratio is by how much zstd -1 makes them smaller, 0 where there is no zstd.
	ratio      float64
	contenders []contender
	// samples are those of each round, by contender and by what was done.
	samples map[string]map[string][]sample
}

// measure measures everything with one set of data after the other.
func (b *bed) measure(ctx context.Context) (*measured, error) {
	with, left, err := there(b.with)
	if err != nil {
		return nil, err
	}
	for _, word := range left {
		b.progressf("%s", word)
	}
	m := &measured{left: left}
	for _, size := range b.sizes {
		s := set{size: size, rounds: b.rounds, slowRounds: min(b.slowRounds, b.rounds), contenders: with}
		kinds, err := kindsNamed(b.data)
		if b.isLarge(size) {
			s.rounds, s.slowRounds = 1, 1
			if s.contenders, _, err = there(b.largeWith); err == nil {
				kinds, err = kindsNamed(b.largeData)
			}
		}
		if err != nil {
			return nil, err
		}
		for _, s.kind = range kinds {
			if err := b.set(ctx, &s); err != nil {
				return nil, fmt.Errorf("%s of %s: %w", sizeText(s.size), s.kind.name, err)
			}
			m.sets = append(m.sets, s)
		}
	}
	return m, nil
}

// set makes the data and has everybody back them up in each round, another one first each time.
func (b *bed) set(ctx context.Context, s *set) error {
	b.progressf("make %s of %s", sizeText(s.size), s.kind.name)
	dir := b.path("data")
	defer os.RemoveAll(dir)
	d, err := makeData(dir, s.kind, s.size, b.seed)
	if err != nil {
		return err
	}
	s.files, s.changed, s.samples = len(d.sums[0]), d.changed, map[string]map[string][]sample{}
	if s.ratio, err = ratio(ctx, filepath.Join(dir, "large")); err != nil {
		return err
	}
	for round := range s.rounds {
		for i := range s.contenders {
			c := s.contenders[(round+i)%len(s.contenders)]
			if c.slow && round >= s.slowRounds {
				continue
			}
			b.progressf("%s of %s, round %d of %d: %s", sizeText(s.size), s.kind.name, round+1, s.rounds, c.title)
			samples, err := b.try(ctx, c, d)
			if err != nil {
				return fmt.Errorf("%s: %w", c.title, err)
			}
			s.add(c, samples)
		}
	}
	return nil
}

func (s *set) add(c contender, samples map[string]sample) {
	if s.samples[c.name] == nil {
		s.samples[c.name] = map[string][]sample{}
	}
	for what, one := range samples {
		s.samples[c.name][what] = append(s.samples[c.name][what], one)
	}
}

// ratio is by how much zstd makes the beginning of a file smaller.
func ratio(ctx context.Context, path string) (float64, error) {
	if _, err := exec.LookPath("zstd"); err != nil {
		return 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	beginning, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return 0, err
	}
	zstd := command(ctx, "zstd", "-1", "-q", "-c")
	zstd.Stdin = bytes.NewReader(beginning)
	packed, err := zstd.Output()
	if err != nil {
		return 0, fmt.Errorf("zstd: %w", err)
	}
	return float64(len(beginning)) / float64(len(packed)), nil
}
