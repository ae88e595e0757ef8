// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"github.com/peernode/operator/pkg/backup"
)

// compare reads everything back from the disk, and compares it with what the backup says was read from another one.
func (r *restorer) compare(ctx context.Context) error {
	r.Progress.begin(PhaseChecking, r.layout.bytes(func(uint32) bool { return true }))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []piece)
	var all sync.WaitGroup
	for range r.Workers {
		all.Go(func() {
			if err := r.comparer(work); err != nil {
				cancel(err)
			}
		})
	}
	for _, pieces := range r.layout.byChunk() {
		select {
		case work <- pieces:
		case <-ctx.Done():
		}
	}
	close(work)
	all.Wait()
	return context.Cause(ctx)
}

// byChunk are the pieces of each chunk.
func (l *layout) byChunk() [][]piece {
	var out [][]piece
	for from := 0; from < len(l.pieces); {
		to := from
		for to < len(l.pieces) && l.pieces[to].file == l.pieces[from].file && l.pieces[to].chunk == l.pieces[from].chunk {
			to++
		}
		out = append(out, l.pieces[from:to])
		from = to
	}
	return out
}

func (r *restorer) comparer(work <-chan []piece) error {
	printer := backup.NewPrinter(r.layout.salt)
	space := make([]byte, backup.ChunkSize)
	for pieces := range work {
		if err := r.compareChunk(pieces, printer, space); err != nil {
			return err
		}
	}
	return nil
}

// errNotWritten says that a disk does not keep what it is given.
var errNotWritten = errors.New("what lies on the disk now is not what was written there")

func (r *restorer) compareChunk(pieces []piece, printer *backup.Printer, space []byte) error {
	p := pieces[0]
	name, length := r.layout.files[p.file], r.layout.length(p)
	f, err := r.tree.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return about(name, err)
	}
	defer f.Close()
	n, err := f.ReadAt(space[:length], p.chunk*backup.ChunkSize)
	if n < length || err != nil && err != io.EOF { //nolint:errorlint // io.ReaderAt returns it bare
		return about(name, err)
	}
	prints, covered := printer.Blocks(space[:length]), 0
	for _, p := range pieces {
		blocks := prints[p.Block : p.Block+p.Count]
		if printer.Digest(blocks) != p.Digest {
			return about(name, errNotWritten)
		}
		covered += len(blocks)
		from, to := p.Bytes(length)
		r.Progress.copied(to - from)
	}
	for i := range prints {
		if prints[i] == (backup.Fingerprint{}) {
			covered++
		}
	}
	if covered != len(prints) {
		return about(name, errNotWritten)
	}
	return nil
}
