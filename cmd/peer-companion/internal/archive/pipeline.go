// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"sync"

	"github.com/peernode/operator/pkg/backup"
)

// task is an entry of the tree, or a chunk of a file, on its way from the disk into the backup.
type task struct {
	entry *backup.Entry

	// index and length say which chunk it is.
	index  int64
	length int
	known  backup.Known
	*buffers

	// prints, store, keep and frame are what a worker makes of it.
	prints      []backup.Fingerprint
	store, keep []backup.Piece
	frame       backup.Frame
	done        chan struct{}
}

// buffers are the memory for one chunk: as it is read, what of it is stored, and that compressed.
type buffers struct{ chunk, plain, packed []byte }

// pipeline reads in one place, works in several, and writes in one, in the order in which was read.
type pipeline struct {
	ctx     context.Context //nolint:containedctx // it is that of the backup, whose part this is
	writer  *writer
	tree    *tree
	free    chan *buffers
	work    chan *task
	ordered chan *task
}

func newPipeline(ctx context.Context, w *writer, t *tree) *pipeline {
	depth := 2*w.Workers + 2
	p := &pipeline{ctx: ctx, writer: w, tree: t, free: make(chan *buffers, depth), work: make(chan *task, depth), ordered: make(chan *task, depth)}
	for range depth {
		p.free <- &buffers{}
	}
	return p
}

func (p *pipeline) run() error {
	ctx, cancel := context.WithCancelCause(p.ctx)
	defer cancel(nil)
	p.ctx = ctx
	packers, err := p.packers()
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, packer := range packers {
		all.Go(func() { p.worker(packer) })
	}
	all.Go(func() {
		defer close(p.ordered)
		defer close(p.work)
		if err := p.read(); err != nil {
			cancel(err)
		}
	})
	for t := range p.ordered {
		if err := p.write(t); err != nil {
			cancel(err)
		}
	}
	all.Wait()
	return context.Cause(ctx)
}

func (p *pipeline) packers() ([]*backup.Packer, error) {
	var out []*backup.Packer
	for range p.writer.Workers {
		packer, err := backup.NewPacker(p.writer.Compression)
		if err != nil {
			return nil, err
		}
		out = append(out, packer)
	}
	return out, nil
}

// write takes what is next, unless all is lost already.
func (p *pipeline) write(t *task) error {
	if t.done != nil {
		<-t.done
		defer func() { p.free <- t.buffers }()
	}
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	return p.writer.take(t)
}

// read walks the tree.
func (p *pipeline) read() error {
	return p.tree.walk(func(e backup.Entry, info *stat) error {
		if err := p.pass(&task{entry: &e}); err != nil || e.Kind != backup.KindFile {
			return err
		}
		if err := p.file(string(e.Path), info); err != nil {
			return err
		}
		return nil
	})
}

func (p *pipeline) file(name string, info *stat) error {
	f, err := p.tree.open(name, info)
	if err != nil {
		return err
	}
	defer f.Close()
	for index := range backup.Chunks(f.size) {
		if err := p.chunk(f, name, index); err != nil {
			return err
		}
	}
	if err := f.same(info); err != nil {
		return about(name, err)
	}
	return nil
}

func (p *pipeline) chunk(f *file, name string, index int64) error {
	b, err := p.take()
	if err != nil {
		return err
	}
	chunk, there, err := f.chunk(index, b.chunk)
	if err != nil || !there {
		p.free <- b
		p.writer.Progress.copied(backup.ChunkLength(f.size, index))
		if err != nil {
			return about(name, err)
		}
		return nil
	}
	t := &task{index: index, length: len(chunk), buffers: b, done: make(chan struct{})}
	b.chunk = chunk
	if p.writer.known != nil {
		if t.known, err = p.writer.known.Chunk(name, index); err != nil {
			p.free <- b
			return err
		}
	}
	p.work <- t
	return p.pass(t)
}

func (p *pipeline) take() (*buffers, error) {
	select {
	case b := <-p.free:
		if b.chunk == nil {
			b.chunk, b.packed = make([]byte, backup.ChunkSize), make([]byte, 0, backup.ChunkSize+backup.ChunkSize/16)
		}
		b.chunk = b.chunk[:backup.ChunkSize]
		return b, nil
	case <-p.ctx.Done():
		return nil, context.Cause(p.ctx)
	}
}

// pass queues a task to be written after those before it.
func (p *pipeline) pass(t *task) error {
	p.ordered <- t
	return context.Cause(p.ctx)
}

func (p *pipeline) worker(packer *backup.Packer) {
	printer := backup.NewPrinter(p.writer.salt)
	for t := range p.work {
		t.prints = printer.Blocks(t.chunk)
		t.store, t.keep = printer.Changes(t.known, t.prints)
		if len(t.store) > 0 {
			t.frame = packer.Pack(t.gather(), t.packed)
		}
		close(t.done)
	}
}

// gather are the blocks that are stored, one after the other. All of a chunk are so already.
func (t *task) gather() []byte {
	if len(t.store) == 1 {
		from, to := t.store[0].Bytes(t.length)
		return t.chunk[from:to]
	}
	t.plain = t.plain[:0]
	for _, piece := range t.store {
		from, to := piece.Bytes(t.length)
		t.plain = append(t.plain, t.chunk[from:to]...)
	}
	return t.plain
}
