// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/peernode/operator/pkg/backup"
)

// Download reads an object in parts, some of them ahead of time. A part that breaks off is read again.
type Download struct {
	ctx    context.Context //nolint:containedctx // an io.Reader has nowhere else to take it from
	cancel context.CancelFunc
	b      *Bucket
	lanes  Lanes
	object backup.Object
	name   string
	// coming are the parts in their order.
	coming chan chan arrived
	part   []byte
	left   []byte
	sums   backup.Digester
	done   bool
}

type arrived struct {
	part []byte
	sum  [sha256.Size]byte
	err  error
}

// Download begins to read an object of which the size and the digest are known, under a name in the bucket.
func (b *Bucket) Download(ctx context.Context, lanes Lanes, name string, o backup.Object) *Download {
	ctx, cancel := context.WithCancel(ctx)
	d := &Download{ctx: ctx, cancel: cancel, b: b, lanes: lanes, object: o, name: name, coming: make(chan chan arrived, cap(lanes)), sums: backup.NewDigester()}
	go d.order()
	return d
}

// order asks for one part after the other, as far as there is room.
func (d *Download) order() {
	defer close(d.coming)
	for at := int64(0); at < d.object.Size; at += backup.PartSize {
		size := min(backup.PartSize, d.object.Size-at)
		part, err := d.lanes.take(d.ctx, size)
		if err != nil {
			return
		}
		one := make(chan arrived, 1)
		d.coming <- one
		go func() {
			part := part[:size]
			err := d.b.readPart(d.ctx, d.name, d.object, span{at, part})
			one <- arrived{part, sha256.Sum256(part), err}
		}()
	}
}

// span is where a part lies in an object, and the memory for it.
type span struct {
	at   int64
	part []byte
}

// readPart reads a range of an object, and tries again where it breaks off. Other tries are those of the SDK.
func (b *Bucket) readPart(ctx context.Context, name string, o backup.Object, s span) error {
	for range b.tries {
		out, err := b.getRange(ctx, name, o, s)
		if err != nil {
			return b.explainRange(err)
		}
		_, err = io.ReadFull(out, s.part)
		_ = out.Close()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return UnreadError{fmt.Errorf("read from %s: the connection breaks off again and again; see whether the store is well", b)}
}

func (b *Bucket) explainRange(err error) error {
	if errors.Is(err, errSize) {
		return err
	}
	if status, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		switch status.HTTPStatusCode() {
		case http.StatusNotFound:
			return ErrNotFound
		case http.StatusForbidden:
			return UnreadError{b.denied(err, ErrDenied)}
		case http.StatusRequestedRangeNotSatisfiable:
			return errSize
		}
	}
	return UnreadError{fmt.Errorf("read from %s: %w", b, b.explain(err))}
}

var errSize = errors.New("the object is not as long as it was written")

func (b *Bucket) getRange(ctx context.Context, name string, o backup.Object, s span) (io.ReadCloser, error) {
	end := s.at + int64(len(s.part)) - 1
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(b.place.Bucket), Key: aws.String(name), VersionId: optional(o.Version),
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", s.at, end)),
	})
	if err != nil {
		return nil, err
	}
	if aws.ToString(out.ContentRange) != fmt.Sprintf("bytes %d-%d/%d", s.at, end, o.Size) {
		_ = out.Body.Close()
		return nil, errSize
	}
	return out.Body, nil
}

// Read is that of io.Reader. It ends with io.EOF if the object was what its digest says.
func (d *Download) Read(p []byte) (int, error) {
	for len(d.left) == 0 {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.left)
	d.left = d.left[n:]
	return n, nil
}

func (d *Download) next() error {
	if d.part != nil {
		d.lanes.giveBack(d.part)
		d.part = nil
	}
	one, ok := <-d.coming
	if !ok {
		return d.end()
	}
	got := <-one
	if got.err != nil {
		d.lanes.giveBack(got.part)
		return fmt.Errorf("object %s: %w", d.object.Name, got.err)
	}
	d.sums.Part(got.sum)
	d.part, d.left = got.part, got.part
	return nil
}

// end asks whether what was read was the object.
func (d *Download) end() error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	if d.sums.Sum() != d.object.Digest {
		return fmt.Errorf("object %s is not what was written: its digest is %s, recorded is %s", d.object.Name, d.sums.Sum(), d.object.Digest)
	}
	d.done = true
	return io.EOF
}

// Rest reads to the end, so that all of the object is compared with its digest.
func (d *Download) Rest() error {
	_, err := io.Copy(io.Discard, d)
	return err
}

// Close gives up what has not been read.
func (d *Download) Close() {
	d.cancel()
	if d.part != nil {
		d.lanes.giveBack(d.part)
		d.part = nil
	}
	for one := range d.coming {
		got := <-one
		d.lanes.giveBack(got.part)
	}
}
