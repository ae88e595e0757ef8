// SPDX-License-Identifier: Apache-2.0

package edge

import "sync"

// buffer is as large as the proxy's own would be.
const buffer = 32 << 10

// buffers are what answers are copied through, for one answer after the other. The proxy would make a buffer for each,
// which is most of what a request leaves to the garbage collector.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{pool: sync.Pool{New: func() any { return new([buffer]byte) }}}
}

// Get is for httputil.BufferPool.
func (b *buffers) Get() []byte {
	return b.pool.Get().(*[buffer]byte)[:] //nolint:forcetypeassert // nothing else is in the pool
}

// Put takes back what Get gave.
func (b *buffers) Put(used []byte) { b.pool.Put((*[buffer]byte)(used)) }
