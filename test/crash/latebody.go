// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"io"
	"sync"
	"time"
)

// lateBody hands on what it reads in the order and the rhythm in which it came, but late.
type lateBody struct {
	inner  io.ReadCloser
	delay  time.Duration
	pieces chan piece
	rest   piece
	closed chan struct{}
	once   sync.Once
}

type piece struct {
	data []byte
	err  error
	due  time.Time
}

func newLateBody(inner io.ReadCloser, delay time.Duration) *lateBody {
	b := &lateBody{inner: inner, delay: delay, pieces: make(chan piece, 1024), closed: make(chan struct{})}
	go b.fetch()
	return b
}

func (b *lateBody) fetch() {
	for {
		buffer := make([]byte, 32*1024)
		n, err := b.inner.Read(buffer)
		select {
		case b.pieces <- piece{data: buffer[:n], err: err, due: time.Now().Add(b.delay)}:
		case <-b.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read waits until the next piece is due.
func (b *lateBody) Read(into []byte) (int, error) {
	if len(b.rest.data) == 0 {
		if b.rest.err != nil {
			return 0, b.rest.err
		}
		select {
		case b.rest = <-b.pieces:
		case <-b.closed:
			return 0, io.ErrClosedPipe
		}
		select {
		case <-time.After(time.Until(b.rest.due)):
		case <-b.closed:
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(into, b.rest.data)
	b.rest.data = b.rest.data[n:]
	return n, nil
}

// Close ends both sides.
func (b *lateBody) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.inner.Close()
}
