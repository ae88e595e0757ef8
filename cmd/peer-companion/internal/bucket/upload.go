// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/peernode/operator/pkg/backup"
)

// Lanes are the memory for parts of objects that are on their way, and with it how many are.
type Lanes chan []byte

// NewLanes makes room for so many parts. Each object that is being written takes one, besides those on their way.
func NewLanes(n int) Lanes {
	l := make(Lanes, n)
	for range n {
		l <- nil
	}
	return l
}

// take waits for room for a part of so many bytes.
func (l Lanes) take(ctx context.Context, size int64) ([]byte, error) {
	select {
	case part := <-l:
		if int64(cap(part)) < size {
			part = make([]byte, 0, size)
		}
		return part[:0], nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l Lanes) giveBack(part []byte) { l <- part[:0] }

// Upload is an object that is being written in parts. Nobody sees anything of it before it is committed.
type Upload struct {
	ctx   context.Context //nolint:containedctx // an io.Writer has nowhere else to take it from
	b     *Bucket
	lanes Lanes
	name  string
	id    *string
	part  []byte
	size  int64
	// sums are those of the parts. The list grows while they are taken.
	sums []*[sha256.Size]byte

	sending sync.WaitGroup
	mu      sync.Mutex
	sent    []types.CompletedPart
	err     error
}

// Upload begins to write an object under a name that nothing has yet.
func (b *Bucket) Upload(ctx context.Context, lanes Lanes, name string) (*Upload, error) {
	part, err := lanes.take(ctx, backup.PartSize)
	if err != nil {
		return nil, err
	}
	mode, key := b.place.Encryption.asked()
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: aws.String(b.place.Bucket), Key: aws.String(name),
		ContentType:       aws.String("application/octet-stream"),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
		ServerSideEncryption: mode, SSEKMSKeyId: key,
	})
	if err != nil {
		lanes.giveBack(part)
		return nil, fmt.Errorf("write to %s: %w", b, b.explain(err))
	}
	return &Upload{ctx: ctx, b: b, lanes: lanes, name: name, id: out.UploadId, part: part}, nil
}

// Write takes the next bytes, and sends a part when it is full.
func (u *Upload) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), backup.PartSize-len(u.part))
		u.part = append(u.part, p[:n]...)
		p, written = p[n:], written+n
		if len(u.part) == backup.PartSize {
			if err := u.flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// flush sends the part that was filled, and takes another.
func (u *Upload) flush() error {
	if err := u.failure(); err != nil {
		return err
	}
	next, err := u.lanes.take(u.ctx, backup.PartSize)
	if err != nil {
		return err
	}
	u.send()
	u.part = next
	return nil
}

func (u *Upload) send() {
	part, number := u.part, len(u.sums)
	u.part = nil
	u.size += int64(len(part))
	sum := new([sha256.Size]byte)
	u.sums = append(u.sums, sum)
	u.sending.Go(func() {
		defer u.lanes.giveBack(part)
		*sum = sha256.Sum256(part)
		if err := u.b.sendPart(u, int32(number+1), part, *sum); err != nil { //nolint:gosec // a store takes 10,000 parts
			u.fail(err)
		}
	})
}

func (b *Bucket) sendPart(u *Upload, number int32, part []byte, sum [sha256.Size]byte) error {
	out, err := b.client.UploadPart(u.ctx, &s3.UploadPartInput{
		Bucket: aws.String(b.place.Bucket), Key: aws.String(u.name), UploadId: u.id,
		PartNumber: aws.Int32(number), Body: b.paced(u.ctx, part), ContentLength: aws.Int64(int64(len(part))),
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}, withPayloadHash(sum))
	if err != nil {
		return fmt.Errorf("write to %s: %w", b, b.explain(err))
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent = append(u.sent, types.CompletedPart{PartNumber: aws.Int32(number), ETag: out.ETag, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:]))})
	return nil
}

// withPayloadHash spares the SDK the second SHA-256 of the same bytes.
func withPayloadHash(sum [sha256.Size]byte) func(*s3.Options) {
	return s3.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("PayloadHash",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(v4.SetPayloadHash(ctx, hex.EncodeToString(sum[:])), in)
			}), middleware.Before)
	})
}

func (u *Upload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err == nil {
		u.err = err
	}
}

func (u *Upload) failure() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

// Commit sends what is left and makes the object of the parts. It says what lies there now, but for its name.
func (u *Upload) Commit() (backup.Object, error) {
	u.rest()
	u.sending.Wait()
	if err := u.failure(); err != nil {
		return backup.Object{}, err
	}
	slices.SortFunc(u.sent, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	digests := backup.NewDigester()
	for _, sum := range u.sums {
		digests.Part(*sum)
	}
	object := backup.Object{Size: u.size, Digest: digests.Sum()}
	out, err := u.b.client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: aws.String(u.b.place.Bucket), Key: aws.String(u.name), UploadId: u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.sent},
	})
	if err == nil {
		object.Version = aws.ToString(out.VersionId)
		return object, nil
	}
	found, there := u.isThere(err, object)
	if !there {
		return object, fmt.Errorf("write to %s: %w", u.b, u.b.explain(err))
	}
	object.Version = found.Version
	return object, nil
}

// rest sends the last part. An object that ends with a full one has no other, or its digest would not be that of its
// bytes.
func (u *Upload) rest() {
	if len(u.part) > 0 || len(u.sums) == 0 {
		u.send()
		return
	}
	u.lanes.giveBack(u.part)
	u.part = nil
}

// isThere asks whether the object was made after all, and only the answer was lost, so that another try was refused.
func (u *Upload) isThere(err error, object backup.Object) (Found, bool) {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != "PreconditionFailed" && api.ErrorCode() != "NoSuchUpload" {
		return Found{}, false
	}
	found, err := u.b.Stat(u.ctx, u.name, "")
	return found, err == nil && found.Size == object.Size && found.Digest != nil && *found.Digest == object.Digest
}

// patienceToAbort is for tidying up, which is done although time may be up.
const patienceToAbort = 10 * time.Second

// Abort gives the object up, and its parts with it. Parts that stay behind are found by Uploads.
func (u *Upload) Abort() {
	u.sending.Wait()
	if u.part != nil {
		u.lanes.giveBack(u.part)
		u.part = nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), patienceToAbort)
	defer cancel()
	_ = u.b.AbortUpload(ctx, Unfinished{u.name, aws.ToString(u.id)})
}

var _ io.Writer = (*Upload)(nil)
