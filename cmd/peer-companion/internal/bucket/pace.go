// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"io"

	"golang.org/x/time/rate"
)

// step is how much may leave at once where uploads are slowed down.
const step = 64 << 10

// Slowly lets uploads together have so many bytes per second.
func (b *Bucket) Slowly(bytesPerSecond int64) *Bucket {
	slow := *b
	slow.pace = rate.NewLimiter(rate.Limit(bytesPerSecond), step)
	return &slow
}

// paced reads a part as fast as it may leave.
func (b *Bucket) paced(ctx context.Context, part []byte) io.ReadSeeker {
	if b.pace == nil {
		return bytes.NewReader(part)
	}
	return paced{bytes.NewReader(part), ctx, b.pace}
}

type paced struct {
	*bytes.Reader

	ctx  context.Context //nolint:containedctx // an io.Reader has nowhere else to take it from
	pace *rate.Limiter
}

// Read is that of io.Reader.
func (p paced) Read(to []byte) (int, error) {
	n, err := p.Reader.Read(to[:min(len(to), step)])
	if err != nil {
		return n, err
	}
	return n, p.pace.WaitN(p.ctx, n)
}

// WriteTo hides that of the reader, which knows no pace.
func (p paced) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{p}) }
