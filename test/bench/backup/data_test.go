// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// small are 2 MiB of random bytes.
func small(t *testing.T) *data {
	t.Helper()
	d, err := makeData(t.TempDir(), kinds()[0], 2<<20, 1)
	must(t, err)
	return d
}

func (d *data) remove(name string) error { return os.Remove(filepath.Join(d.dir, name)) }

func (d *data) cut(name string) error {
	path := filepath.Join(d.dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-1)
}

func TestDataAreAsLargeAsTheyShouldBeAndOneBlockInAHundredChanges(t *testing.T) {
	const size = 64 << 20
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			d, err := makeData(t.TempDir(), k, size, 7)
			must(t, err)
			var sum int64
			must(t, d.files(func(_ string, _ *os.File, size int64) error {
				sum += size
				return nil
			}))
			if sum != size {
				t.Errorf("there are %d bytes", sum)
			}
			if part := float64(d.changed) * blockSize / size; part < .008 || part > .013 {
				t.Errorf("%d blocks change", d.changed)
			}
			must(t, d.compare(d.dir, 0))
			must(t, d.turn(1))
			must(t, d.compare(d.dir, 1))
			must(t, d.turn(0))
			must(t, d.compare(d.dir, 0))
			if d.sums[0]["large"] == d.sums[1]["large"] {
				t.Error("nothing changes")
			}
		})
	}
}
