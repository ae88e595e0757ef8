// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// data are the files of a peer. Each block is made from the seed, its place and its generation, so all of it can be made
// again, and changed back.
type data struct {
	kind

	dir  string
	seed uint64
	size int64
	// generation is that of the blocks that change.
	generation byte
	// sums are what the files are in each generation, and changed is how many blocks differ.
	sums    [2]sums
	changed int
}

// sums are the SHA-256 of files by their names.
type sums map[string][sha256.Size]byte

// layout is how many files there are of which part of the whole. The largest takes what the others leave.
var layout = []struct {
	name string
	n    int64
	part int64
}{{"medium", 4, 16}, {"small", 16, 128}, {"tiny", 64, 1024}, {"least", 256, 4096}}

// makeData writes the files, and sees what they are in both generations.
func makeData(dir string, k kind, size int64, seed uint64) (*data, error) {
	d := &data{kind: k, dir: dir, seed: seed, size: size}
	left := size
	for _, l := range layout {
		for i := range l.n {
			if err := d.write(filepath.Join(l.name, fmt.Sprintf("%03d", i)), size/l.part-i); err != nil {
				return nil, err
			}
			left -= size/l.part - i
		}
	}
	if err := d.write("large", left); err != nil {
		return nil, err
	}
	for _, generation := range []byte{0, 1} {
		err := d.turn(generation)
		if err == nil {
			d.sums[generation], err = sumAll(dir)
		}
		if err != nil {
			return nil, err
		}
	}
	return d, d.turn(0)
}

func (d *data) write(name string, size int64) error {
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return d.each(name, f, size, func(int64) bool { return true }, 0)
}

// each writes those blocks of a file that are wanted, in several places at once.
func (d *data) each(name string, f io.WriterAt, size int64, wanted func(block int64) bool, generation byte) error {
	const run = 256 // blocks of a place
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for first := int64(0); first*blockSize < size; first += run {
		all.Go(func() error {
			block := make([]byte, blockSize)
			for i := first; i < first+run && i*blockSize < size; i++ {
				if !wanted(i) {
					continue
				}
				b := block[:min(blockSize, size-i*blockSize)]
				d.fill(b, d.random(name, i, generation))
				if _, err := f.WriteAt(b, i*blockSize); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// random are the numbers of which a block is made.
func (d *data) random(name string, block int64, generation byte) *rand.ChaCha8 {
	from := binary.BigEndian.AppendUint64(nil, d.seed)
	from = binary.BigEndian.AppendUint64(from, uint64(block))
	return rand.NewChaCha8(sha256.Sum256(append(append(from, generation), name...)))
}

// turn makes the blocks that change those of a generation: one in a hundred, at random places.
func (d *data) turn(generation byte) error {
	if d.generation == generation {
		return nil
	}
	d.generation, d.changed = generation, 0
	return d.files(func(name string, f *os.File, size int64) error {
		where := rand.New(d.random(name, -1, 0))
		chosen := map[int64]bool{}
		for i := range (size + blockSize - 1) / blockSize {
			if where.IntN(100) == 0 {
				chosen[i] = true
			}
		}
		d.changed += len(chosen)
		return d.each(name, f, size, func(block int64) bool { return chosen[block] }, generation)
	})
}

// files opens all of them, one after the other.
func (d *data) files(see func(name string, f *os.File, size int64) error) error {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		f, err := root.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return see(name, f, info.Size())
	})
}

// read reads all files once, so that they lie in memory for whoever reads them next, as far as there is room.
func (d *data) read() error {
	return d.files(func(_ string, f *os.File, _ int64) error {
		_, err := io.Copy(struct{ io.Writer }{io.Discard}, f)
		return err
	})
}

var errNotTheSame = errors.New("what was restored is not what was backed up")

// compare finds out whether a folder holds the files as they are in a generation, and nothing else.
func (d *data) compare(dir string, generation byte) error {
	got, err := sumAll(dir)
	if err != nil {
		return err
	}
	want := d.sums[generation]
	for name, sum := range want {
		is, found := got[name]
		if !found || !bytes.Equal(is[:], sum[:]) {
			return fmt.Errorf("%w: %s, which is there: %t", errNotTheSame, name, found)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: there are %d files, not %d", errNotTheSame, len(got), len(want))
	}
	return nil
}

func sumAll(dir string) (sums, error) {
	out, names := sums{}, []string(nil)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, path := range names {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		_, err = io.Copy(hash, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return nil, err
		}
		out[name] = [sha256.Size]byte(hash.Sum(nil))
	}
	return out, nil
}
